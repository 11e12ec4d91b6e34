// Elements and French numbers and dates. Data only ever become text nodes and attributes of ours.

const byId = (id) => document.getElementById(id);

// Return an element; `options` are properties, or attributes where the name has a dash or is `role`.
function el(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (key === "role" || key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const numberFormat = new Intl.NumberFormat("fr-FR");
const decimalFormat = new Intl.NumberFormat("fr-FR", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "always"
});
const percentFormat = new Intl.NumberFormat("fr-FR", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1
});
const wholePercentFormat = new Intl.NumberFormat("fr-FR", {style: "percent"});
const dayFormats = {
  10: new Intl.DateTimeFormat("fr-FR", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC"
  }),
  7: new Intl.DateTimeFormat("fr-FR", {month: "short", year: "numeric", timeZone: "UTC"})
};

const number = (n) => numberFormat.format(n);
const share = (n, of) => (of ? percentFormat.format(n / of) : "–");
const logOdds = (value) => decimalFormat.format(value).replace("-", "−");
const plural = (n, one, many = `${one}s`) => `${number(n)} ${Math.abs(n) < 2 ? one : many}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// A score near 0 or 1 is not shown as certain.
function percent(score) {
  if (score > 0.99 && score < 1) return "> 99 %";
  if (score > 0 && score < 0.01) return "< 1 %";
  return wholePercentFormat.format(score);
}

function dayText(day) {
  const format = dayFormats[day.length];
  return format && !Number.isNaN(Date.parse(day)) ? format.format(new Date(day)) : day;
}
