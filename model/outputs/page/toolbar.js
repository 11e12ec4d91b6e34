// The bar above: views, search, filters, and how many articles they leave.

const tools = {};

function tab(view, name) {
  const made = el(
    "button",
    {
      type: "button",
      className: "tab",
      onclick: () => go({view, open: null})
    },
    name
  );
  tools.tabs ??= {};
  tools.tabs[view] = made;
  return made;
}

let typing = 0; // timer: the address changes once a word is typed
const TYPED = 250;

function searchBox() {
  tools.search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Rechercher…",
    autocomplete: "off",
    spellcheck: false,
    "aria-label": "Rechercher",
    "aria-keyshortcuts": "/",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        typing = 0;
        go({query: tools.search.value}, {replace: true});
      }, TYPED);
    },
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      clearTimeout(typing);
      typing = 0;
      go({query: tools.search.value, view: "articles", open: null});
    }
  });
  tools.inTexts = el("input", {
    type: "checkbox",
    id: "in-texts",
    onchange: () => go({inTexts: tools.inTexts.checked, query: tools.search.value}, {replace: true})
  });
  return el(
    "div",
    {className: "search", role: "search"},
    tools.search,
    el("kbd", {}, "/"),
    el("label", {className: "check"}, tools.inTexts, "dans les textes")
  );
}

function filterButton(content, toggle) {
  return el("button", {type: "button", className: "chip", onclick: toggle}, ...content);
}

function labelFilters(dimension) {
  const buttons = dimension.columns.map((j) => {
    const made = filterButton([dot(j), LABELS[j].fr], () => toggleLabel(j));
    tools.labels[j] = made;
    return made;
  });
  if (dimension.multi) {
    const none = filterButton(["aucun"], () => go({none: toggled(state.none, dimension.id)}));
    tools.none[dimension.id] = none;
    const together = el("button", {
      type: "button",
      className: "plain together",
      title: "Un seul des choix suffit, ou tous ensemble",
      onclick: () => go({together: !state.together})
    });
    tools.together.push({dimension, button: together});
    buttons.push(none, together);
  }
  return el(
    "div",
    {className: "filter", role: "group", "aria-label": dimension.fr},
    el("span", {className: "what"}, dimension.fr),
    ...buttons
  );
}

// Return years with their months (or months with their days), as choices of a period.
function periodChoices() {
  const groups = new Map();
  const used = new Set((ARTICLES.day ?? []).filter(Boolean).map((day) => day.slice(0, 7)));
  for (const month of [...used].sort().reverse()) {
    const year = month.slice(0, 4);
    if (!groups.has(year))
      groups.set(year, [el("option", {value: year}, `${year}, toute l’année`)]);
    if (month.length === 7) groups.get(year).push(el("option", {value: month}, dayText(month)));
  }
  return [...groups].map(([year, options]) => el("optgroup", {label: year}, ...options));
}

function picker(name, all, choices, pick) {
  const made = el(
    "select",
    {onchange: () => pick(made.value ? JSON.parse(made.value) : null)},
    el("option", {value: ""}, all),
    ...choices
  );
  return [made, el("label", {className: "pick"}, el("span", {className: "what"}, name), made)];
}

const coded = (value) => JSON.stringify(value); // so that "" can be a choice

function pickers() {
  const sources = SOURCES.map((source) => el("option", {value: coded(source)}, sourceName(source)));
  const periods = periodChoices();
  for (const group of periods) {
    for (const choice of group.children) choice.value = coded(choice.value);
  }
  if (ARTICLES.day?.includes("")) periods.push(el("option", {value: coded("")}, "Sans date"));
  const [source, sourceLabel] = picker("Source", "toutes", sources, (value) => go({source: value}));
  const [period, periodLabel] = picker("Date", "toutes", periods, (value) => go({period: value}));
  Object.assign(tools, {source, period});
  tools.review = filterButton(["à relire"], () => go({review: !state.review}));
  return el("div", {className: "filter"}, sourceLabel, periodLabel, tools.review);
}

function buildToolbar(place) {
  Object.assign(tools, {labels: [], none: {}, together: []});
  tools.count = el("p", {className: "count", role: "status"});
  tools.clear = el(
    "button",
    {
      type: "button",
      className: "plain",
      onclick: () => go({...NO_FILTER})
    },
    "Effacer les filtres"
  );
  tools.end = el("div", {className: "bar-end"}, tools.count, tools.clear);
  const filters = el(
    "details",
    {className: "filters", open: !matchMedia("(max-width: 44rem)").matches},
    el("summary", {}, "Filtres"),
    ...DIMENSIONS.map(labelFilters),
    pickers()
  );
  place.append(
    el(
      "div",
      {className: "bar-top"},
      el(
        "nav",
        {"aria-label": "Vues"},
        tab("overview", "Vue d’ensemble"),
        tab("articles", "Articles")
      ),
      searchBox()
    ),
    filters,
    tools.end
  );
}

const press = (button, on) => button.setAttribute("aria-pressed", on);

function showPicked(select, value, text) {
  const wanted = value === null ? "" : coded(value);
  if (![...select.options].some((choice) => choice.value === wanted)) {
    select.append(el("option", {value: wanted}, text(value))); // as a chart or an address said
  }
  select.value = wanted;
}

function showToolbar(nChosen) {
  for (const [view, button] of Object.entries(tools.tabs)) {
    if (state.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  if (!typing && tools.search.value !== state.query) tools.search.value = state.query;
  tools.inTexts.checked = state.inTexts;
  tools.labels.forEach((button, j) => press(button, state.labels.includes(j)));
  for (const [id, button] of Object.entries(tools.none)) press(button, state.none.includes(id));
  for (const {dimension, button} of tools.together) {
    button.hidden = state.labels.filter((j) => LABELS[j].dimension === dimension).length < 2;
    button.textContent = state.together ? "tous ensemble" : "l’un ou l’autre";
  }
  press(tools.review, state.review);
  showPicked(tools.source, state.source, sourceName);
  showPicked(tools.period, state.period, periodText);
  tools.clear.hidden = !isFiltered();
  showCount(nChosen);
}

function showCount(nChosen) {
  const all =
    nChosen === N ? plural(N, "article") : `${number(nChosen)} sur ${plural(N, "article")}`;
  const scanning =
    state.inTexts && state.query.trim() && scan.done < 1
      ? ` · recherche dans les textes… ${wholePercentFormat.format(scan.done)}`
      : "";
  tools.count.textContent = all + scanning;
}
