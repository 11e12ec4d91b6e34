// Which articles the filters leave, and in what order.

const given = ARTICLES.given ?? [];
const labelsOf = (i) => given[i].map(([column]) => column);

// Return a test of the labels of an article: any of those chosen of a dimension, or all of them.
function labelTest(dimension) {
  const chosen = state.labels.filter((j) => LABELS[j].dimension === dimension);
  const none = state.none.includes(dimension.id);
  if (!chosen.length && !none) return null;
  const all = state.together && dimension.multi && chosen.length > 1;
  return (i) => {
    const has = labelsOf(i).filter((j) => LABELS[j].dimension === dimension);
    if (none && !has.length) return true;
    return all ? chosen.every((j) => has.includes(j)) : chosen.some((j) => has.includes(j));
  };
}

// Return a test of the words searched, or nothing without any.
function queryTest() {
  const query = state.query.trim();
  if (!query) return null;
  if (state.inTexts && scan.query === query) return (i) => scan.found[i] === 1;
  const terms = termsOf(query);
  return (i) => matches(terms, headOf(i));
}

function inPeriod(day, period) {
  if (period === "") return day === "";
  const [from, to] = period.split("/");
  return to ? day !== "" && day >= from && day <= to : day.startsWith(from);
}

// Return the articles that the filters leave, those of all periods as well: charts show them.
function select() {
  const tests = [...DIMENSIONS.map(labelTest), queryTest()].filter(Boolean);
  if (state.source !== null) tests.push((i) => ARTICLES.source[i] === state.source);
  if (state.review) tests.push((i) => ARTICLES.review[i] > 0);
  const ever = [];
  for (let i = 0; i < N; i++) if (tests.every((test) => test(i))) ever.push(i);
  const chosen =
    state.period === null ? ever : ever.filter((i) => inPeriod(ARTICLES.day[i], state.period));
  return {ever, chosen};
}

// Return the score by which an article is sorted: that of the labels chosen, else of any label of
// the dimensions where none need be given.
function topScore(i) {
  let best = 0;
  for (const [column, score] of given[i]) {
    const counts = state.labels.length
      ? state.labels.includes(column)
      : LABELS[column].dimension.multi || DIMENSIONS.length === 1;
    if (counts && score > best) best = score;
  }
  return best;
}

let titleRanks = null; // comparing French titles is slow: done once

function titleRank(i) {
  if (!titleRanks) {
    const compare = new Intl.Collator("fr", {numeric: true}).compare;
    const order = [...given.keys()].sort((a, b) => compare(titleOf(a), titleOf(b)));
    titleRanks = new Uint32Array(N);
    order.forEach((article, rank) => {
      titleRanks[article] = rank;
    });
  }
  return titleRanks[i];
}

const byDay = (a, b, sign) => {
  const [one, other] = [ARTICLES.day[a], ARTICLES.day[b]];
  if (!one || !other) return Boolean(other) - Boolean(one); // undated ones last, either way
  return one < other ? -sign : one > other ? sign : 0;
};
const BY_ORDER = {
  recent: (a, b) => byDay(a, b, -1),
  oldest: (a, b) => byDay(a, b, 1),
  score: (a, b) => topScore(b) - topScore(a),
  title: (a, b) => titleRank(a) - titleRank(b),
  review: (a, b) => ARTICLES.review[b] - ARTICLES.review[a],
  input: (a, b) => a - b
};

const sorted = (articles) => [...articles].sort(BY_ORDER[state.order]);
