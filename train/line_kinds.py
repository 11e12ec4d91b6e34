"""Fitting the reader's model of line kinds: body, heading or boilerplate."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from depeche.labels.dataset import FOLDER
from depeche.labels.paragraphs import KINDS, Kind
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema
from depeche.model.reading.line_kinds.classifier import KindModel
from depeche.model.reading.line_kinds.features import unit_features
from depeche.model.reading.wrapping import split_units

LINES = FOLDER / "lines.jsonl"

# Added to the log-probability of body: dropping a paragraph is the worse error. Chosen out of fold
# on the training lines, so that 99 % of the body units are kept.
_BODY_BIAS = 2.7
_N_FOLDS = 8
_SEED_WEIGHT = 5.0  # real pages are few among texts written to look like some


@dataclass(frozen=True, kw_only=True)
class MarkedText:
    """The units of one text, and the kind of each."""

    id: str
    site: str
    units: tuple[str, ...]
    gaps: tuple[bool, ...]
    kinds: tuple[Kind, ...]


def read_marked_lines(path: Path) -> list[MarkedText]:
    """Return the texts of a file of marked lines, split into units as the reader does."""
    texts = []
    for row in path.read_text(encoding="utf-8").splitlines():
        article = json.loads(row)
        lines = article["lines"]
        text = "\n".join(line["text"] for line in lines)
        starts = np.cumsum([0, *(len(line["text"]) + 1 for line in lines)])
        units = split_units(text, len(lines))
        kinds = [
            lines[int(np.searchsorted(starts, unit.start, side="right")) - 1]["kind"]
            for unit in units
        ]
        texts.append(
            MarkedText(
                id=article["id"],
                site=article["site"],
                units=tuple(text[unit.start : unit.end] for unit in units),
                gaps=tuple(unit.gap for unit in units),
                kinds=tuple(kinds),
            )
        )
    return texts


def read_marked_articles() -> list[MarkedText]:
    """Return the seeds and the composed articles with boilerplate, from the label files."""
    rows: dict[tuple[str, str], list[tuple[str, Kind]]] = {}
    for name in ("seeds", "composed"):
        for p in read_labels(FOLDER / f"{name}.jsonl", read_schema()):
            if name == "composed" and p.kind == "heading":
                continue  # the title is a field there, not a line of the text
            rows.setdefault((p.article, name), []).append((p.text, p.kind))
    return [
        MarkedText(
            id=article,
            site=name,
            units=tuple(text for text, _ in lines),
            gaps=tuple(name == "composed" or i == 0 for i in range(len(lines))),
            kinds=tuple(kind for _, kind in lines),
        )
        for (article, name), lines in rows.items()
    ]


def fit_kind_model(texts: Sequence[MarkedText]) -> KindModel:
    """Return the model fitted on marked texts by gradient boosting (Friedman 2001)."""
    return copy_trees(fit_trees(texts))


def fit_trees(texts: Sequence[MarkedText]) -> HistGradientBoostingClassifier:
    """Return scikit-learn's own object, whose classes are the positions in `KINDS`."""
    X, y = _stacked(texts)
    return HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=20,
        min_samples_leaf=8,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        random_state=0,
    ).fit(X, y, sample_weight=_weights(texts))


def copy_trees(trees: HistGradientBoostingClassifier) -> KindModel:
    """Return the trees as arrays, with the bias of the reader.

    Read from private attributes, for want of public ones: a test holds the copy to the original.
    """
    nodes = [tree.nodes for iteration in trees._predictors for tree in iteration]
    integers, floats = ("feature", "left", "right"), ("threshold", "value")
    shape = len(nodes), max(len(tree) for tree in nodes)
    arrays: dict[str, NDArray[Any]] = {name: np.zeros(shape, np.int64) for name in integers}
    arrays |= {name: np.zeros(shape, np.float64) for name in floats}
    for i, tree in enumerate(nodes):
        n, leaf = len(tree), tree["is_leaf"].astype(bool)
        itself = np.arange(n)
        arrays["feature"][i, :n] = np.where(leaf, 0, tree["feature_idx"])
        arrays["threshold"][i, :n] = np.where(leaf, 0, tree["num_threshold"])
        arrays["left"][i, :n] = np.where(leaf, itself, tree["left"])
        arrays["right"][i, :n] = np.where(leaf, itself, tree["right"])
        arrays["value"][i, :n] = tree["value"]
    return KindModel(
        **arrays,
        baseline=trees._baseline_prediction.ravel(),
        bias=np.array([_BODY_BIAS, 0.0, 0.0]),
    )


def predict_out_of_fold(texts: Sequence[MarkedText]) -> list[list[Kind]]:
    """Return the kinds of the units of each text, by a model that was not fitted on the text."""
    kinds: list[list[Kind]] = [[] for _ in texts]
    splitter = GroupKFold(_N_FOLDS, shuffle=True, random_state=0)
    for fitted, held_out in splitter.split(texts, groups=range(len(texts))):
        model = fit_kind_model([texts[i] for i in fitted])
        for i in held_out:
            kinds[i] = model.kinds(unit_features(texts[i].units, texts[i].gaps))
    return kinds


def score_kinds(
    texts: Sequence[MarkedText], predicted: Sequence[Sequence[Kind]]
) -> dict[str, float]:
    """Return the shares of body kept and of boilerplate removed, with the numbers of units."""
    pairs = [
        pair
        for text, kinds in zip(texts, predicted, strict=True)
        for pair in zip(text.kinds, kinds, strict=True)
    ]
    body = [kind for marked, kind in pairs if marked == "body"]
    boilerplate = [kind for marked, kind in pairs if marked == "boilerplate"]
    return {
        "body_kept": body.count("body") / len(body),
        "boilerplate_removed": 1 - boilerplate.count("body") / len(boilerplate),
        "n_body": len(body),
        "n_boilerplate": len(boilerplate),
    }


def save_kind_model(model: KindModel, path: Path) -> None:
    """Write the model as arrays, without pickle."""
    buffer = io.BytesIO()
    arrays = {
        name: values.astype(np.int16 if values.dtype == np.int64 else np.float64)
        for name, values in asdict(model).items()
    }
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    path.write_bytes(buffer.getvalue())


def _weights(texts: Sequence[MarkedText]) -> NDArray[np.float64]:
    """Return the weight of each unit in fitting, (n_units,)."""
    return np.concatenate(
        [np.full(len(t.units), _SEED_WEIGHT if t.site == "seeds" else 1.0) for t in texts]
    )


def _stacked(texts: Sequence[MarkedText]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    X = np.vstack([unit_features(text.units, text.gaps) for text in texts])
    return X, np.array([KINDS.index(kind) for text in texts for kind in text.kinds])
