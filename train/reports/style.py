"""The style of the HTML report: light and dark, wide and narrow, screen and paper."""

# A blue word speaks for the label and an orange one against it (Okabe and Ito 2008), the darker the
# stronger. The sign beside the word says the same without colour.
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de;
  --band: #f6f8fa; --link: #0a58a6; --urgent: #9a4a00; --urgent-band: #fff4e5;
  --pro0: #e6f2fb; --pro1: #c4e1f6; --pro2: #93c8ee; --pro3: #5cabe2;
  --con0: #fdeee3; --con1: #fbd9bf; --con2: #f7b98c; --con3: #f0955a; --mark: #000; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14171a; --soft: #a0a8b0;
  --line: #3a4149; --band: #1d2126; --link: #7cc0f5; --urgent: #ffb870; --urgent-band: #33240f;
  --pro0: #16293a; --pro1: #143a58; --pro2: #0f4d7a; --pro3: #0a66a6;
  --con0: #38241a; --con1: #552e17; --con2: #7a3a12; --con3: #a04a0f; --mark: #fff; } }
* { box-sizing: border-box; }
html { scroll-behavior: auto; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 0 0 .3rem; }
section { margin: 2.2rem 0; }
p { margin: 0 0 .6rem; max-width: 44rem; }
a { color: var(--link); }
a:focus-visible, .table:focus-visible, .frame:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; }
small, figcaption, caption small { color: var(--soft); font-size: .8rem; font-weight: normal; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: .2rem 1rem; font-size: .9rem; }
.urgent { border-left: .4rem solid var(--urgent); background: var(--urgent-band);
  padding: .8rem 1rem; }
.urgent h2 { color: var(--urgent); }
.notes { margin: 0 0 .8rem; padding-left: 1.2rem; }
.table { overflow-x: auto; margin: 0 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
thead th { vertical-align: bottom; white-space: normal; background: var(--band);
  font-weight: 600; min-width: 5rem; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper);
  font-weight: 500; min-width: 6rem; max-width: 14rem; white-space: normal; }
thead th:first-child { background: var(--band); font-weight: 600; }
code { font-size: .85rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
.frame { overflow-x: auto; max-width: 44rem; border: 1px solid var(--line); }
.frame img { display: block; width: 100%; min-width: 34rem; height: auto; background: #fff; }
.mistakes { padding-left: 1.8rem; }
.mistakes > li { margin: 0 0 1.4rem; }
.what { margin: 0; }
blockquote { margin: .3rem 0; padding: .1rem 0 .1rem .8rem; border-left: 3px solid var(--line);
  max-width: 44rem; }
.words { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap;
  gap: .1rem .9rem; font-size: .85rem; color: var(--soft); }
mark { color: var(--mark); padding: 0 .15em; border-radius: .2em; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
mark sup { line-height: 0; font-weight: 700; }
.pro.s0 { background: var(--pro0); } .pro.s1 { background: var(--pro1); }
.pro.s2 { background: var(--pro2); } .pro.s3 { background: var(--pro3); }
.con.s0 { background: var(--con0); } .con.s1 { background: var(--con1); }
.con.s2 { background: var(--con2); } .con.s3 { background: var(--con3); }
@media (max-width: 30rem) {
  th, td { padding: .3rem .45rem; }
  thead th { min-width: 4.2rem; }
  .mistakes { padding-left: 1.3rem; }
}
@media print {
  :root { color-scheme: light; }
  nav, .skip { display: none; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .table, .frame { overflow: visible; }
  .frame img { min-width: 0; }
  table { font-size: 8pt; }
  th, td { padding: .15rem .35rem; }
  thead th, th:first-child { min-width: 0; }
  tr, figure, .mistakes > li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""
