// The data of the page: what is said of all articles, read once, and their texts, read on demand.

const ABOUT = JSON.parse(document.querySelector("script.about").textContent);

// Labels of all dimensions in the order of the score columns, each with its look. Colours go by
// order, one family for dimensions of any number of labels and one for those of exactly one.
const HUES = 8;
const ROUNDS = [
  // where there are more labels than hues, they come again, farther from the paper
  (hue) => hue,
  (hue) => `color-mix(in oklab, ${hue}, var(--second) 38%)`,
  (hue) => `color-mix(in oklab, ${hue}, var(--third) 45%)`
];
const DIMENSIONS = [];
const LABELS = [];
const placed = {multi: 0, single: 0};
for (const {id, kind, fr, labels} of ABOUT.dimensions) {
  const dimension = {
    id,
    multi: kind === "multi",
    fr: capital(fr),
    first: LABELS.length,
    columns: []
  };
  for (const {name, fr: shown} of labels) {
    const nth = placed[kind]++;
    dimension.columns.push(LABELS.length);
    LABELS.push({
      name,
      fr: shown,
      dimension,
      color: ROUNDS[Math.floor(nth / HUES) % 3](`var(--${kind}-${nth % HUES})`),
      shape: `shape-${Math.floor(nth / HUES) % 3}`
    });
  }
  DIMENSIONS.push(dimension);
}
const SINGLE_COLUMNS = DIMENSIONS.filter((d) => !d.multi).flatMap((d) => d.columns);

const ARTICLES = {};
for (const block of document.querySelectorAll("script.index")) {
  for (const [field, values] of Object.entries(JSON.parse(block.textContent))) {
    const column = (ARTICLES[field] ??= []);
    for (const value of values) column.push(value);
  }
}
const N = ARTICLES.id?.length ?? 0;
const titleOf = (i) => ARTICLES.title[i] || ARTICLES.id[i];
const sourceName = (source) => source || "sans source";

const TEXT_BLOCKS = [...document.querySelectorAll("script.texts")];
const KEPT_BLOCKS = 4;
const readBlocks = new Map();

// Return the texts of the articles of a block; the last few read are kept.
function readBlock(k) {
  const texts = readBlocks.get(k) ?? JSON.parse(TEXT_BLOCKS[k].textContent);
  readBlocks.delete(k);
  readBlocks.set(k, texts);
  if (readBlocks.size > KEPT_BLOCKS) readBlocks.delete(readBlocks.keys().next().value);
  return texts;
}

const textsOf = (i) => readBlock(Math.floor(i / ABOUT.chunk))[i % ABOUT.chunk];

// Return the mark of a label: its colour, and another shape where colours begin again.
function dot(column) {
  const made = el("span", {className: `dot ${LABELS[column].shape}`, "aria-hidden": "true"});
  made.style.setProperty("--color", LABELS[column].color);
  return made;
}
