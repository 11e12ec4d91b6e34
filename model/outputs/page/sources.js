// By source: how many articles, the share with each label, the mean scores of single dimensions.

const FIRST_SOURCES = 30;
const MOST_SOURCES = 1000; // rows that a browser still draws at once
let sourceOrder = {key: "articles", sign: -1};
let allSources = false;

const SOURCES = [...new Set(ARTICLES.source ?? [])].sort(new Intl.Collator("fr").compare);

// Return a row a source: number of articles, then for each score column a share or a mean score.
function sourceRows(articles) {
  const rows = new Map();
  for (const i of articles) {
    const source = ARTICLES.source[i];
    let row = rows.get(source);
    if (!row) {
      row = {source, articles: 0, values: new Float64Array(LABELS.length)};
      rows.set(source, row);
    }
    row.articles++;
    for (const [column] of given[i]) {
      if (LABELS[column].dimension.multi) row.values[column]++;
    }
    ARTICLES.means[i].forEach((score, k) => {
      row.values[SINGLE_COLUMNS[k]] += score;
    });
  }
  for (const row of rows.values()) {
    row.values.forEach((sum, column) => {
      row.values[column] = sum / row.articles;
    });
  }
  return [...rows.values()];
}

const sortValue = (row, key) => (typeof key === "number" ? row.values[key] : row[key]);

function sortRows(rows) {
  const {key, sign} = sourceOrder;
  const compare = new Intl.Collator("fr", {numeric: true}).compare;
  return rows.sort((a, b) => {
    const [one, other] = [sortValue(a, key), sortValue(b, key)];
    const order = key === "source" ? compare(one, other) : one - other;
    return sign * order || b.articles - a.articles || compare(a.source, b.source);
  });
}

function sourceHead(key, name, redraw, column) {
  const mine = sourceOrder.key === key;
  const button = el(
    "button",
    {
      type: "button",
      onclick: () => {
        const sign = mine ? -sourceOrder.sign : key === "source" ? 1 : -1;
        sourceOrder = {key, sign};
        redraw(key);
      }
    },
    column === undefined ? null : dot(column),
    name,
    el(
      "span",
      {className: "arrow", "aria-hidden": "true"},
      mine ? (sourceOrder.sign < 0 ? "↓" : "↑") : ""
    )
  );
  const sort = mine ? (sourceOrder.sign < 0 ? "descending" : "ascending") : "none";
  const th = el("th", {scope: "col", "aria-sort": sort}, button);
  th.dataset.key = key;
  return th;
}

function sourceLine(row, tops) {
  const button = el(
    "button",
    {
      type: "button",
      className: "name isolate",
      "aria-pressed": state.source === row.source,
      onclick: () => go({source: state.source === row.source ? null : row.source})
    },
    sourceName(row.source)
  );
  const cells = [...row.values].map((value, column) => {
    const classes = value ? "tinted" : "tinted nil";
    const cell = el("td", {className: classes}, percentFormat.format(value));
    cell.style.setProperty("--color", LABELS[column].color);
    cell.style.setProperty(
      "--part",
      `${(tops[column] ? (40 * value) / tops[column] : 0).toFixed(1)}%`
    );
    return cell;
  });
  return el(
    "tr",
    {},
    el("th", {scope: "row"}, button),
    el("td", {}, number(row.articles)),
    ...cells
  );
}

function showSources(place, articles) {
  const redraw = (key) => {
    showSources(place, articles);
    place.querySelector(`th[data-key="${key}"] button`)?.focus();
  };
  const rows = sortRows(sourceRows(articles));
  if (SOURCES.length < 2) {
    place.replaceChildren(el("p", {className: "note"}, "Tous les articles ont la même source."));
    return;
  }
  const shown = rows.slice(0, allSources ? MOST_SOURCES : FIRST_SOURCES);
  // One tint a dimension, so that its columns compare.
  const tops = LABELS.map(({dimension}) =>
    shown.reduce((top, row) => Math.max(top, ...dimension.columns.map((j) => row.values[j])), 0)
  );
  const groups = el(
    "tr",
    {className: "groups"},
    el("td", {colSpan: 2}),
    ...DIMENSIONS.map((dimension) =>
      el(
        "th",
        {scope: "colgroup", colSpan: dimension.columns.length},
        dimension.fr,
        el("small", {}, dimension.multi ? "part des articles" : "score moyen")
      )
    )
  );
  const heads = el(
    "tr",
    {},
    sourceHead("source", "Source", redraw),
    sourceHead("articles", "Articles", redraw),
    ...LABELS.map((label, j) => sourceHead(j, label.fr, redraw, j))
  );
  const table = el(
    "div",
    {className: "scroll", tabIndex: 0, role: "region", "aria-label": "Par source"},
    el(
      "table",
      {className: "numbers sources"},
      el("thead", {}, groups, heads),
      el("tbody", {}, ...shown.map((row) => sourceLine(row, tops)))
    )
  );
  const rest = Math.min(rows.length, MOST_SOURCES) - FIRST_SOURCES;
  const fold =
    rest <= 0
      ? null
      : el(
          "button",
          {
            type: "button",
            className: "plain",
            onclick: () => {
              allSources = !allSources;
              showSources(place, articles);
            }
          },
          allSources
            ? `Seulement les ${FIRST_SOURCES} premières`
            : `Montrer les ${number(rest)} autres sources`
        );
  place.replaceChildren(table, ...(fold ? [fold] : []));
}
