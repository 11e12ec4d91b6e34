// The words behind a label, marked where they stand in a paragraph.

const STRONG = 1.2; // log-odds from which a mark is as dark as it gets
const MOST_MARKS = 2000; // of a paragraph: a browser lays out 64,000 of them in twenty seconds
const [FAINTEST, DARKEST] = [16, 52]; // per cent of the label's colour, so that text stays legible

const isWordLike = (character) => /[\p{L}\p{N}_]/u.test(character);

// Return what finds words as they stand in a text, between word boundaries; lines may break there.
function wordsPattern(words) {
  const whole = words.trim();
  const body = whole.split(/\s+/).map(escaped).join("\\s+");
  const before = isWordLike(whole.at(0)) ? "(?<![\\p{L}\\p{N}_])" : "";
  const after = isWordLike(whole.at(-1)) ? "(?![\\p{L}\\p{N}_])" : "";
  return new RegExp(before + body + after, "giu");
}

// Return where the words of `pairs` stand, and the pairs not found; of overlapping words, the
// strongest are marked.
function findEvidence(text, pairs) {
  const ranges = [];
  const missing = [];
  const taken = new Uint8Array(text.length); // a word may stand thousands of times
  const strongest = [...pairs].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  for (const [words, value] of strongest) {
    const found = words.trim() ? [...text.matchAll(wordsPattern(words))] : [];
    if (!found.length) missing.push([words, value]);
    for (const match of found) {
      const range = {start: match.index, end: match.index + match[0].length, value};
      if (!taken.subarray(range.start, range.end).includes(1)) {
        taken.fill(1, range.start, range.end);
        ranges.push(range);
      }
    }
  }
  return {ranges: ranges.sort((a, b) => a.start - b.start), missing};
}

function mark(text, value, column) {
  const side = value > 0 ? "pour" : "contre";
  const said = `${logOdds(value)} ${side} « ${LABELS[column].fr} »`;
  const made = el(
    "mark",
    {
      className: value > 0 ? "pro" : "con",
      tabIndex: 0,
      "aria-description": said
    },
    text
  );
  made.dataset.tip = said;
  const strength = Math.min(1, Math.abs(value) / STRONG);
  made.style.setProperty(
    "--strength",
    `${Math.round(FAINTEST + (DARKEST - FAINTEST) * strength)}%`
  );
  made.style.setProperty("--color", LABELS[column].color);
  return made;
}

// Show what a mark says beside it, within the window, when it is pointed at or has the focus.
function listenToMarks() {
  const tip = el("div", {className: "tip", hidden: true, "aria-hidden": "true"});
  document.body.append(tip);
  const hide = () => {
    tip.hidden = true;
  };
  const tell = (event) => {
    const said = event.target.dataset?.tip;
    tip.hidden = !said;
    if (!said) return;
    tip.textContent = said;
    const box = event.target.getClientRects()[0];
    const most = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(box.left, most))}px`;
    tip.style.top = `${box.bottom + 5}px`;
  };
  document.addEventListener("pointerover", tell);
  document.addEventListener("focusin", tell);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, {capture: true, passive: true});
}

// Put a text into an element, the words behind a label marked; return the words not found in it,
// and how often words stand in it that are not marked.
function writeMarked(place, text, pairs, column) {
  const {ranges, missing} = findEvidence(text, pairs);
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const {start, end, value} of ranges.slice(0, MOST_MARKS)) {
    parts.append(text.slice(at, start), mark(text.slice(start, end), value, column));
    at = end;
  }
  parts.append(text.slice(at));
  place.replaceChildren(parts);
  return {missing, nUnmarked: Math.max(0, ranges.length - MOST_MARKS)};
}

// Show where the words searched stand, without a change to the text; where browsers can.
function highlightSearch(places) {
  if (!globalThis.Highlight) return;
  const highlight = new Highlight();
  for (const term of termsOf(state.query)) {
    for (const place of places) {
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (const match of node.data.matchAll(term)) {
          if (highlight.size === MOST_MARKS) break;
          const range = new Range();
          range.setStart(node, match.index);
          range.setEnd(node, match.index + match[0].length);
          highlight.add(range);
        }
      }
    }
  }
  CSS.highlights.set("searched", highlight);
}
