// Over time: small charts with one scale a dimension, and the same numbers as tables.

const DAY = 86_400_000;
const UNITS = {
  day: {name: "jour", plural: "jours"},
  week: {name: "semaine", plural: "semaines"},
  month: {name: "mois", plural: "mois"},
  year: {name: "année", plural: "années"}
};
const UNSURE = 5; // articles below which a share says little

const isoDay = (time) => new Date(time).toISOString().slice(0, 10);

// Return the first day of the week (a Monday) in which a day is.
function monday(day) {
  const time = Date.parse(day);
  return isoDay(time - ((new Date(time).getUTCDay() + 6) % 7) * DAY);
}

const BUCKET_OF = {
  day: (day) => (day.length === 10 ? day : ""),
  week: (day) => (day.length === 10 ? monday(day) : ""),
  month: (day) => (day.length >= 7 ? day.slice(0, 7) : ""),
  year: (day) => day.slice(0, 4)
};

// Return the unit that shows a span of days best, no finer than most dates are.
function chooseUnit(days) {
  if (!days.length) return "year";
  const precision = days.map((day) => day.length).sort((a, b) => a - b)[days.length >> 1];
  let [first, last] = [days[0], days[0]];
  for (const day of days) {
    if (day < first) first = day;
    if (day > last) last = day;
  }
  const span = (Date.parse(last) - Date.parse(first)) / DAY;
  if (precision < 7 || span > 366 * 12) return "year";
  if (precision < 10 || span > 400) return "month";
  return span > 45 ? "week" : "day";
}

// Return the bucket after another.
function nextBucket(bucket, unit) {
  if (unit === "year") return String(Number(bucket) + 1).padStart(4, "0");
  if (unit === "month") {
    const [year, month] = bucket.split("-").map(Number);
    return month < 12
      ? `${bucket.slice(0, 5)}${String(month + 1).padStart(2, "0")}`
      : `${String(year + 1).padStart(4, "0")}-01`;
  }
  return isoDay(Date.parse(bucket) + (unit === "week" ? 7 : 1) * DAY);
}

const MOST_BUCKETS = 400; // dates a thousand years apart, by mistake, do not make as many bars

// Return all buckets from the first to the last; without those of no article where they are many.
function allBuckets(used, unit) {
  const [first, last] = [used[0], used.at(-1)];
  const buckets = [];
  for (let at = first; at <= last; at = nextBucket(at, unit)) {
    buckets.push(at);
    if (buckets.length > MOST_BUCKETS) return used;
  }
  return buckets;
}

const UNIT = chooseUnit((ARTICLES.day ?? []).filter(Boolean));
const BUCKETS = (() => {
  const used = [...new Set((ARTICLES.day ?? []).map(BUCKET_OF[UNIT]))].filter(Boolean).sort();
  return used.length ? allBuckets(used, UNIT) : [];
})();
const BUCKET_INDEX = new Map(BUCKETS.map((bucket, b) => [bucket, b]));

const periodOf = (bucket) =>
  UNIT === "week" ? `${bucket}/${isoDay(Date.parse(bucket) + 6 * DAY)}` : bucket;

function periodText(period) {
  if (period === "") return "Sans date";
  const [from, to] = period.split("/");
  return to ? `${dayText(from)} – ${dayText(to)}` : dayText(from);
}

const bucketText = (bucket) =>
  UNIT === "week" ? `semaine du ${dayText(bucket)}` : dayText(bucket);

// Return the number of articles in each bucket, in all and with each label, and of undated ones.
function countBuckets(articles) {
  const totals = new Uint32Array(BUCKETS.length);
  const byLabel = LABELS.map(() => new Uint32Array(BUCKETS.length));
  let undated = 0;
  for (const i of articles) {
    const b = BUCKET_INDEX.get(BUCKET_OF[UNIT](ARTICLES.day[i]));
    if (b === undefined) undated++;
    else {
      totals[b]++;
      for (const [column] of given[i]) byLabel[column][b]++;
    }
  }
  return {totals, byLabel, undated};
}
