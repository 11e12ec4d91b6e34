"""The corpus of the benchmarks, articles of OrangeSum as gzipped JSON lines, and parts of it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from running import ROOT

CORPUS = ROOT.parent / "shared" / "corpus" / "orangesum-articles.jsonl.gz"
_BLANK_LINES = re.compile(r"\n\s*\n")
_LEVEL = 1  # of gzip, the fastest: only reading is measured


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus on the disk, and how many articles and paragraphs it has."""

    path: Path
    n_articles: int
    n_paragraphs: int


def iter_articles(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the article of each line of JSON."""
    return map(json.loads, lines)


def paragraphs_of(text: str) -> list[str]:
    """Return the paragraphs of a text, which are separated by blank lines."""
    return [text for part in _BLANK_LINES.split(text) if (text := part.strip())]


def take(source: Path, target: Path, n: int | None, *, times: int = 1) -> Corpus:
    """Write the first `n` articles of a corpus (or all), `times` times, each under another id.

    Raises
    ------
    SystemExit
        When there is no corpus.
    """
    if not source.exists():
        raise SystemExit(
            f"{source}: no such file; give --corpus PATH, a .jsonl.gz with one article per line, "
            "paragraphs of its text separated by blank lines"
        )
    n_articles = n_paragraphs = 0
    with gzip.open(target, "wt", encoding="utf-8", compresslevel=_LEVEL) as file:
        for k in range(times):
            with gzip.open(source, "rt", encoding="utf-8") as lines:
                for article in islice(iter_articles(lines), n):
                    n_articles += 1
                    n_paragraphs += len(paragraphs_of(article["text"]))
                    article["id"] = f"{article['id']}-{k}"
                    file.write(json.dumps(article, ensure_ascii=False) + "\n")
    return Corpus(path=target, n_articles=n_articles, n_paragraphs=n_paragraphs)
