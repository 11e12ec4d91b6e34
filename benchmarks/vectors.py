"""Learns the word vectors that ship in train/tfidf/word_vectors.npz from unlabelled articles.

    python benchmarks/vectors.py [--corpus CORPUS.jsonl.gz]

Labelled paragraphs are left out, and so are paragraphs that share with a labelled one half of the
runs of three words of the shorter one: the vectors have seen no paragraph of any fold. This takes
three minutes and 3 GB. There is no bar: `ablation.py` measures what the vectors are worth.
"""

from __future__ import annotations

import argparse
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpus import CORPUS, iter_articles, paragraphs_of

from depeche.labels.dataset import SHIPPED, load_labels
from depeche.labels.schema import read_schema
from depeche.model.scoring.features import FeatureExtractor, FeatureSettings
from depeche.train.splits import RESEMBLANCE, SHINGLE
from depeche.train.tfidf.word_vectors import SHIPPED as VECTORS
from depeche.train.tfidf.word_vectors import learn_vectors, save_vectors

_SHORTEST = 80  # characters; shorter paragraphs are headings and notices
_AT_ONCE = 2_000


def iter_unlabelled(corpus: Path, labelled: Sequence[str]) -> Iterator[str]:
    """Yield each paragraph of a corpus once, except those that are like a labelled one."""
    known = _Runs(labelled)
    seen: set[str] = set()
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for article in iter_articles(lines):
            for text in paragraphs_of(article["text"]):
                if len(text) >= _SHORTEST and text not in seen and not known.like(text):
                    seen.add(text)
                    yield text


class _Runs:
    """The runs of words of some texts, to look for other texts like them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._extractor = FeatureExtractor(FeatureSettings())
        self._holders: dict[tuple[int, ...], list[int]] = {}
        self._sizes = []
        for i, text in enumerate(texts):
            runs = self._runs(text)
            self._sizes.append(len(runs))
            for run in runs:
                self._holders.setdefault(run, []).append(i)

    def _runs(self, text: str) -> set[tuple[int, ...]]:
        words = self._extractor.occurrences([text]).word.tolist()
        return {tuple(words[j : j + SHINGLE]) for j in range(max(len(words) - SHINGLE + 1, 1))}

    def like(self, text: str) -> bool:
        """Return whether a known text shares enough runs: `RESEMBLANCE` of the shorter one's."""
        runs = self._runs(text)
        shared = Counter(i for run in runs for i in self._holders.get(run, ()))
        return any(
            n >= RESEMBLANCE * min(len(runs), self._sizes[i]) and n > SHINGLE
            for i, n in shared.items()
        )


def main() -> None:
    """Learn the vectors and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--orangesum", type=Path, default=CORPUS.parent / "orangesum")
    options = parser.parse_args()
    labels = load_labels(SHIPPED, read_schema(), orangesum=options.orangesum)
    texts = list(iter_unlabelled(options.corpus, labels.texts))
    print(f"{len(texts)} paragraphs")
    batches = (texts[i : i + _AT_ONCE] for i in range(0, len(texts), _AT_ONCE))
    vectors = learn_vectors(batches)
    save_vectors(vectors)
    print(f"{len(vectors.hashes)} words in {VECTORS} ({VECTORS.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
