"""Held-out predictions, listing runs and comparing them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Classify, run_classify

from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.errors import ComparisonError, TrackingError
from depeche.labels.schema import read_schema
from depeche.train.evaluation.comparison import (
    benjamini_hochberg,
    compare_predictions,
)
from depeche.train.evaluation.held_out import Predictions, format_held_out, read_held_out
from depeche.train.evaluation.metrics import indicator
from depeche.train.tracking.comparing import compare_runs
from depeche.train.tracking.store import Run

SCHEMA = read_schema()
LABELS = load_labels([FOLDER / "composed.jsonl"], SCHEMA)


def held_out(seed: int = 0) -> Predictions:
    """Return predictions of the composed articles that are right most of the time."""
    Y, rng = indicator(LABELS), np.random.default_rng(seed)
    proba = (0.45 * Y + 0.55 * rng.random(Y.shape)).round(4)
    given = proba >= 0.5
    given[:, 4:] = np.eye(3, dtype=bool)[proba[:, 4:].argmax(1)]
    ids = tuple(p.id for p in LABELS.paragraphs)
    return Predictions(ids=ids, articles=tuple(LABELS.articles), Y=Y, proba=proba, given=given)


def test_held_out_predictions_survive_their_file_and_hold_no_text(tmp_path: Path) -> None:
    known = held_out()
    text = format_held_out(LABELS, known.Y, known.proba, known.given)
    (tmp_path / "x.jsonl").write_text(text)
    predictions = read_held_out(tmp_path / "x.jsonl", SCHEMA)
    assert (predictions.ids, predictions.articles) == (known.ids, known.articles)
    for name in ("Y", "proba", "given"):
        assert (getattr(predictions, name) == getattr(known, name)).all()
    row = json.loads(text.splitlines()[0])
    assert list(row) == ["id", "article", "source", "date", "labels", "scores", "given"]
    assert list(row["scores"]) == list(SCHEMA.label_names)


@pytest.mark.parametrize("line", ["", "{}", "[1]", '{"id": "a"', '{"labels": ["x"]}'])
def test_broken_predictions_are_refused_with_the_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.jsonl").write_text(line)
    with pytest.raises(TrackingError, match=r"x\.jsonl: no held-out predictions"):
        read_held_out(tmp_path / "x.jsonl", SCHEMA)


def test_predictions_do_not_differ_from_themselves_in_another_order() -> None:
    a = held_out()
    order = np.random.default_rng(1).permutation(len(a.ids))
    b = replace(
        a,
        ids=tuple(a.ids[i] for i in order),
        articles=tuple(a.articles[i] for i in order),
        **{name: getattr(a, name)[order] for name in ("Y", "proba", "given")},
    )
    for d in compare_predictions(a, b, SCHEMA, n_resamples=50):
        assert (d.value, d.low, d.high, d.p, d.real) == (0, 0, 0, 1, False)


def test_only_the_label_that_was_made_better_is_called_real() -> None:
    a, given = held_out(), held_out().given.copy()
    wrong = np.flatnonzero(given[:, 3] != (a.Y[:, 3] > 0))
    given[wrong[::2], 3] ^= True
    differences = compare_predictions(a, replace(a, given=given), SCHEMA)
    real = [d for d in differences if d.real]
    assert [d.label for d in real if d.label] == [SCHEMA.dimensions[0].label_ids[3]]
    for d in real:
        assert 0 < d.low <= d.value <= d.high
        assert d.p <= 0.05


def test_noise_is_seldom_called_real() -> None:
    """Of 20 pairs that are equally good, few have any difference that is called real."""
    pairs = [
        compare_predictions(held_out(i), held_out(100 + i), SCHEMA, n_resamples=300)
        for i in range(20)
    ]
    assert sum(any(d.real for d in pair) for pair in pairs) <= 3


def test_benjamini_hochberg_gives_the_published_example() -> None:
    """Benjamini and Hochberg 1995, 3.2: four of fifteen are rejected at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert benjamini_hochberg(np.array(p), 0.05).tolist() == [True] * 4 + [False] * 11
    assert benjamini_hochberg(np.array(p[::-1]), 0.05).tolist() == [False] * 11 + [True] * 4


@pytest.mark.slow
def test_compare_says_that_shuffled_predictions_are_worse(runs: Path) -> None:
    done = run_classify("compare", "good", "shuffled", cwd=runs)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].split()[2:3] == ["good"]
    assert "709 paragraphs of" in lines[2]
    for dimension in SCHEMA.dimensions:
        assert any(line.startswith(f"B is worse on {dimension.id} as a whole: -") for line in lines)


@pytest.mark.slow
def test_compare_as_json_and_with_itself(runs: Path) -> None:
    comparison = json.loads(run_classify("compare", "good", "shuffled", "--json", cwd=runs).stdout)
    first = comparison["differences"][0]
    assert first["label"] == SCHEMA.dimensions[0].label_ids[0]
    assert first["high"] < 0
    prefix = comparison["a"]["id"][:6]
    done = run_classify("compare", prefix, "good", cwd=runs)
    assert done.stdout.splitlines()[-1] == "A and B are the same run: no difference."


@pytest.mark.slow
def test_compare_refuses_other_data_other_schemas_and_unknown_runs(runs: Path) -> None:
    rows = {r["name"]: r for r in json.loads(run_classify("runs", "--json", cwd=runs).stdout)}
    for other, what in (("other", "data"), ("codebook", "schema")):
        done = run_classify("compare", "good", other, cwd=runs)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"classify: run {rows['good']['id'][:8]} (good) has {what} {rows['good'][what][:12]}, "
            f"but run {rows[other]['id'][:8]} ({other}) has {rows[other][what][:12]}: only runs of "
            f"the same {what} can be compared\n"
        )
    for name, reason in (("abc", "no run 'abc'"), ("champion", "there is no champion yet")):
        done = run_classify("compare", "good", name, cwd=runs)
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_runs_lists_the_newest_first_within_100_columns(runs: Path) -> None:
    lines = run_classify("runs", cwd=runs).stdout.splitlines()
    assert [line.split()[1] for line in lines[1:5]] == ["codebook", "other", "shuffled", "good"]
    assert max(map(len, lines)) <= 100
    assert "709" in lines[4]
    assert LABELS.digest[:8] in lines[4]
    rows = json.loads(run_classify("runs", "--limit", 1, "--json", cwd=runs).stdout)
    assert [row["name"] for row in rows] == ["codebook"]
    assert rows[0]["champion"] is False


def test_runs_without_a_store_is_one_line_and_makes_none(
    classify: Classify, tmp_path: Path
) -> None:
    done = classify("runs")
    assert (done.returncode, done.stdout) == (0, "no run yet: classify train makes one\n")
    assert classify("runs", "--json").stdout == "[]\n"
    assert "no run yet: classify train makes one" in classify("compare", "a", "b").stderr
    assert not list(tmp_path.iterdir())


def test_runs_on_another_kind_of_split_are_refused() -> None:
    fields = dict.fromkeys(("date", "status", "backend", "data", "schema", "model_sha256"), "")
    honest, leaking = (
        Run(**fields, id=split, name=split, n_paragraphs=1, scores={}, split=split)
        for split in ("article", "random")
    )
    with pytest.raises(ComparisonError, match=r"article.*random"):
        compare_runs(None, honest, leaking)  # type: ignore[arg-type]  # refused before it is asked
