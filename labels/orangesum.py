"""Finds the texts of stand-off paragraphs in a clone of OrangeSum; hashes prove them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.paragraphs import LabelledParagraph, sha256_of
from depeche.labels.system.places import is_folder


def hydrate(paragraphs: Iterable[LabelledParagraph], folder: Path) -> list[LabelledParagraph]:
    """Return the paragraphs with the texts of their spans, which their hashes prove.

    Raises
    ------
    LabelsError
        When `folder` is no clone of OrangeSum, a document is missing, or a text has changed.
    """
    documents = folder / "data" / "docs" / "parsed"
    if not is_folder(documents):
        raise LabelsError(
            f"{folder}: not a clone of OrangeSum, data/docs/parsed is missing; get it with "
            "git clone https://github.com/Tixierae/OrangeSum"
        )
    articles: dict[int, str] = {}
    hydrated = []
    for paragraph in paragraphs:
        span = paragraph.span
        if span is None:
            hydrated.append(paragraph)
            continue
        if span.doc not in articles:
            articles[span.doc] = _read_article(documents / f"{span.doc}.json")
        text = articles[span.doc][span.start : span.end]
        if sha256_of(text) != span.sha256:
            raise LabelsError(
                f"{documents / f'{span.doc}.json'}: the text of {paragraph.id} is not the one "
                "that was labelled: its hash differs; use an unchanged clone"
            )
        hydrated.append(replace(paragraph, text=text))
    return hydrated


def _read_article(path: Path) -> str:
    try:
        article = parse_json(path.read_text(encoding="utf-8"))["article"]
    except OSError as err:
        raise LabelsError(f"{path}: cannot be read: {err.strerror}") from err
    except (ValueError, KeyError, TypeError) as err:
        raise LabelsError(f"{path}: not an OrangeSum document with an 'article'") from err
    if not isinstance(article, str):
        raise LabelsError(f"{path}: 'article' is not a text")
    return article
