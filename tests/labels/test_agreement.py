"""Intervals of agreement, what has no value, and the command `classify agreement`."""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Classify, write_rows, write_schema
from made_votes import (
    SHIPPED,
    measured,
    rows,
    two_readers,
    value,
)

from depeche.labels.agreement.agreement import Agreement
from depeche.labels.agreement.disputes import (
    read_disputes,
)

GOLD = ROOT / "tests" / "gold" / "agreement.json"


# Intervals


def noisy(n: int, *, by_article: int = 1) -> Agreement:
    rng = np.random.default_rng(3)
    first = np.repeat(rng.choice(list("abc"), n), by_article)
    other = np.repeat(rng.choice(list("abc"), n), by_article)
    second = np.where(np.repeat(rng.random(n) < 0.3, by_article), other, first)
    articles = [str(i) for i in np.repeat(np.arange(n), by_article)]
    return measured("single", "abc", {"A": first.tolist(), "B": second.tolist()}, articles)


def test_intervals_hold_the_value_and_shrink_with_the_number_of_articles() -> None:
    widths = []
    for n in (40, 160, 640):
        (dimension,) = noisy(n).dimensions
        for measures in (dimension.measures, *(x.measures for x in dimension.labels.values())):
            for x in measures.values():
                assert x.low < x.value < x.high  # type: ignore[operator]
        kappa = dimension.measures["kappa"]
        widths.append(kappa.high - kappa.low)  # type: ignore[operator]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.35)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.35)


def test_repeating_paragraphs_within_articles_makes_nothing_surer() -> None:
    (once,), (thrice,) = noisy(100).dimensions, noisy(100, by_article=3).dimensions
    assert thrice.measures["kappa"] == once.measures["kappa"]


# What has no value


def test_label_that_nobody_gives_has_no_kappa_alpha_or_positive_agreement() -> None:
    agreement = measured("multi", "ab", {"A": ["a", "", "a"], "B": ["a", "a", ""]})
    measures = agreement.dimensions[0].labels["b"].measures
    assert {measure: x.value for measure, x in measures.items()} == {
        "kappa": None,
        "alpha": None,
        "positive": None,
        "observed": 1.0,
    }
    assert {x.note for m, x in measures.items() if m != "observed"} == {"nobody gives it"}


def test_same_answer_throughout_is_no_agreement_beyond_chance() -> None:
    agreement = measured("single", "ab", {"A": "aaa", "B": "aaa"})
    assert (value(agreement, "kappa"), value(agreement, "alpha")) == (None, None)
    assert value(agreement, "observed") == 1
    assert agreement.dimensions[0].measures["kappa"].note == "all answers are the same"


def test_annotator_who_never_varies_makes_kappa_nought_and_is_named() -> None:
    agreement = measured("single", "ab", {"Anna": "aaaa", "Bruno": "abab"})
    for measures in (
        agreement.dimensions[0].measures,
        agreement.dimensions[0].labels["b"].measures,
    ):
        assert measures["kappa"].value == 0
        assert "0 with Anna, whose answers are all the same" in str(measures["kappa"].note)


def test_paragraphs_of_one_article_have_no_interval() -> None:
    agreement = measured("single", "ab", {"A": "abab", "B": "abba"}, ["x"] * 4)
    kappa = agreement.dimensions[0].measures["kappa"]
    assert (kappa.value, kappa.low, kappa.high) == (0, None, None)
    assert kappa.note == "no interval: all paragraphs are of one article"


def test_label_of_few_articles_has_no_interval_and_resamples_without_it_are_counted() -> None:
    answers = ["a"] * 2 + ["b"] * 4 + [""] * 34
    other = ["a"] * 2 + ["b"] * 3 + [""] * 35
    labels = measured("multi", "ab", {"A": answers, "B": other}).dimensions[0].labels
    few, more = labels["a"].measures["positive"], labels["b"].measures["positive"]
    assert (few.value, few.low) == (1, None)
    assert few.n_undefined / 2000 == pytest.approx(math.exp(-2), abs=0.03)
    assert few.note == "no interval: it stands in too few articles"
    assert more.low is not None
    assert 0 < more.n_undefined < 100
    assert f"({more.n_undefined})" in str(more.note)


def test_full_agreement_is_said_not_to_be_certainty() -> None:
    kappa = measured("single", "ab", {"A": "ab" * 9, "B": "ab" * 9}).dimensions[0].measures["kappa"]
    assert kappa.value == 1
    assert "too narrow" in str(kappa.note)


def test_pairs_without_a_value_are_left_out_of_the_mean_and_said() -> None:
    answers = {"A": ["a", "", None, None], "B": ["a", "", "", ""], "C": [None, None, "", ""]}
    kappa = measured("multi", ["a"], answers).dimensions[0].labels["a"].measures["kappa"]
    assert kappa.value == 1
    pairs = measured("multi", ["a"], answers).dimensions[0].pairs
    assert [pair.annotators for pair in pairs] == [("A", "B"), ("B", "C")]


# The command


def rounded(data: object) -> object:
    """Return JSON data with numbers to 4 digits, and 1 for interval ends: they are drawn."""
    if isinstance(data, dict):
        ends = {k: 1 for k in ("low", "high") if data.get(k) is not None}
        return {k: rounded(v) for k, v in data.items() if k != "n_undefined"} | ends
    if isinstance(data, list):
        return [rounded(x) for x in data]
    return round(data, 4) if isinstance(data, float) else data


def test_json_is_what_it_was(classify: Classify, tmp_path: Path) -> None:
    two_readers(tmp_path)
    done = classify("agreement", "anna.jsonl", "bruno.jsonl", "--json")
    assert done.returncode == 0
    assert done.stderr == "classify: the intervals are rough: 3 articles are few to resample\n"
    expected = json.loads(GOLD.read_text())
    expected["signature"] += f"|depeche:{version('depeche')}"
    assert rounded(json.loads(done.stdout)) == expected


def test_tables_fit_80_columns_and_files_are_written(classify: Classify, tmp_path: Path) -> None:
    two_readers(tmp_path)
    write_rows(tmp_path / "carla.jsonl", rows("carla-\x1b[31m" + "x" * 40, *[{"article": "x"}] * 2))
    files = ("anna.jsonl", "bruno.jsonl", "carla.jsonl")
    out = ("--disputes", "d.jsonl", "--agreed", "a.jsonl")
    done = classify("agreement", *files, *out, COLUMNS="80")
    assert done.returncode == 0
    assert "classify: 3 paragraphs in d.jsonl\nclassify: 3 paragraphs in a.jsonl" in done.stderr
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 for line in lines if not line.startswith("data:"))
    assert "\x1b" not in done.stdout
    assert "6 paragraphs of 3 articles labelled by two or more of 3 annotators" in lines
    assert any("nobody gives it: sanctions" in line for line in lines)
    assert "nan" not in done.stdout
    assert len(read_disputes(tmp_path / "d.jsonl", SHIPPED)) == 3


def test_files_that_are_read_are_not_overwritten(classify: Classify, tmp_path: Path) -> None:
    before = two_readers(tmp_path)[0].read_text()
    done = classify("agreement", "anna.jsonl", "bruno.jsonl", "--disputes", "./anna.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "classify: anna.jsonl: is read, and would be overwritten: give another name\n"
    )
    assert (tmp_path / "anna.jsonl").read_text() == before


@pytest.mark.slow
def test_other_schemas_work(classify: Classify, tmp_path: Path) -> None:
    labels = [f"label-{i:02}-long" for i in range(20)]
    write_schema(tmp_path / "s.toml", {"one": ("single", labels)})
    rng = np.random.default_rng(0)
    for name in ("anna", "bruno"):
        given_ = [
            {"id": str(i), "article": str(i // 3), "text": "x", "one": labels[rng.integers(20)]}
            for i in range(60)
        ]
        write_rows(tmp_path / f"{name}.jsonl", given_)
    done = classify("agreement", "anna.jsonl", "bruno.jsonl", "--schema", "s.toml", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    assert "anna / bruno, where they differ" in done.stdout
    assert "more with --json" in done.stdout
    assert all(len(x) <= 80 for x in done.stdout.splitlines() if not x.startswith("data:"))
    done = classify("agreement", "anna.jsonl", "bruno.jsonl")
    assert done.returncode == 1
    assert "topics: must be a list of labels" in done.stderr
