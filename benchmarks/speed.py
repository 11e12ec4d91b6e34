"""Measures the CPU time to read a plain text article of 5 KB, and to score it, in one process.

    python benchmarks/speed.py

The articles are made of the composed paragraphs, with their boilerplate. Each is read and scored
once, so that nearly every word is new to both. The second line measures reading as batches do it,
many articles together. There is no bar.
"""

from __future__ import annotations

import time

from depeche import load_model
from depeche.labels.dataset import FOLDER
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema
from depeche.model.reading.reader import RawArticle, parse_article, parse_articles

SIZE = 5_000
TOGETHER = 128


def articles() -> list[bytes]:
    """Return texts of about 5 KB, paragraphs and boilerplate in their order."""
    texts, lines = [], []
    for paragraph in read_labels(FOLDER / "composed.jsonl", read_schema()):
        lines.append(paragraph.text)
        text = "\n\n".join(lines).encode()
        if len(text) >= SIZE:
            texts.append(text)
            lines = []
    return texts


def main() -> None:
    """Measure and print."""
    model = load_model()
    texts = articles()
    parse_article(texts[0], id="warm-up")  # loads what is loaded once
    reading = scoring = 0.0
    for text in texts:
        start = time.process_time()
        article = parse_article(text, id="x")
        read = time.process_time()
        model.records([article])[0]
        scoring += time.process_time() - read
        reading += read - start
    start = time.process_time()
    for i in range(0, len(texts), TOGETHER):
        parse_articles([RawArticle(text, "x") for text in texts[i : i + TOGETHER]])
    together = time.process_time() - start
    size = sum(map(len, texts)) / len(texts) / 1000
    print(f"{len(texts)} articles of {size:.1f} KB, CPU per article")
    print(f"reading  {1000 * reading / len(texts):6.2f} ms")
    print(f"reading  {1000 * together / len(texts):6.2f} ms   {TOGETHER} articles together")
    print(f"scoring  {1000 * scoring / len(texts):6.2f} ms   {scoring / reading:.2f} times reading")


if __name__ == "__main__":
    main()
