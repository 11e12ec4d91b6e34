// The list of articles: only the rows in sight exist, so that any number of articles can be listed.

const BEYOND = 6; // rows drawn above and below what is in sight
const MOST_PRINTED = 300;

const list = {articles: [], active: 0, height: 0, box: null, spacer: null, drawn: new Map()};

function chip(column, score, extra = "") {
  return el(
    "span",
    {className: `chip ${extra}`},
    dot(column),
    el("span", {}, LABELS[column].fr),
    score === undefined ? null : el("span", {className: "score"}, percent(score))
  );
}

function rowOf(position) {
  const i = list.articles[position];
  const about = [
    ARTICLES.day[i] ? dayText(ARTICLES.day[i]) : "sans date",
    sourceName(ARTICLES.source[i])
  ].join(" · ");
  const chips = given[i].toSorted(
    (a, b) => LABELS[b[0]].dimension.multi - LABELS[a[0]].dimension.multi || b[1] - a[1]
  );
  const row = el(
    "div",
    {
      className: "row",
      role: "option",
      id: `row-${i}`,
      "aria-posinset": position + 1,
      "aria-setsize": list.articles.length,
      "aria-selected": state.open === i
    },
    el("span", {className: "row-title isolate"}, titleOf(i)),
    el("span", {className: "row-about isolate"}, about),
    el(
      "span",
      {className: "row-chips"},
      ...chips.map(([column, score]) => chip(column, score)),
      ARTICLES.review[i]
        ? el("span", {className: "chip ask"}, `${number(ARTICLES.review[i])} à relire`)
        : null
    )
  );
  row.addEventListener("click", () => openArticle(i));
  return row;
}

function buildList(place) {
  list.spacer = el("div", {className: "spacer"});
  list.box = el(
    "div",
    {
      className: "list",
      role: "listbox",
      tabIndex: 0,
      "aria-label": "Articles",
      "aria-keyshortcuts": "j k Enter"
    },
    list.spacer
  );
  const order = el(
    "select",
    {onchange: (event) => go({order: event.target.value}, {replace: true})},
    ...Object.entries(ORDERS).map(([value, text]) => el("option", {value}, text))
  );
  list.order = order;
  list.empty = el("p", {className: "note nothing"}, "Aucun article ne répond à ces filtres.");
  tools.end.append(
    el("label", {className: "pick order"}, el("span", {className: "what"}, "Trier"), order)
  );
  list.cut = el("p", {className: "note cut"});
  place.append(list.empty, list.box, list.cut);
  document.addEventListener("scroll", drawRows, {capture: true, passive: true});
  new ResizeObserver(redrawRows).observe(list.box);
  window.addEventListener("resize", drawRows);
  window.addEventListener("beforeprint", () => drawRows({print: true}));
  window.addEventListener("afterprint", () => drawRows());
}

function showList(articles, changed) {
  list.order.value = state.order;
  list.articles = articles;
  list.empty.hidden = articles.length > 0;
  if (changed) {
    list.active = 0;
    list.box.scrollTop = 0;
  }
  if (state.open !== null) {
    const position = articles.indexOf(state.open);
    if (position >= 0) list.active = position;
  }
  redrawRows();
}

// Draw all rows anew: the articles are others, or the height of a row is.
function redrawRows() {
  list.height = 0;
  list.drawn.forEach((row) => row.remove());
  list.drawn.clear();
  drawRows();
}

// Return the height that a row has here: the style decides.
function rowHeight() {
  if (!list.height) {
    const probe = el("div", {className: "row"});
    list.spacer.append(probe);
    list.height = probe.offsetHeight;
    probe.remove();
  }
  return list.height;
}

function drawRows({print = false} = {}) {
  if (!list.box || list.box.offsetParent === null) return;
  const height = rowHeight();
  const box = list.box.getBoundingClientRect();
  const top = list.spacer.getBoundingClientRect().top;
  const [from, to] = [Math.max(0, box.top), Math.min(window.innerHeight, box.bottom)];
  let first = Math.max(0, Math.floor((from - top) / height) - BEYOND);
  let last = Math.min(list.articles.length, Math.ceil((to - top) / height) + BEYOND);
  if (print) {
    [first, last] = [0, Math.min(list.articles.length, MOST_PRINTED)];
    const rest = list.articles.length - last;
    list.cut.textContent = rest ? `… et ${plural(rest, "autre article", "autres articles")}.` : "";
  }
  list.spacer.style.height = `${(print ? last : list.articles.length) * height}px`;
  for (const [position, row] of list.drawn) {
    if (position < first || position >= last) {
      row.remove();
      list.drawn.delete(position);
    }
  }
  for (let position = first; position < last; position++) {
    if (!list.drawn.has(position)) {
      const row = rowOf(position);
      row.style.top = `${position * height}px`;
      list.drawn.set(position, row);
      list.spacer.append(row);
    }
  }
  for (const [position, row] of list.drawn)
    row.classList.toggle("active", position === list.active);
  const active = list.drawn.get(list.active);
  if (active) list.box.setAttribute("aria-activedescendant", active.id);
  else list.box.removeAttribute("aria-activedescendant");
}

// Bring the active row in sight, in the list's own frame or in the window.
function revealActive() {
  if (list.box.offsetParent === null) return;
  const height = rowHeight();
  const box = list.box.getBoundingClientRect();
  const top = list.spacer.getBoundingClientRect().top + list.active * height;
  const roof = Math.max(box.top, byId("toolbar").getBoundingClientRect().bottom);
  const floor = Math.min(box.bottom, window.innerHeight);
  const by = top < roof ? top - roof : top + height > floor ? top + height - floor : 0;
  const own = getComputedStyle(list.box).overflowY !== "visible";
  (own ? list.box : window).scrollBy(0, by);
  drawRows();
}

// Move in the list; with an article open, to the next one, which is opened.
function moveInList(step) {
  if (!list.articles.length) return;
  list.active = Math.max(0, Math.min(list.articles.length - 1, list.active + step));
  if (state.open !== null) go({open: list.articles[list.active]}, {replace: true});
  revealActive();
}

function openArticle(i) {
  list.active = Math.max(0, list.articles.indexOf(i));
  go({view: "articles", open: i}, {replace: state.open !== null});
}
