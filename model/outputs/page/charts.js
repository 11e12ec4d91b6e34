// The charts over time: bars that share a cursor, by pointer and by keyboard.

const SHARE_STEPS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1];
const COUNT_STEPS = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) =>
  [1, 2, 3, 4, 5, 8].map((digit) => digit * 10 ** power)
);

// Return the first round number that no value passes: the top of a scale.
function scaleTop(values, steps) {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  return steps.find((step) => step >= most) ?? most;
}

let cursor = null; // the bucket pointed at, the same in all charts
const charts = []; // of the view as it is, each with what to do when the cursor moves

function moveCursor(b) {
  cursor = b === null ? null : Math.max(0, Math.min(BUCKETS.length - 1, b));
  for (const chart of charts) chart.follow();
}

function bars({heights, pale, color}) {
  const full = [];
  const faint = [];
  heights.forEach((height, b) => {
    if (height > 0) {
      const path = `M${b + 0.08} 100V${(100 - 100 * height).toFixed(2)}h.84V100z`;
      (pale?.[b] ? faint : full).push(path);
    }
  });
  const drawn = [];
  if (full.length) drawn.push(svg("path", {d: full.join(""), class: "bars"}));
  if (faint.length) drawn.push(svg("path", {d: faint.join(""), class: "bars pale"}));
  for (const path of drawn) path.style.setProperty("--color", color ?? "var(--soft)");
  return drawn;
}

const MARGIN = 0.1; // of the width, kept free for the dates of both ends

// Return the dates below the bars: the first, the last and, where asked, each year between.
function axis(withYears) {
  const made = el(
    "div",
    {className: "axis", "aria-hidden": "true"},
    el("span", {}, dayText(BUCKETS[0])),
    el("span", {}, dayText(BUCKETS.at(-1)))
  );
  const step = Math.ceil(BUCKETS.length / (UNIT === "year" ? 12 : 150));
  if (!withYears || UNIT === "day") return made;
  BUCKETS.forEach((bucket, b) => {
    const at = (b + 0.5) / BUCKETS.length;
    const starts = b > 0 && bucket.slice(0, 4) !== BUCKETS[b - 1].slice(0, 4);
    if (!starts || at < MARGIN || at > 1 - MARGIN || Number(bucket.slice(0, 4)) % step) return;
    const year = el("span", {className: "year"}, bucket.slice(0, 4));
    year.style.left = `${100 * at}%`;
    made.append(year);
  });
  return made;
}

function chart({mark, name, values, top, topText, pale, color, readout, summary}) {
  const heights = [...values].map((value) => value / top);
  const hair = svg("rect", {
    x: 0,
    y: 0,
    width: 1,
    height: 100,
    class: "hair",
    visibility: "hidden"
  });
  const chosen = BUCKETS.findIndex((bucket) => periodOf(bucket) === state.period);
  const picked =
    chosen < 0 ? [] : [svg("rect", {x: chosen, y: 0, width: 1, height: 100, class: "picked"})];
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${BUCKETS.length} 100`,
      preserveAspectRatio: "none",
      role: "img",
      tabindex: 0,
      "aria-label": summary
    },
    ...picked,
    ...bars({heights, pale, color}),
    hair
  );
  const value = el("span", {className: "value"}, readout(null));
  const follow = () => {
    hair.setAttribute("visibility", cursor === null ? "hidden" : "visible");
    hair.setAttribute("x", cursor ?? 0);
    value.textContent = readout(cursor);
  };
  charts.push({follow});
  listenToChart(drawing);
  return el(
    "figure",
    {className: "chart"},
    el("figcaption", {}, mark, el("span", {className: "what"}, name), value),
    el(
      "div",
      {className: "plot"},
      el("span", {className: "top", "aria-hidden": "true"}, topText),
      drawing
    ),
    axis(mark === null)
  );
}

function pickBucket(b) {
  const period = periodOf(BUCKETS[b]);
  go({period: state.period === period ? null : period});
}

function listenToChart(drawing) {
  const at = (event) => {
    const box = drawing.getBoundingClientRect();
    return Math.floor(((event.clientX - box.left) / box.width) * BUCKETS.length);
  };
  drawing.addEventListener("pointermove", (event) => moveCursor(at(event)));
  drawing.addEventListener("pointerleave", () => moveCursor(null));
  drawing.addEventListener("blur", () => moveCursor(null));
  drawing.addEventListener("click", (event) => pickBucket(at(event)));
  drawing.addEventListener("keydown", (event) => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step) moveCursor(cursor === null ? (step > 0 ? 0 : BUCKETS.length - 1) : cursor + step);
    else if (event.key === "Enter" && cursor !== null) pickBucket(cursor);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function volumeChart({totals}, nArticles) {
  const top = scaleTop(totals, COUNT_STEPS);
  const when = `de ${bucketText(BUCKETS[0])} à ${bucketText(BUCKETS.at(-1))}`;
  return chart({
    mark: null,
    name: "Articles",
    values: totals,
    top,
    topText: number(top),
    color: null,
    readout: (b) =>
      b === null ? number(nArticles) : `${bucketText(BUCKETS[b])} · ${number(totals[b])}`,
    summary: `Nombre d’articles par ${UNITS[UNIT].name}, ${when}. Les flèches lisent les valeurs.`
  });
}

function labelChart(j, {totals, byLabel}, top) {
  const n = byLabel[j].reduce((a, b) => a + b, 0);
  const of = totals.reduce((a, b) => a + b, 0);
  const read = (b) => `${share(byLabel[j][b], totals[b])} · ${number(byLabel[j][b])}`;
  return chart({
    mark: dot(j),
    name: LABELS[j].fr,
    top,
    values: [...byLabel[j]].map((k, b) => (totals[b] ? k / totals[b] : 0)),
    topText: wholePercentFormat.format(top),
    color: LABELS[j].color,
    pale: [...totals].map((total) => total < UNSURE),
    readout: (b) => (b === null ? share(n, of) : read(b)),
    summary:
      `${LABELS[j].fr} : part des articles par ${UNITS[UNIT].name}, ${share(n, of)} en tout. ` +
      "Les flèches lisent les valeurs."
  });
}

function timeTable(dimension, {totals, byLabel}) {
  const head = el(
    "tr",
    {},
    el("th", {scope: "col"}, capital(UNITS[UNIT].name)),
    el("th", {scope: "col"}, "Articles"),
    ...dimension.columns.map((j) => el("th", {scope: "col", colSpan: 2}, LABELS[j].fr))
  );
  const rows = BUCKETS.map((bucket, b) =>
    el(
      "tr",
      {},
      el("th", {scope: "row"}, bucketText(bucket)),
      el("td", {}, number(totals[b])),
      ...dimension.columns.flatMap((j) => [
        el("td", {}, number(byLabel[j][b])),
        el("td", {}, share(byLabel[j][b], totals[b]))
      ])
    )
  );
  return el(
    "div",
    {className: "scroll", tabIndex: 0, role: "region", "aria-label": dimension.fr},
    el("table", {className: "numbers"}, el("thead", {}, head), el("tbody", {}, ...rows))
  );
}

function timeSection(dimension, counts) {
  const shares = dimension.columns.flatMap((j) =>
    [...counts.byLabel[j]].map((k, b) => (counts.totals[b] >= UNSURE ? k / counts.totals[b] : 0))
  );
  const top = scaleTop(shares, SHARE_STEPS) || 1;
  const table = el("details", {}, el("summary", {}, "Tableau"));
  table.addEventListener("toggle", () => {
    if (table.open && table.children.length < 2) table.append(timeTable(dimension, counts));
  });
  return el(
    "section",
    {className: "over-time"},
    el("h3", {}, dimension.fr),
    el("div", {className: "charts"}, ...dimension.columns.map((j) => labelChart(j, counts, top))),
    table
  );
}

function showTime(place, articles) {
  charts.length = 0;
  cursor = null;
  const counts = countBuckets(articles);
  const notes = [];
  if (counts.undated) notes.push(`${plural(counts.undated, "article")} sans date.`);
  if (BUCKETS.length < 2) {
    place.replaceChildren(
      el(
        "p",
        {className: "note"},
        BUCKETS.length ? `Tous les articles datés sont de : ${bucketText(BUCKETS[0])}. ` : "",
        ...notes
      )
    );
    return;
  }
  if (counts.totals.some((total) => total > 0 && total < UNSURE)) {
    notes.push(`Barres pâles : moins de ${UNSURE} articles.`);
  }
  place.replaceChildren(
    el("div", {className: "charts volume"}, volumeChart(counts, articles.length - counts.undated)),
    ...DIMENSIONS.map((dimension) => timeSection(dimension, counts)),
    el("p", {className: "note"}, `Part des articles par ${UNITS[UNIT].name}. ${notes.join(" ")}`)
  );
}
