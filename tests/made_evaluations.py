"""Evaluations for the tests of reports and plots, of random labels and hostile texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from made_schemas import make_schema
from matplotlib.figure import Figure

from depeche.labels.dataset import LabelledSet
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema
from depeche.model.deciding.calibration import sigmoid, softmax
from depeche.model.tagging import Model
from depeche.train.evaluation.evaluate import Scored, evaluate
from depeche.train.reports.plots import plots

HOSTILE = "Le <script>alert('x')</script> dit & *crie* | `fort` [ici](http://x.fr/a.js) à la fusée"
N = 60


@dataclass(frozen=True)
class Case:
    schema: Schema
    scored: Scored
    evaluation: dict[str, Any]

    @cached_property
    def figures(self) -> dict[str, Figure]:
        return plots(self.scored, self.evaluation)


def make_case(schema: Schema) -> Case:
    """Return paragraphs with random labels and scores, and their evaluation as after a training."""
    Y, logits, proba, given = random_scores(schema)
    paragraphs = tuple(
        LabelledParagraph(
            id=f"p<{i}>",
            article=f"a{i // 2}",
            text=HOSTILE,
            labels={
                d.id: tuple(x for x, y in zip(d.label_ids, Y[i, span], strict=True) if y)
                for d, span in schema.columns()
            },
            source="journal<b>",
            kind="body",
            annotator=None,
            date=None,
            span=None,
        )
        for i in range(N)
    )
    labels = LabelledSet(schema=schema, paragraphs=paragraphs, digests={}, n_left_out=0)
    scored = Scored(labels=labels, Y=Y, logits=logits, proba=proba, given=given)
    evaluation = {**evaluate(scored, stub_model(schema)), "signature": "data:abc|n:60"}
    return Case(schema, scored, evaluation | after_training(schema))


def random_scores(schema: Schema) -> tuple[np.ndarray, ...]:
    """Return random `Y`, `logits`, `proba` and `given`, each (N, n_labels)."""
    rng = np.random.default_rng(0)
    Y = np.zeros((N, schema.n_labels), dtype=np.int64)
    proba, given = np.zeros(Y.shape), np.zeros(Y.shape, dtype=bool)
    logits = rng.normal(size=Y.shape)
    for dimension, span in schema.columns():
        if dimension.kind == "multi":
            Y[:, span] = rng.random((N, span.stop - span.start)) < 0.4
            proba[:, span] = sigmoid(logits[:, span])
            given[:, span] = proba[:, span] > 0.5
        else:
            Y[np.arange(N), span.start + rng.integers(0, span.stop - span.start, N)] = 1
            proba[:, span] = softmax(logits[:, span])
            given[np.arange(N), span.start + proba[:, span].argmax(axis=1)] = True
    return Y, logits, proba, given


def stub_model(schema: Schema) -> Model:
    """Return the parts of a model that an evaluation needs, with the same evidence everywhere."""
    evidence = [["fusée", 2.34], ["à la fusée", 1.1], ["dit", -0.5]]
    model = SimpleNamespace(
        artifact=SimpleNamespace(calibration=SimpleNamespace(method=["platt"] * schema.n_labels)),
        decisions=SimpleNamespace(threshold=np.full(schema.n_labels, 0.5)),
        evidence=lambda texts, given: [dict.fromkeys(schema.label_names, evidence) for _ in texts],
    )
    return cast(Model, model)


def after_training(schema: Schema) -> dict[str, Any]:
    """Return the fields of `train.diagnostics`."""
    ids = [d.id for d in schema.dimensions]
    kinds = [d.kind for d in schema.dimensions for _ in d.labels]
    kept: dict[str, float | None] = {"review": 0.12, "covered": 0.81}
    precise: dict[str, float | None] = {"precision": None, "recall": 0.37}
    by_label = {
        name: kept | (precise if kind == "multi" else {})
        for name, kind in zip(schema.label_names, kinds, strict=True)
    }
    return {
        "promises": {"0.8": by_label, "0.9": by_label},
        "leakage": {
            "random": dict.fromkeys(ids, 0.8),
            "article": dict.fromkeys(ids, 0.788),
            "gap": dict.fromkeys(ids, 0.012),
        },
        "learning": {
            "points": [{"n": n, **dict.fromkeys(ids, 0.5 + n / 1e3)} for n in (100, 200, 400)],
            "next": dict.fromkeys(ids, 0.0044),
        },
    }


SCHEMAS = {
    "two dimensions": make_schema({"t": ("multi", 4), "s": ("single", 3)}, keywords=True),
    "one of six, no keywords": make_schema({"only": ("single", 6)}, keywords=False),
    "twenty topics, no keywords": make_schema({"many": ("multi", 20)}, keywords=False),
}


@cache
def case_of(name: str) -> Case:
    return make_case(SCHEMAS[name])


def without(case: Case, *keys: str) -> Case:
    """Return a case whose evaluation lacks some fields."""
    kept = {key: value for key, value in case.evaluation.items() if key not in keys}
    return Case(case.schema, case.scored, kept)
