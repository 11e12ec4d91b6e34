"""How well readers read the pages of tests/gold/sites: `reading.py` prints it, a test holds it.

Each page has a JSON file that says what is right: `paragraphs` and `headings` in full,
`standfirst`, `title`, `date`, `author`, and `absent`, phrases of what is none of the article.
`optional` may be read either way.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SITES = Path(__file__).parent.parent / "tests" / "gold" / "sites"
FLOORS = SITES / "floors.json"
_SHORT = 15  # words of a short paragraph


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reader makes of a page; peers have no `headings` apart from their text."""

    text: str
    headings: str = ""
    title: str | None = None
    date: str | None = None
    author: str | None = None


def read_ours(path: Path) -> Reading:
    """Return what Dépêche makes of a page."""
    from depeche.labels.errors import InputError
    from depeche.model.reading.reader import read_article

    try:
        article = read_article(path)
    except InputError:
        return Reading(text="")
    return Reading(
        text=" ".join(p.flowed for p in article.paragraphs),
        headings=" ".join(p.flowed for p in article.skipped if p.kind == "heading"),
        title=article.title,
        date=article.date,
        author=article.author,
    )


def score_pages(read: Callable[[Path], Reading], pages: Iterable[Path]) -> dict[str, float]:
    """Return the scores of a reader by name, each in [0, 1].

    `segment_f1` counts a paragraph that is kept as a true positive and a phrase of the site's that
    is kept as a false one; `with_headings` counts headings as well. `short_kept` is of paragraphs
    of at most 15 words. `word_precision` is the share of the kept words that are of the article,
    its headings, or optional. `title`, `date` and `author` are right where they are the same but
    for case and blanks, or rightly none.
    """
    counts: Counter[str] = Counter()
    for page in pages:
        gold = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
        counts.update(_count_page(gold, read(page)))
    return {
        "segment_f1": _f1(counts, "paragraphs"),
        "with_headings": _f1(counts, "segments"),
        "short_kept": counts["short_kept"] / max(counts["short"], 1),
        "word_precision": counts["words_right"] / max(counts["words"], 1),
        "standfirsts": counts["standfirsts_kept"] / max(counts["standfirsts"], 1),
        **{name: counts[name] / counts["pages"] for name in ("title", "date", "author")},
    }


def _f1(counts: Mapping[str, int], name: str) -> float:
    kept, all_, false = counts[f"{name}_kept"], counts[name], counts[f"{name}_false"]
    return 2 * kept / max(kept + all_ + false, 1)


def _count_page(gold: dict[str, Any], reading: Reading) -> Counter[str]:
    text, everything = _plain(reading.text), _plain(f"{reading.text} {reading.headings}")
    paragraphs = [_plain(p) for p in gold["paragraphs"]]
    headings = [_plain(h) for h in gold["headings"]]
    absent = [_plain(phrase) for phrase in gold["absent"]]
    short = [p for p in paragraphs if len(p.split()) <= _SHORT]
    right = " ".join([*paragraphs, *headings, *gold["optional"], gold["title"] or ""])
    words, right_words = Counter(_words(text)), Counter(_words(_plain(right)))
    standfirst = [_plain(gold["standfirst"])] if gold["standfirst"] else []
    names = ("title", "date", "author")
    return Counter(
        {
            "pages": 1,
            "paragraphs": len(paragraphs),
            "paragraphs_kept": sum(p in text for p in paragraphs),
            "paragraphs_false": sum(phrase in text for phrase in absent),
            "segments": len(paragraphs) + len(headings),
            "segments_kept": sum(s in everything for s in [*paragraphs, *headings]),
            "segments_false": sum(phrase in everything for phrase in absent),
            "short": len(short),
            "short_kept": sum(p in text for p in short),
            "words": words.total(),
            "words_right": (words & right_words).total(),
            "standfirsts": len(standfirst),
            "standfirsts_kept": sum(s in text for s in standfirst),
            **{name: _folded(gold[name]) == _folded(getattr(reading, name)) for name in names},
        }
    )


def _plain(text: str) -> str:
    bare = re.sub("[\u00ad\u200b\u2060\ufeff]", "", unicodedata.normalize("NFC", text))
    return " ".join(bare.split())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _folded(text: str | None) -> str:
    return _plain(text or "").casefold()


def pages() -> list[Path]:
    """Return the pages in order."""
    return sorted(SITES.glob("*.html"))


def digest_of_pages() -> str:
    """Return the SHA-256 of the pages and of what is right, in their order."""
    digest = hashlib.sha256()
    for page in pages():
        for path in (page, page.with_suffix(".json")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def write_floors(scores: Mapping[str, float], *, lower: bool) -> None:
    """Write scores as the floors that a test holds; floors go down only with `lower`.

    Raises
    ------
    ValueError
        When a score is below its floor, and `lower` is not given.
    """
    floors = {name: int(score * 1000) / 1000 for name, score in scores.items()}
    old = json.loads(FLOORS.read_text())["floors"] if FLOORS.exists() else {}
    below = [name for name, floor in floors.items() if floor < old.get(name, 0)]
    if below and not lower:
        raise ValueError(f"below the floors, give --lower to lower them: {', '.join(below)}")
    content = {"pages": digest_of_pages(), "floors": floors}
    FLOORS.write_text(json.dumps(content, indent=2) + "\n")


def iter_peers() -> Iterator[tuple[str, Callable[[Path], Reading]]]:
    """Yield the other readers by name."""
    yield "trafilatura", lambda path: _read_trafilatura(path)
    yield "trafilatura, recall", lambda path: _read_trafilatura(path, favor_recall=True)
    yield "trafilatura, precision", lambda path: _read_trafilatura(path, favor_precision=True)
    yield "readability-lxml", _read_readability
    yield "newspaper4k", _read_newspaper
    yield "resiliparse", _read_resiliparse


def _read_trafilatura(path: Path, **settings: bool) -> Reading:
    from trafilatura import extract, extract_metadata

    page = path.read_bytes()
    text = extract(page, include_comments=False, **settings) or ""
    metadata = extract_metadata(page)
    return Reading(text=text, title=metadata.title, date=metadata.date, author=metadata.author)


def _decode(path: Path) -> str:
    """Return a page's text for the peers that want one, as browsers read it."""
    from depeche.model.reading.decoding import declared_encoding, decode

    data = path.read_bytes()
    return decode(data, path.name, declared_encoding(data)).text


def _read_readability(path: Path) -> Reading:
    from lxml import html
    from readability import Document

    document = Document(_decode(path))
    tree = html.fromstring(document.summary())
    return Reading(text=" ".join(tree.itertext()), title=document.short_title())


def _read_newspaper(path: Path) -> Reading:
    import newspaper

    article = newspaper.Article("https://site.example/article", language="fr")
    article.download(input_html=_decode(path))
    article.parse()
    date = article.publish_date
    return Reading(
        text=article.text,
        title=article.title,
        date=date.strftime("%Y-%m-%d") if date else None,
        author="; ".join(article.authors) or None,
    )


def _read_resiliparse(path: Path) -> Reading:
    from resiliparse.extract.html2text import extract_plain_text

    return Reading(text=extract_plain_text(_decode(path), main_content=True, comments=False))
