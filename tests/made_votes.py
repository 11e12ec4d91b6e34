"""Votes of several annotators, made for the tests of agreement."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from conftest import write_rows

from depeche.labels.agreement.agreement import Agreement, measure_agreement
from depeche.labels.agreement.votes import Votes
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema, parse_schema, read_schema

SHIPPED = read_schema()

Answer = Sequence[str] | str | None


def schema_of(kind: str, labels: Sequence[str]) -> Schema:
    label = [{"id": x, "fr": x, "en": x, "definition": x} for x in labels]
    dimension = [{"id": "d", "kind": kind, "fr": "d", "en": "d", "label": label}]
    return parse_schema({"name": "t", "version": 1, "dimension": dimension}, where="test")


def votes_of(
    kind: str,
    labels: Sequence[str],
    answers: Mapping[str, Sequence[Answer]],
    articles: Sequence[str] | None = None,
) -> Votes:
    """Return the votes of some annotators, None where one has not labelled the paragraph.

    An answer is a label or several; "" is none.
    """
    n = len(next(iter(answers.values())))
    paragraphs = []
    for i in range(n):
        given_ = {
            a: x for a, x in ((a, given_by[i]) for a, given_by in answers.items()) if x is not None
        }
        if len(given_) > 1:
            paragraphs.append(
                LabelledParagraph(
                    id=str(i),
                    article=articles[i] if articles else str(i),
                    text="x",
                    kind="body",
                    labels={},
                    annotator=None,
                    source=None,
                    date=None,
                    votes={a: {"d": tuple(y for y in labels if y in x)} for a, x in given_.items()},
                )
            )
    return Votes(
        schema=schema_of(kind, labels),
        annotators=tuple(answers),
        paragraphs=tuple(paragraphs),
        n_labelled={},
        n_alone=0,
        n_kind_disputed=0,
        notes=(),
    )


def measured(*args: object, **settings: int) -> Agreement:
    return measure_agreement(votes_of(*args), **settings)  # type: ignore[arg-type]


def value(agreement: Agreement, measure: str, label: str | None = None) -> float | None:
    (dimension,) = agreement.dimensions
    measures = dimension.measures if label is None else dimension.labels[label].measures
    return measures[measure].value  # type: ignore[index]


def close(a: float | None, b: float) -> bool:
    """Return whether two values are the same, None that of NaN."""
    return math.isnan(b) if a is None else a == pytest.approx(b, abs=1e-12)


def krippendorffs_four() -> dict[str, list[str | None]]:
    rows = ("123321412...", "1233224125.3", ".333234" + "2251.", "1233244125" + "1.")
    return {
        name: [None if x == "." else x for x in row] for name, row in zip("ABCD", rows, strict=True)
    }


# Files

BASE = {"article": "x", "topics": [], "stance": "neutral"}


def rows(annotator: str | None, *labels: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"id": f"p{i}", "text": f"Texte {i}."} | BASE | {"annotator": annotator} | dict(x)
        for i, x in enumerate(labels)
    ]


# Disputes


def two_readers(folder: Path) -> list[Path]:
    """Write six paragraphs of three articles as two annotators have labelled them."""
    anna: list[tuple[str, list[str], str]] = [
        ("x", ["space"], "neutral"),
        ("x", [], "critical"),
        ("y", ["space", "military"], "neutral"),
        ("y", ["military"], "supportive"),
        ("z", [], "neutral"),
        ("z", ["diplomacy"], "critical"),
    ]
    bruno = list(anna)
    bruno[1:3] = [("x", [], "neutral"), ("y", ["military"], "critical")]
    return [
        write_rows(
            folder / f"{name}.jsonl",
            rows(name, *({"article": a, "topics": t, "stance": s} for a, t, s in answers)),
        )
        for name, answers in (("anna", anna), ("bruno", bruno))
    ]
