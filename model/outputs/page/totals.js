// Totals of the articles chosen: how many have each label, and how many paragraphs.

function countLabels(articles) {
  const counts = {
    articles: new Uint32Array(LABELS.length),
    paragraphs: new Uint32Array(LABELS.length),
    none: new Uint32Array(DIMENSIONS.length),
    bare: new Uint32Array(DIMENSIONS.length),
    nParagraphs: 0
  };
  for (const i of articles) {
    const has = new Set();
    for (const [column] of given[i]) {
      counts.articles[column]++;
      has.add(LABELS[column].dimension);
    }
    DIMENSIONS.forEach((dimension, d) => {
      if (!has.has(dimension)) counts.none[d]++;
    });
    ARTICLES.counts[i].forEach((n, column) => {
      counts.paragraphs[column] += n;
    });
    ARTICLES.bare[i].forEach((n, d) => {
      counts.bare[d] += n;
    });
    counts.nParagraphs += ARTICLES.n[i];
  }
  return counts;
}

function totalsRow(mark, name, pressed, toggle, cells, fraction, color) {
  const fill = el("span", {className: "fill"});
  fill.style.width = `${100 * fraction}%`;
  if (color) fill.style.setProperty("--color", color);
  const button = el(
    "button",
    {
      type: "button",
      className: "name",
      onclick: toggle,
      "aria-pressed": pressed
    },
    mark,
    el("span", {}, name)
  );
  return el(
    "tr",
    {},
    el("th", {scope: "row"}, button),
    el("td", {className: "bar", "aria-hidden": "true"}, el("span", {className: "track"}, fill)),
    ...cells.map((cell, k) => el("td", {className: k > 1 ? "number wide" : "number"}, cell))
  );
}

function totalsCard(dimension, d, counts, nArticles) {
  const rows = dimension.columns.map((j) =>
    totalsRow(
      dot(j),
      LABELS[j].fr,
      state.labels.includes(j),
      () => toggleLabel(j),
      [
        number(counts.articles[j]),
        share(counts.articles[j], nArticles),
        number(counts.paragraphs[j]),
        share(counts.paragraphs[j], counts.nParagraphs)
      ],
      nArticles ? counts.articles[j] / nArticles : 0,
      LABELS[j].color
    )
  );
  if (dimension.multi) {
    rows.push(
      totalsRow(
        el("span", {className: "dot empty", "aria-hidden": "true"}),
        "aucun",
        state.none.includes(dimension.id),
        () => go({none: toggled(state.none, dimension.id)}),
        [
          number(counts.none[d]),
          share(counts.none[d], nArticles),
          number(counts.bare[d]),
          share(counts.bare[d], counts.nParagraphs)
        ],
        nArticles ? counts.none[d] / nArticles : 0,
        null
      )
    );
  }
  const head = el(
    "thead",
    {},
    el(
      "tr",
      {},
      el("td", {}),
      el("td", {className: "bar"}),
      el("th", {scope: "colgroup", colSpan: 2, className: "number"}, "Articles"),
      el("th", {scope: "colgroup", colSpan: 2, className: "number wide"}, "Paragraphes")
    )
  );
  return el(
    "section",
    {className: "card"},
    el("h3", {}, dimension.fr),
    el("table", {className: "totals", "aria-label": dimension.fr}, head, el("tbody", {}, ...rows))
  );
}

function showTotals(place, articles) {
  const counts = countLabels(articles);
  place.replaceChildren(
    ...DIMENSIONS.map((dimension, d) => totalsCard(dimension, d, counts, articles.length))
  );
}
