"""Scores are re-anchored to the prevalence of the texts at hand, given or estimated."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from depeche import load_model
from depeche.labels.errors import InputError
from depeche.labels.schema import read_schema
from depeche.model.deciding.decisions import Rule, conformal_limit
from depeche.model.deciding.prevalence import anchor, estimate_prevalence, read_prevalence
from depeche.model.tagging import SHIPPED, Model

SCHEMA = read_schema()
MODEL = load_model(SHIPPED)
HELD_OUT = MODEL.artifact.held_out  # the shipped model's out-of-fold scores and labels
TOPICS = range(4)
SHARES = dict(zip(SCHEMA.label_names, [0.05, 0.01, 0.05, 0.01, 0.2, 0.6, 0.2], strict=True))


def test_prevalence_is_found_and_scores_hold_at_it() -> None:
    """Paragraphs drawn so that a topic is rare: its estimated share and its scores follow."""
    rng = np.random.default_rng(0)
    trained = MODEL.artifact.prevalence
    rare = HELD_OUT.Y[:, 0] & (rng.random(len(HELD_OUT.Y)) < 0.2)
    kept = rare | ~HELD_OUT.Y[:, 0]
    proba, Y = HELD_OUT.proba[kept], HELD_OUT.Y[kept]
    share = Y[:, 0].mean()
    assert trained[0] > 3 * share
    estimated = estimate_prevalence(proba, trained, SCHEMA)
    assert estimated[0] == pytest.approx(share, abs=0.02)
    assert estimated[4:].sum() == pytest.approx(1)
    anchored = anchor(proba, trained, estimated, SCHEMA)
    before = abs(proba[:, 0].mean() - share)
    assert abs(anchored[:, 0].mean() - share) < before / 2
    assert anchored[:, 4:].sum(axis=1) == pytest.approx(1)
    assert np.allclose(anchor(proba, trained, trained, SCHEMA), proba, atol=2e-4)


def test_limits_follow_the_prevalence() -> None:
    shares = np.array([0.02, 0.01, 0.05, 0.01, 0.2, 0.6, 0.2])
    model = Model(MODEL.artifact, Rule(coverage=0.9), shares)
    anchored = anchor(HELD_OUT.proba, MODEL.artifact.prevalence, shares, SCHEMA)
    for j in TOPICS:
        expected = conformal_limit(anchored[HELD_OUT.Y[:, j], j], 0.9)
        assert model.decisions.limits.possible[j] == pytest.approx(expected)
        assert model.decisions.limits.sure[j] == 0.9


def test_label_that_no_paragraph_has_is_not_given_for_its_prevalence() -> None:
    none = replace(MODEL.artifact, held_out=replace(HELD_OUT, Y=HELD_OUT.Y & (np.arange(7) != 1)))
    shares = np.array(list(SHARES.values()))
    assert anchor(np.full((1, 7), 0.01), none.prevalence, shares, SCHEMA)[0, 1] < 1
    rare = anchor(np.full((1, 7), 1e-4), none.prevalence, shares, SCHEMA)
    assert rare[0, 1] < 0.05


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ('{"space": 0.1, "space": 0.2}', "'space' stands twice"),
        ("{}", "give the share of each label, as in {"),
        (json.dumps(SHARES | {"space": 1.5}), "each share must lie between 0 and 1"),
        (json.dumps(SHARES | {"neutral": 0.3}), "must sum to 1, not 0.700"),
    ],
)
def test_faulty_prevalence_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(InputError, match=f"^{path}: .*{message}"):
        read_prevalence(path, SCHEMA)
