// Search: all words of a query, "words between quotes" as they follow each other, each from where a
// word begins; accents, case and the kind of apostrophe do not matter, `oe` finds `œ`.

const VARIANTS = {
  a: "aàâäáãå",
  c: "cç",
  e: "eéèêë",
  i: "iîïíì",
  n: "nñ",
  o: "oôöóòõ",
  u: "uùûüú",
  y: "yÿý",
  "'": "'’ʼ‘",
  "-": "-‐‑"
};
const ACCENTS = "[\\u0300-\\u036f]*"; // letters and accents apart, as some systems write them
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

function letterPattern(letter) {
  if (VARIANTS[letter]) return `[${VARIANTS[letter]}]${/[a-z]/.test(letter) ? ACCENTS : ""}`;
  return /\s/.test(letter) ? "\\s+" : escaped(letter);
}

// Return a regular expression for a term of a query.
function termPattern(term) {
  const plain = term
    .toLowerCase()
    .replace(/œ/g, "oe")
    .replace(/æ/g, "ae")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[’ʼ‘]/g, "'")
    .replace(/\s+/g, " ");
  let pattern = /^[\p{L}\p{N}]/u.test(plain) ? "(?<![\\p{L}\\p{N}])" : "";
  for (let at = 0; at < plain.length; at++) {
    const two = plain.slice(at, at + 2);
    if (two === "oe" || two === "ae") {
      const pair = letterPattern(two[0]) + letterPattern("e");
      pattern += `(?:${pair}|${two === "oe" ? "œ" : "æ"})`;
      at++;
    } else {
      pattern += letterPattern(plain[at]);
    }
  }
  return new RegExp(pattern, "giu");
}

function termsOf(query) {
  const found = query.matchAll(/["«“]\s*([^"»”]+?)\s*["»”]|([^\s"«»“”]+)/g);
  return [...found].map((match) => termPattern(match[1] ?? match[2]));
}

// Return whether each term is somewhere in a text. A global expression remembers where it was.
function matches(terms, text) {
  return terms.every((term) => {
    term.lastIndex = 0;
    return term.test(text);
  });
}

const headOf = (i) => `${ARTICLES.title[i] ?? ""}\n${ARTICLES.id[i]}`;

// The search in texts under way or done: which articles were found, and how far it got.
let scan = {query: null, found: null, done: 0};

const pause = () => new Promise((resolve) => setTimeout(resolve));
const PAUSE_EVERY = 40; // milliseconds of search between two breaths

// Search the texts block after block; `told` is called as it goes on, and once it is done.
async function scanTexts(query, told) {
  const terms = termsOf(query);
  const mine = {query, found: new Uint8Array(N), done: 0};
  scan = mine;
  let since = performance.now();
  for (let k = 0; k < TEXT_BLOCKS.length; k++) {
    JSON.parse(TEXT_BLOCKS[k].textContent).forEach(({passages}, nth) => {
      const i = k * ABOUT.chunk + nth;
      const text = passages.map((passage) => passage.text).join("\n");
      mine.found[i] = matches(terms, `${headOf(i)}\n${text}`) ? 1 : 0;
    });
    mine.done = (k + 1) / TEXT_BLOCKS.length;
    if (performance.now() - since > PAUSE_EVERY && mine.done < 1) {
      told(mine);
      await pause();
      if (scan !== mine) return; // another query took over
      since = performance.now();
    }
  }
  mine.done = 1;
  told(mine);
}
