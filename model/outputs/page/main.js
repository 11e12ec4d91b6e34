// Starts the page, and shows it anew whenever the address changes.

let selection = {key: null, chosen: [], ever: []};
let ordered = {key: null, articles: []};

function facts() {
  const sum = (column) => (column ?? []).reduce((a, b) => a + b, 0);
  const foreign = (ARTICLES.language ?? []).filter((code) => code && code !== "fr").length;
  const asked = sum(ARTICLES.review);
  const {name, version, sha256} = ABOUT.model;
  const paragraphs = plural(sum(ARTICLES.n), "paragraphe");
  const said = [
    plural(N, "article"),
    asked ? `${paragraphs}, dont ${number(asked)} à relire` : paragraphs,
    foreign ? `${number(foreign)} pas en français` : null,
    ABOUT.n_failed ? plural(ABOUT.n_failed, "échec") : null
  ].filter(Boolean);
  const model = [name, version].filter(Boolean).join(" ");
  byId("facts").replaceChildren(
    el("span", {}, said.join(" · ")),
    ...(model
      ? [
          el(
            "span",
            {className: "model isolate"},
            `modèle ${model} `,
            el("code", {}, String(sha256 ?? "").slice(0, 12))
          )
        ]
      : [])
  );
}

function buildOverview(place) {
  const section = (id, name) => {
    const content = el("div", {id});
    place.append(
      el(
        "section",
        {"aria-labelledby": `${id}-title`},
        el("h2", {id: `${id}-title`}, name),
        content
      )
    );
  };
  section("totals", "Totaux");
  section("time", "Dans le temps");
  section("sources", "Par source");
}

function buildArticles(place) {
  const left = el("section", {
    id: "list",
    className: "list-pane",
    "aria-label": "Liste des articles"
  });
  place.append(
    left,
    el("article", {
      id: "article",
      className: "article-pane",
      tabIndex: -1,
      "aria-labelledby": "article-title"
    })
  );
  buildList(left);
}

// Select anew where a filter changed; return whether it did.
function refreshSelection() {
  const {view, open, order, ...filters} = state;
  const key = JSON.stringify([filters, state.inTexts ? [scan.query, scan.done] : 0]);
  if (key === selection.key) return false;
  selection = {key, ...select()};
  return true;
}

function refreshOrder() {
  const key = `${selection.key} ${state.order}`;
  if (key === ordered.key) return false;
  ordered = {key, articles: sorted(selection.chosen)};
  return true;
}

// What the views show, so that they are drawn anew only where that changes.
let overviewKey = null;
let listKey = null;
let wasOpen = null;

function show() {
  const query = state.query.trim();
  if (state.inTexts && query && scan.query !== query) scanTexts(query, showFound);
  refreshSelection();
  const overview = state.view === "overview";
  document.body.className = `view-${state.view}${state.open === null ? "" : " reading"}`;
  byId("overview").hidden = !overview;
  byId("articles").hidden = overview;
  byId("article").hidden = state.open === null;
  showToolbar(selection.chosen.length);
  if (overview) {
    if (overviewKey !== selection.key) {
      overviewKey = selection.key;
      showOverview();
    }
  } else {
    showList(refreshOrder() ? ordered.articles : list.articles, listKey !== ordered.key);
    listKey = ordered.key;
    if (state.open !== null) showArticle(byId("article"), state.open);
    moveFocus();
  }
  wasOpen = state.open;
}

function showOverview() {
  const kept = document.activeElement?.closest("#totals, #sources");
  const name = document.activeElement?.textContent;
  showTotals(byId("totals"), selection.chosen);
  showTime(byId("time"), selection.ever);
  showSources(byId("sources"), selection.chosen);
  if (kept) {
    // what was drawn anew had the focus
    [...kept.querySelectorAll("button")].find((button) => button.textContent === name)?.focus();
  }
}

function moveFocus() {
  if (state.open !== null && wasOpen === null) byId("article-title").focus({preventScroll: true});
  if (state.open !== null && wasOpen !== state.open) revealActive();
  if (state.open === null && wasOpen !== null) {
    list.box.focus({preventScroll: true});
    revealActive();
  }
  if (state.open !== null && wasOpen !== state.open && list.box.offsetParent === null) {
    window.scrollTo(0, 0);
  }
}

let shown = 0;
const SHOW_EVERY = 400; // milliseconds between two views of what a search found so far

function showFound({done}) {
  if (done < 1 && performance.now() - shown < SHOW_EVERY) showCount(selection.chosen.length);
  else {
    shown = performance.now();
    show();
  }
}

function typedElsewhere(event) {
  const {target} = event;
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    target.matches("input[type=search], select, textarea")
  );
}

const KEYS = {
  "/": () => {
    tools.search.focus();
    tools.search.select();
  },
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Escape: () => {
    if (state.open !== null) closeArticle();
  }
};

function step(by) {
  if (state.view === "overview") go({view: "articles"});
  else moveInList(by);
  if (state.open === null) list.box.focus({preventScroll: true});
}

function onKey(event) {
  if (event.key === "Escape" && event.target === tools.search) {
    tools.search.blur();
    if (state.view === "articles") list.box.focus({preventScroll: true});
    return;
  }
  if (typedElsewhere(event)) return;
  const inList = event.target === list.box;
  if (event.key.startsWith("Arrow") && !inList) return; // elsewhere, arrows scroll
  if (event.key === "Enter" && inList && list.articles.length) {
    openArticle(list.articles[list.active]);
  } else if (Object.hasOwn(KEYS, event.key)) KEYS[event.key]();
  else return;
  event.preventDefault();
}

function footer() {
  const keys = [
    ["/", "rechercher"],
    ["j k", "article suivant, précédent"],
    ["Entrée", "ouvrir"],
    ["Échap", "fermer"]
  ];
  byId("foot").append(
    ...keys.map(([key, does]) =>
      el("span", {}, ...key.split(" ").map((one) => el("kbd", {}, one)), ` ${does}`)
    )
  );
  byId("foot").hidden = false;
}

function start() {
  facts();
  buildToolbar(byId("toolbar"));
  byId("toolbar").hidden = false;
  buildOverview(byId("overview"));
  buildArticles(byId("articles"));
  footer();
  listenToMarks();
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("content").focus();
  });
  window.addEventListener("hashchange", () => {
    state = readState();
    show();
  });
  document.addEventListener("keydown", onKey);
  show();
}

start();
