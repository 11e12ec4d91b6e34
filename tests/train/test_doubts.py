"""What an audit rests on: doubts about labels, keyword rules, and the drift of annotators."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_rows, write_schema
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from depeche.labels.dataset import LabelledSet, load_labels
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Dimension, Schema, read_schema
from depeche.train.audit.contradictions import broken_rules
from depeche.train.audit.doubts import confident_answers, find_doubts
from depeche.train.audit.drift import FEWEST, Shift, find_drift

MULTI, SINGLE = (
    Dimension(id="x", kind=kind, fr="x", en="x", labels=read_schema().dimensions[1].labels)
    for kind in ("multi", "single")
)
SCORES = arrays(np.float64, (12, 3), elements=st.floats(0.001, 0.999))
ANSWERS = arrays(np.int64, (12, 3), elements=st.integers(0, 1))


def one_each(places: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.eye(3, dtype=np.int64)[list(places)]


@given(SCORES, ANSWERS, st.permutations(range(12)))
def test_doubts_do_not_depend_on_the_order_of_the_paragraphs(
    proba: Any, Y: Any, order: list[int]
) -> None:
    plain, moved = find_doubts(MULTI, Y, proba), find_doubts(MULTI, Y[order], proba[order])
    assert (plain.doubt[order] == moved.doubt).all()
    assert ((plain.doubt >= 0) & (plain.doubt <= 1)).all()
    rows, cells = plain.ranked()
    ranked = plain.doubt[rows, cells]
    assert (np.diff(ranked) <= 0).all()
    assert sorted(zip(rows, cells, strict=True)) == [(i, j) for i in range(12) for j in range(3)]


@given(SCORES, ANSWERS)
def test_yes_and_no_are_treated_alike(proba: Any, Y: Any) -> None:
    plain, turned = find_doubts(MULTI, Y, proba), find_doubts(MULTI, 1 - Y, 1 - proba)
    assert np.allclose(plain.doubt, turned.doubt)


@given(SCORES, st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_a_single_answer_is_doubted_by_what_the_others_get(proba: Any, places: list[int]) -> None:
    proba = proba / proba.sum(axis=1, keepdims=True)
    doubts = find_doubts(SINGLE, one_each(places), proba)
    assert doubts.label[:, 0].tolist() == places
    assert (doubts.instead != doubts.label).all()
    assert np.allclose(doubts.doubt[:, 0], [1 - proba[i, j] for i, j in enumerate(places)])


def test_an_answer_looks_wrong_when_another_reaches_what_it_usually_gets() -> None:
    proba = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.2, 0.8], [0.15, 0.85], [0.5, 0.5]])
    given_ = np.array([0, 0, 1, 1, 0, 1])
    # On average 0.58 for the first where it is given, 0.67 for the second.
    assert confident_answers(proba, given_).tolist() == [0, 0, 1, 1, 1, 1]
    assert confident_answers(proba, np.zeros(6, dtype=np.int64)).tolist() == [0] * 6


def test_keyword_is_a_rule_only_where_nearly_all_others_with_it_have_the_label(
    tmp_path: Path,
) -> None:
    path = write_schema(tmp_path / "schema.toml", {"x": ("multi", ["feu"])})
    path.write_text(path.read_text() + 'keywords = ["flamme*", "rouge"]\n')
    (dimension,) = read_schema(path).dimensions
    texts = [f"Les flammes {i} montent." for i in range(11)] + ["Un mur rouge."] * 11 + ["Rien."]
    Y = np.array([[1]] * 10 + [[0]] + [[1]] * 8 + [[0]] * 3 + [[1]])
    broken = broken_rules(dimension, Y, texts)
    assert list(broken) == [(10, 0)]
    rule = broken[10, 0]
    assert (rule.keyword, rule.n_labelled, rule.n_others) == ("flamme*", 10, 10)


def shifts_of(schema: Schema, late: float, sources: str, seed: int) -> tuple[Shift, ...]:
    """Return an annotator's shifts, who in the last half gives `feu` more often by `late`."""
    rng = np.random.default_rng(seed)
    n = 4 * FEWEST
    expected = rng.uniform(0.1, 0.7, (n, 2))
    rate = expected + np.outer(np.arange(n) >= n / 2, [0, late])
    paragraphs = tuple(
        LabelledParagraph(
            id=f"p{i}",
            article=f"a{i // 2}",
            text="x",
            kind="body",
            labels={},
            annotator="anne",
            date=None,
            source=sources[i * len(sources) // n],
        )
        for i in range(n)
    )
    labels = LabelledSet(schema=schema, paragraphs=paragraphs, digests={}, n_left_out=0)
    Y = (rng.random((n, 2)) < rate).astype(np.int64)
    (anne,) = find_drift(labels, Y, expected, rng.random(n) < 0.1)
    assert (anne.name, anne.n_paragraphs) == ("anne", n)
    return anne.shifts


@pytest.fixture
def themes(tmp_path: Path) -> Schema:
    return read_schema(write_schema(tmp_path / "x.toml", {"thèmes": ("multi", ["eau", "feu"])}))


def test_drift_has_its_label_and_interval(themes: Schema) -> None:
    shifts = shifts_of(themes, 0.25, "a", seed=4)
    assert [shift.label for shift in shifts] == [None, "eau", "feu"]
    (real,) = [shift for shift in shifts if shift.real]
    assert real.label == "feu"
    assert 0 < real.low < 0.25 < real.high
    assert real.difference == pytest.approx(real.last - real.first)


def test_noise_is_called_drift_once_in_twenty_times(themes: Schema) -> None:
    called = [any(s.real for s in shifts_of(themes, 0.0, "a", seed)) for seed in range(200)]
    assert 0.01 <= np.mean(called) <= 0.1


def test_what_differs_with_the_source_is_no_drift(themes: Schema) -> None:
    assert shifts_of(themes, 0.25, "ab", seed=0) == ()


def test_no_annotators_or_too_few_paragraphs_give_no_shifts(tmp_path: Path) -> None:
    schema = read_schema(write_schema(tmp_path / "schema.toml", {"x": ("multi", ["eau"])}))
    rows: list[dict[str, object]] = [
        {"id": f"p{i}", "article": f"p{i}", "text": "x", "x": [], "annotator": "zoé" if i else None}
        for i in range(FEWEST)
    ]
    labels = load_labels([write_rows(tmp_path / "x.jsonl", rows)], schema)
    zeros = np.zeros((FEWEST, 1))
    (zoe,) = find_drift(labels, zeros.astype(np.int64), zeros, np.zeros(FEWEST, dtype=bool))
    assert (zoe.name, zoe.n_paragraphs, zoe.shifts) == ("zoé", FEWEST - 1, ())
    nobody = load_labels([write_rows(tmp_path / "y.jsonl", rows[:1])], schema)
    assert find_drift(nobody, zeros[:1].astype(np.int64), zeros[:1], np.zeros(1, dtype=bool)) == ()
