// One article: what is known of it, its labels, and its text paragraph by paragraph.

const KINDS = {heading: "intertitre", boilerplate: "hors texte"};
const reading = {i: null, column: null, scores: false, skipped: false};

// Return the labels that have evidence, those of the article first, by score.
function evidencedLabels(i, passages) {
  const found = new Set(passages.flatMap((p) => Object.keys(p.evidence ?? {}).map(Number)));
  const scores = new Map(given[i]);
  const rank = (j) => 2 * LABELS[j].dimension.multi + (scores.get(j) ?? -4);
  return [...found].sort((a, b) => rank(b) - rank(a));
}

function labelBar(column, score, note) {
  const fill = el("span", {className: "fill"});
  fill.style.width = `${100 * score}%`;
  fill.style.setProperty("--color", LABELS[column].color);
  return el(
    "tr",
    {},
    el("th", {scope: "row"}, dot(column), LABELS[column].fr),
    el("td", {className: "bar", "aria-hidden": "true"}, el("span", {className: "track"}, fill)),
    el("td", {className: "number"}, percent(score)),
    el("td", {className: "said"}, note)
  );
}

function articleLabels(i, texts) {
  const scores = new Map(given[i]);
  let single = 0;
  return DIMENSIONS.map((dimension) => {
    const rows = [];
    for (const j of dimension.columns) {
      const score = dimension.multi ? scores.get(j) : ARTICLES.means[i][single++];
      if (score === undefined) continue;
      const part = dimension.multi ? `${percent(texts.share[j])} du texte` : "";
      const count = ARTICLES.counts[i][j];
      const n = count ? `${number(count)} §` : "";
      rows.push(labelBar(j, score, [n, part].filter(Boolean).join(" · ")));
    }
    return el(
      "section",
      {},
      el("h3", {}, dimension.fr),
      rows.length
        ? el("table", {className: "labels", "aria-label": dimension.fr}, el("tbody", {}, ...rows))
        : el("p", {className: "note"}, "Aucun.")
    );
  });
}

function paragraphChips(passage, choose) {
  const evident = passage.evidence ?? {};
  const shown = LABELS.map((label, j) => j).filter(
    (j) => reading.scores || passage.given.includes(j) || passage.review.includes(j)
  );
  return shown.map((j) => {
    const asked = passage.review.includes(j);
    const classes = [passage.given.includes(j) ? "" : "not-given", asked ? "asked" : ""].join(" ");
    const made = chip(j, passage.scores[j], classes);
    if (asked) made.append(el("span", {className: "ask-mark"}, "à relire"));
    if (!evident[j]?.length) return made;
    const button = el("button", {
      type: "button",
      className: made.className,
      "aria-pressed": reading.column === j,
      title: "Montrer les mots en cause",
      onclick: () => choose(j)
    });
    button.append(...made.childNodes);
    button.style.setProperty("--color", LABELS[j].color);
    return button;
  });
}

function paragraphRow(passage, n, choose) {
  const text = el("p", {className: "text isolate"});
  const row = el(
    "div",
    {className: "passage"},
    el(
      "div",
      {className: "margin"},
      el("span", {className: "sign"}, `§ ${n}`),
      ...paragraphChips(passage, choose)
    ),
    el("div", {className: "body"}, text)
  );
  const pairs = passage.evidence?.[reading.column] ?? [];
  const {missing, nUnmarked} = writeMarked(text, passage.text, pairs, reading.column);
  if (missing.length) {
    const words = missing.map(([w, value]) => `${w} ${logOdds(value)}`).join(", ");
    row.lastChild.append(el("p", {className: "note isolate"}, `Aussi : ${words}`));
  }
  if (nUnmarked) {
    row.lastChild.append(
      el(
        "p",
        {className: "note"},
        `Au-delà des ${number(MOST_MARKS)} premiers, ${plural(nUnmarked, "passage")} sans marque.`
      )
    );
  }
  return row;
}

function passageRows(passages, choose) {
  let n = 0;
  const rows = [];
  for (const passage of passages) {
    if (!passage.kind) rows.push(paragraphRow(passage, ++n, choose));
    else if (reading.skipped) {
      rows.push(
        el(
          "div",
          {className: "passage skipped"},
          el("div", {className: "margin"}, KINDS[passage.kind] ?? passage.kind),
          el("div", {className: "body"}, el("p", {className: "text isolate"}, passage.text))
        )
      );
    }
  }
  return rows;
}

function option(text, key, redraw) {
  return el(
    "label",
    {className: "check"},
    el("input", {
      type: "checkbox",
      checked: reading[key],
      onchange: (event) => {
        reading[key] = event.target.checked;
        redraw();
      }
    }),
    text
  );
}

// Return the choice of the label whose words are marked, and what else can be shown.
function readingTools(labels, nSkipped, redraw, choose) {
  const tools = el("div", {className: "tools"});
  if (labels.length) {
    tools.append(
      el(
        "div",
        {className: "choices", role: "group", "aria-label": "Mots en cause"},
        el("span", {className: "what"}, "Mots en cause :"),
        ...[...labels, null].map((j) =>
          el(
            "button",
            {
              type: "button",
              className: "chip",
              "aria-pressed": reading.column === j,
              onclick: () => choose(j)
            },
            ...(j === null ? ["aucun"] : [dot(j), LABELS[j].fr])
          )
        )
      )
    );
  } else {
    tools.append(
      el(
        "p",
        {className: "note"},
        "Les mots en cause ne sont pas dans ces données : ",
        el("code", {}, "--explain"),
        " les ajoute quand les articles sont étiquetés."
      )
    );
  }
  tools.append(option("Tous les scores", "scores", redraw));
  if (nSkipped) tools.append(option(`Lignes écartées (${number(nSkipped)})`, "skipped", redraw));
  return tools;
}

function articleHead(i, texts) {
  const language = ARTICLES.language[i];
  const about = [
    ARTICLES.day[i] ? dayText(ARTICLES.day[i]) : ARTICLES.date[i] || "sans date",
    sourceName(ARTICLES.source[i]),
    texts.site !== ARTICLES.source[i] ? texts.site : null,
    texts.author
  ].filter(Boolean);
  const notes = [
    texts.note,
    language && language !== "fr"
      ? `Langue : ${language}, pas le français : ne pas se fier aux étiquettes.`
      : null
  ].filter(Boolean);
  return el(
    "header",
    {},
    el("h2", {className: "isolate", tabIndex: -1, id: "article-title"}, titleOf(i)),
    el(
      "p",
      {className: "about"},
      ...about.flatMap((part, k) => [k ? " · " : "", el("span", {className: "isolate"}, part)])
    ),
    el("p", {className: "about id isolate"}, ARTICLES.id[i]),
    ...notes.map((note) => el("p", {className: "warning isolate"}, note))
  );
}

function articleBar(i) {
  const at = list.articles.indexOf(i);
  const step = (name, sign, by, off) =>
    el(
      "button",
      {
        type: "button",
        className: "plain",
        disabled: off,
        "aria-label": name,
        title: name,
        onclick: () => moveInList(by)
      },
      sign
    );
  return el(
    "div",
    {className: "article-bar"},
    el(
      "button",
      {type: "button", className: "plain", onclick: closeArticle},
      "← Liste",
      el("kbd", {}, "Échap")
    ),
    el(
      "span",
      {className: "where"},
      at < 0 ? "hors des filtres" : `${number(at + 1)} sur ${number(list.articles.length)}`
    ),
    step("Article précédent (k)", "↑", -1, at <= 0),
    step("Article suivant (j)", "↓", 1, at < 0 || at === list.articles.length - 1)
  );
}

function closeArticle() {
  go({open: null});
}

function showArticle(place, i) {
  const texts = textsOf(i);
  const labels = evidencedLabels(i, texts.passages);
  if (reading.i !== i) {
    reading.i = i;
    reading.column = labels[0] ?? null;
    place.scrollTop = 0;
  }
  const body = el("div", {className: "passages"});
  const tools = el("div", {});
  const choose = (column) => {
    reading.column = column;
    redraw();
  };
  const redraw = () => {
    const focused = [...tools.querySelectorAll("button, input")].indexOf(document.activeElement);
    const nSkipped = texts.passages.filter((passage) => passage.kind).length;
    tools.replaceChildren(readingTools(labels, nSkipped, redraw, choose));
    body.replaceChildren(...passageRows(texts.passages, choose));
    if (focused >= 0) tools.querySelectorAll("button, input")[focused].focus();
    highlightSearch([...place.querySelectorAll("#article-title, .text")]);
  };
  place.replaceChildren(
    articleBar(i),
    articleHead(i, texts),
    el("div", {className: "article-labels"}, ...articleLabels(i, texts)),
    tools,
    body
  );
  redraw();
}
