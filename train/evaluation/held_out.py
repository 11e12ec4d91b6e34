"""Held-out predictions: the scores and decisions of a training's folds, as JSON lines.

There is one line per paragraph, without its text: `{"id", "article", "source"?, "date"?, "labels",
"scores", "given"}`. Labels have their names in the schema (`Schema.label_names`); scores are
rounded.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.dataset import LabelledSet
from depeche.labels.errors import TrackingError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import DIGITS


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Held-out predictions; `Y`, `proba` and `given` are (n_samples, n_labels) in schema order."""

    ids: tuple[str, ...]
    articles: tuple[str, ...]
    Y: NDArray[np.int64]
    proba: NDArray[np.float64]
    given: NDArray[np.bool_]

    def chosen(self, ids: Collection[str]) -> Predictions:
        """Return the predictions of some paragraphs."""
        rows = [i for i, name in enumerate(self.ids) if name in ids]
        return Predictions(
            ids=tuple(self.ids[i] for i in rows),
            articles=tuple(self.articles[i] for i in rows),
            Y=self.Y[rows],
            proba=self.proba[rows],
            given=self.given[rows],
        )


def format_held_out(
    labels: LabelledSet,
    Y: NDArray[np.int64],
    proba: NDArray[np.float64],
    given: NDArray[np.bool_],
) -> str:
    """Return one line per paragraph of a labelled set; arrays are those of `Predictions`."""
    names = np.array(labels.schema.label_names)
    lines = []
    for i, paragraph in enumerate(labels.paragraphs):
        known = {"source": paragraph.source, "date": paragraph.date}
        row = {
            "id": paragraph.id,
            "article": paragraph.article,
            **{key: value for key, value in known.items() if value is not None},
            "labels": names[Y[i] > 0].tolist(),
            "scores": dict(zip(names.tolist(), proba[i].round(DIGITS).tolist(), strict=True)),
            "given": names[given[i]].tolist(),
        }
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def read_held_out(path: Path, schema: Schema) -> Predictions:
    """Return the predictions in a file.

    Raises
    ------
    TrackingError
        When the file cannot be read, breaks the format, or has labels of another schema.
    """
    try:
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        rows = [_parse_row(line, schema) for line in lines]
    except OSError as err:
        raise TrackingError(
            f"{path}: held-out predictions cannot be read: {err.strerror}; train the run anew"
        ) from err
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise TrackingError(
            f"{path}: no held-out predictions of this schema: {err!r}; train the run anew"
        ) from err
    shape = (len(rows), schema.n_labels)
    return Predictions(
        ids=tuple(row["id"] for row in rows),
        articles=tuple(row["article"] for row in rows),
        Y=np.array([row["labels"] for row in rows], dtype=np.int64).reshape(shape),
        proba=np.array([row["scores"] for row in rows], dtype=np.float64).reshape(shape),
        given=np.array([row["given"] for row in rows], dtype=bool).reshape(shape),
    )


def _parse_row(line: str, schema: Schema) -> dict[str, Any]:
    row = parse_json(line)
    names = schema.label_names
    unknown = {*row["labels"], *row["scores"], *row["given"]} - set(names)
    if unknown:
        raise ValueError(f"unknown label {min(unknown)}")
    return {
        "id": str(row["id"]),
        "article": str(row["article"]),
        "labels": [name in row["labels"] for name in names],
        "scores": [float(row["scores"][name]) for name in names],
        "given": [name in row["given"] for name in names],
    }
