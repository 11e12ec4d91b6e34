"""Does the same job with scikit-learn, in a separate process; `batch.py` runs and measures it.

    python benchmarks/peers.py fit FOLDER all           # writes char.joblib and char_wb.joblib
    python benchmarks/peers.py tag PIPELINE CORPUS.jsonl.gz OUTPUT.jsonl

This is what anyone would build: TF-IDF of words 1-2 and characters 3-5, and a logistic regression
for each label. Character n-grams cross words with `char`, and stay within them with `char_wb`,
which is faster.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from corpus import iter_articles, paragraphs_of

ORANGESUM = Path(__file__).parent.parent.parent / "shared" / "corpus" / "orangesum"
ANALYZERS = ("char", "char_wb")
_AT_ONCE = 400  # paragraphs


def labelled(texts: str) -> Any:
    """Return the shipped labels; with `all`, also those whose texts are in ../shared."""
    from depeche.labels.dataset import SHIPPED, load_labels
    from depeche.labels.schema import read_schema

    orangesum = ORANGESUM if texts == "all" and ORANGESUM.exists() else None
    return load_labels(SHIPPED, read_schema(), orangesum=orangesum)


def pipeline_of(analyzer: str) -> Any:
    """Return the unfitted pipeline with that kind of n-grams, for texts and indicators."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline, make_union

    weighed = {"sublinear_tf": True, "min_df": 2}
    return make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), **weighed),
            TfidfVectorizer(analyzer=analyzer, ngram_range=(3, 5), **weighed),
        ),
        OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", solver="liblinear")),
    )


def fit(folder: Path, texts: str) -> None:
    """Fit a pipeline for each kind of n-grams and write them."""
    import joblib

    from depeche.train.evaluation.metrics import indicator

    examples = labelled(texts)
    for analyzer in ANALYZERS:
        pipeline = pipeline_of(analyzer).fit(examples.texts, indicator(examples))
        joblib.dump(pipeline, folder / f"{analyzer}.joblib")
    print(len(examples.texts))


def tag(pipeline: Path, corpus: Path, output: Path) -> None:
    """Write one line of JSON per article, with the scores of its paragraphs."""
    import joblib

    model = joblib.load(pipeline)

    def score(articles: list[tuple[str, list[str]]]) -> None:
        texts = [text for _, paragraphs in articles for text in paragraphs]
        rows = iter(model.predict_proba(texts).round(4).tolist())
        for id, paragraphs in articles:
            scored = [{"text": text, "scores": next(rows)} for text in paragraphs]
            record = {"id": id, "paragraphs": scored}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    waiting: list[tuple[str, list[str]]] = []
    size = 0
    with gzip.open(corpus, "rt", encoding="utf-8") as lines, output.open("w") as file:
        for article in iter_articles(lines):
            waiting.append((article["id"], paragraphs_of(article["text"])))
            size += len(waiting[-1][1])
            if size >= _AT_ONCE:
                score(waiting)
                waiting, size = [], 0
        if waiting:
            score(waiting)


if __name__ == "__main__":
    if sys.argv[1] == "fit":
        fit(Path(sys.argv[2]), sys.argv[3])
    else:
        tag(*map(Path, sys.argv[2:5]))
