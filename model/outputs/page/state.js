// What is shown, kept in the address after `#`, so that going back and bookmarks work.

const ORDERS = {
  recent: "Les plus récents",
  oldest: "Les plus anciens",
  score: "Score",
  title: "Titre",
  review: "À relire d’abord",
  input: "Ordre d’entrée"
};

// Return the state that the address tells; what it does not know of is left out.
function readState() {
  const said = new URLSearchParams(location.hash.slice(1));
  const names = (key) => (said.get(key) ?? "").split(",").filter(Boolean);
  const open = Number.parseInt(said.get("article"), 10) - 1;
  return {
    view: said.get("vue") === "articles" || open >= 0 ? "articles" : "overview",
    query: said.get("q") ?? "",
    inTexts: said.has("textes"),
    labels: LABELS.map((label, j) => j).filter((j) => names("labels").includes(LABELS[j].name)),
    none: DIMENSIONS.filter((d) => d.multi && names("aucun").includes(d.id)).map((d) => d.id),
    together: said.has("ensemble"),
    source: said.get("source"),
    period: said.get("date"),
    review: said.has("relire"),
    order: Object.hasOwn(ORDERS, said.get("tri")) ? said.get("tri") : "recent",
    open: open >= 0 && open < N ? open : null
  };
}

function addressOf(state) {
  const said = new URLSearchParams();
  if (state.view === "articles") said.set("vue", "articles");
  if (state.query) said.set("q", state.query);
  if (state.inTexts) said.set("textes", "1");
  if (state.labels.length) said.set("labels", state.labels.map((j) => LABELS[j].name).join(","));
  if (state.none.length) said.set("aucun", state.none.join(","));
  if (state.together) said.set("ensemble", "1");
  if (state.source !== null) said.set("source", state.source);
  if (state.period !== null) said.set("date", state.period);
  if (state.review) said.set("relire", "1");
  if (state.order !== "recent") said.set("tri", state.order);
  if (state.open !== null) said.set("article", state.open + 1);
  return `#${said}`;
}

let state = readState();

// Change what is shown. With `replace` the step before is not one to go back to.
function go(changes, {replace = false} = {}) {
  const before = addressOf(state);
  state = {...state, ...changes}; // at once: another change may come before the address tells
  const address = addressOf(state);
  if (address === before) return;
  if (replace) location.replace(address);
  else location.hash = address;
}

const NO_FILTER = {
  query: "",
  labels: [],
  none: [],
  together: false,
  source: null,
  period: null,
  review: false
};
const isFiltered = () =>
  state.query.trim() !== "" ||
  state.labels.length + state.none.length > 0 ||
  state.source !== null ||
  state.period !== null ||
  state.review;

const toggled = (list, item) =>
  list.includes(item) ? list.filter((other) => other !== item) : [...list, item];
const toggleLabel = (column) => go({labels: toggled(state.labels, column)});
