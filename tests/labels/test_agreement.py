import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Classify, write_rows, write_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from depeche.labels.agreement.agreement import Agreement, measure_agreement
from depeche.labels.agreement.coefficients import cohen_kappa, masi_distance
from depeche.labels.agreement.disputes import (
    agreed_paragraphs,
    read_disputes,
    write_paragraphs,
)
from depeche.labels.agreement.votes import Votes, disputed_dimensions, read_votes
from depeche.labels.dataset import load_labels
from depeche.labels.errors import LabelsError
from depeche.labels.paragraphs import LabelledParagraph, to_record
from depeche.labels.records import read_labels
from depeche.labels.schema import Schema, parse_schema, read_schema

SHIPPED = read_schema()
GOLD = ROOT / "tests" / "gold" / "agreement.json"

Answer = Sequence[str] | str | None


def schema_of(kind: str, labels: Sequence[str]) -> Schema:
    label = [{"id": x, "fr": x, "en": x, "definition": x} for x in labels]
    dimension = [{"id": "d", "kind": kind, "fr": "d", "en": "d", "label": label}]
    return parse_schema({"name": "t", "version": 1, "dimension": dimension}, where="test")


def votes_of(
    kind: str,
    labels: Sequence[str],
    answers: dict[str, Sequence[Answer]],
    articles: Sequence[str] | None = None,
) -> Votes:
    """Return the votes of some annotators, None where one has not labelled the paragraph.

    An answer is a label or several; "" is none.
    """
    n = len(next(iter(answers.values())))
    paragraphs = []
    for i in range(n):
        given_ = {a: x for a, x in ((a, of[i]) for a, of in answers.items()) if x is not None}
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


def value(found: Agreement, measure: str, label: str | None = None) -> float | None:
    (dimension,) = found.dimensions
    measures = dimension.measures if label is None else dimension.labels[label].measures
    return measures[measure].value  # type: ignore[index]


def close(a: float | None, b: float) -> bool:
    """Return whether two values are the same, None that of NaN."""
    return math.isnan(b) if a is None else a == pytest.approx(b, abs=1e-12)


# Published examples


def test_alpha_of_two_observers_and_binary_data_is_krippendorffs() -> None:
    meg, owen = "0100000010", "1110010000"
    found = measured("single", "01", {"Meg": meg, "Owen": owen})
    assert value(found, "alpha") == pytest.approx(0.0952, abs=5e-5)  # his 0.095 is 2/21
    assert value(found, "alpha") == pytest.approx(2 / 21)
    # As labels of two answers, 0 and 1 are the same question.
    assert value(found, "alpha", "1") == pytest.approx(2 / 21)


def test_alpha_of_two_observers_and_nominal_data_is_krippendorffs() -> None:
    found = measured("single", "abcde", {"Ben": "aabbdcccedda", "Gerry": "babbbccceddd"})
    assert value(found, "alpha") == pytest.approx(0.692, abs=5e-4)
    assert value(found, "alpha") == pytest.approx(310 / 448)


def krippendorffs_four() -> dict[str, list[str | None]]:
    rows = ("123321412...", "1233224125.3", ".333234" + "2251.", "1233244125" + "1.")
    return {
        name: [None if x == "." else x for x in row] for name, row in zip("ABCD", rows, strict=True)
    }


def test_alpha_of_four_observers_with_missing_values_is_krippendorffs() -> None:
    found = measured("single", "12345", krippendorffs_four())
    assert value(found, "alpha") == pytest.approx(0.743, abs=5e-4)
    assert len(found.votes.paragraphs) == 11  # one value in a unit cannot agree with another


def test_kappa_is_cohens() -> None:
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]], dtype=float)
    rows = [x[None] for x in (np.diag(table), table.sum(axis=1), table.sum(axis=0))]
    assert cohen_kappa(np.array([table.sum()]), *rows) == pytest.approx(58 / 118)
    # The same from answers, and the table given back.
    first = [label for i, label in enumerate("abc") for _ in range(int(table[i].sum()))]
    second = [label for row in table for j, label in enumerate("abc") for _ in range(int(row[j]))]
    found = measured("single", "abc", {"A": first, "B": second})
    assert value(found, "kappa") == pytest.approx(0.4915, abs=5e-5)
    assert value(found, "observed") == pytest.approx(0.7)
    assert found.dimensions[0].pairs[0].confusion == table.tolist()


def test_kappa_of_two_by_two_is_that_of_the_textbooks() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.4
    first, second = ["y"] * 25 + [""] * 25, ["y"] * 20 + [""] * 5 + ["y"] * 10 + [""] * 15
    found = measured("multi", ["y"], {"A": first, "B": second})
    assert value(found, "kappa", "y") == pytest.approx(0.4)
    assert value(found, "positive", "y") == pytest.approx(40 / 55)


def test_masi_distance_is_passonneaus() -> None:
    sets = [frozenset(x) for x in ("abc", "ab", "bd", "de", "")]
    assert masi_distance(sets)[0] == pytest.approx([0, 1 - 4 / 9, 1 - 1 / 12, 1, 1])
    assert masi_distance(sets)[4].tolist() == [1, 1, 1, 1, 0]


# Other implementations

ANSWERS = st.lists(st.tuples(*[st.sampled_from("abc")] * 2), min_size=1, max_size=30)
SETS = st.sets(st.sampled_from("abc")).map(lambda x: "".join(sorted(x)))
MISSING = st.lists(st.tuples(*[st.none() | SETS] * 3), min_size=1, max_size=20)


@given(ANSWERS)
@settings(max_examples=30)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:A single label was found:UserWarning")
def test_kappa_and_positive_agreement_equal_scikit_learns(answers: list[tuple[str, str]]) -> None:
    first, second = (list(x) for x in zip(*answers, strict=True))
    found = measured("single", "abc", {"A": first, "B": second}, n_resamples=0)
    assert close(value(found, "kappa"), cohen_kappa_score(first, second))
    for label in "abc":
        a, b = ([x == label for x in answer] for answer in (first, second))
        assert close(value(found, "kappa", label), cohen_kappa_score(a, b))
        assert close(value(found, "positive", label), f1_score(a, b, zero_division=np.nan))


def plain_alpha(units: list[list[frozenset[str]]], distance: Mapping[Any, float]) -> float:
    """Return alpha by its definition, over all ordered pairs of values."""
    units = [unit for unit in units if len(unit) > 1]
    values = [x for unit in units for x in unit]
    observed = sum(
        sum(distance[pair] for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / max(len(values), 1)
    pairs = list(permutations(values, 2))
    expected = sum(distance[pair] for pair in pairs) / max(len(pairs), 1)
    return 1 - observed / expected if expected else math.nan


@given(MISSING)
@settings(max_examples=30)
def test_alpha_of_sets_and_of_labels_equals_its_definition(
    answers: list[tuple[str | None, ...]],
) -> None:
    units = [[frozenset(x) for x in unit if x is not None] for unit in answers]
    if not any(len(unit) > 1 for unit in units):
        return
    columns = dict(zip("ABC", zip(*answers, strict=True), strict=True))
    found = measured("multi", "abc", columns, n_resamples=0)
    every = [frozenset(x) for n in range(4) for x in combinations("abc", n)]
    masi = masi_distance(every)
    distance = {(x, y): masi[i, j] for i, x in enumerate(every) for j, y in enumerate(every)}
    assert close(value(found, "alpha"), plain_alpha(units, distance))
    for label in "abc":
        has = [[frozenset(x & {label}) for x in unit] for unit in units]
        nominal = {(x, y): float(x != y) for x in every for y in every}
        assert close(value(found, "alpha", label), plain_alpha(has, nominal))


# Invariances


@given(MISSING, st.permutations("ABC"), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_order_of_annotators_and_paragraphs_changes_nothing(
    answers: list[tuple[str | None, ...]], names: list[str], random: object
) -> None:
    columns: dict[str, Any] = dict(zip("ABC", zip(*answers, strict=True), strict=True))
    votes = votes_of("multi", "abc", columns, [str(i // 2) for i in range(len(answers))])
    if not votes.paragraphs:
        return
    shuffled = list(votes.paragraphs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = Votes(
        **{
            **{f: getattr(votes, f) for f in votes.__dataclass_fields__},
            "annotators": tuple(names),
            "paragraphs": tuple(shuffled),
        }
    )
    (a,), (b,) = (measure_agreement(v, n_resamples=20).dimensions for v in (votes, other))
    assert votes.digest == other.digest
    assert a.n_disputed == b.n_disputed
    for x, y in [(a.measures, b.measures)] + [
        (a.labels[label].measures, b.labels[label].measures) for label in "abc"
    ]:
        for measure in x:
            for end in ("value", "low", "high"):
                one, two = getattr(x[measure], end), getattr(y[measure], end)
                assert (one is None) == (two is None)
                assert one is None or one == pytest.approx(two, abs=1e-9)


def test_values_of_three_annotators_are_means_over_their_pairs() -> None:
    answers = krippendorffs_four()
    del answers["D"]
    together = measured("single", "12345", answers)
    pairs = [
        measured("single", "12345", {a: answers[a], b: answers[b]})
        for a, b in combinations("ABC", 2)
    ]
    for measure in ("kappa", "observed"):
        mean = np.mean([value(pair, measure) for pair in pairs])
        assert value(together, measure) == pytest.approx(mean)
    (dimension,) = together.dimensions
    assert [pair.annotators for pair in dimension.pairs] == list(combinations("ABC", 2))
    for pair, alone in zip(dimension.pairs, pairs, strict=True):
        assert pair.measures == alone.dimensions[0].measures or pair.measures["alpha"].value == (
            pytest.approx(value(alone, "alpha"))
        )


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
    found = measured("multi", "ab", {"A": ["a", "", "a"], "B": ["a", "a", ""]})
    measures = found.dimensions[0].labels["b"].measures
    assert {measure: x.value for measure, x in measures.items()} == {
        "kappa": None,
        "alpha": None,
        "positive": None,
        "observed": 1.0,
    }
    assert {x.note for m, x in measures.items() if m != "observed"} == {"nobody gives it"}


def test_same_answer_throughout_is_no_agreement_beyond_chance() -> None:
    found = measured("single", "ab", {"A": "aaa", "B": "aaa"})
    assert (value(found, "kappa"), value(found, "alpha")) == (None, None)
    assert value(found, "observed") == 1
    assert found.dimensions[0].measures["kappa"].note == "all answers are the same"


def test_annotator_who_never_varies_makes_kappa_nought_and_is_named() -> None:
    found = measured("single", "ab", {"Anna": "aaaa", "Bruno": "abab"})
    for measures in (found.dimensions[0].measures, found.dimensions[0].labels["b"].measures):
        assert measures["kappa"].value == 0
        assert "0 with Anna, whose answers are all the same" in str(measures["kappa"].note)


def test_paragraphs_of_one_article_have_no_interval() -> None:
    found = measured("single", "ab", {"A": "abab", "B": "abba"}, ["x"] * 4)
    kappa = found.dimensions[0].measures["kappa"]
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


# Files

BASE = {"article": "x", "topics": [], "stance": "neutral"}


def rows(annotator: str | None, *labels: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"id": f"p{i}", "text": f"Texte {i}."} | BASE | {"annotator": annotator} | dict(x)
        for i, x in enumerate(labels)
    ]


def test_annotators_are_told_apart_by_field_or_by_file(tmp_path: Path) -> None:
    both = rows("anna", {}, {}) + rows("bruno", {}, {"stance": "critical"})
    by_field = read_votes([write_rows(tmp_path / "all.jsonl", both)], SHIPPED)
    files = [write_rows(tmp_path / f"{i}.jsonl", both[2 * i : 2 * i + 2]) for i in (0, 1)]
    assert read_votes(files, SHIPPED).paragraphs == by_field.paragraphs
    assert by_field.annotators == ("anna", "bruno")
    unnamed = [write_rows(tmp_path / f"{x}.jsonl", rows(None, {}, {})) for x in "cd"]
    assert read_votes(unnamed, SHIPPED).annotators == ("c", "d")
    # Headings without a name do not make an annotator of their file.
    heading = {"id": "t", "article": "x", "text": "Titre", "kind": "heading"}
    assert read_votes([write_rows(tmp_path / "h.jsonl", [*both, heading])], SHIPPED).annotators == (
        "anna",
        "bruno",
    )


def test_two_readings_of_one_annotator_are_told_apart_by_file(tmp_path: Path) -> None:
    paths = [write_rows(tmp_path / f"{x}.jsonl", rows("anna", {}, {})) for x in ("may", "june")]
    votes = read_votes(paths, SHIPPED)
    assert votes.annotators == ("may", "june")
    assert votes.notes == (
        "'anna' has labelled 'p0' in two files: each file is taken for an annotator",
    )


def test_spaces_accents_and_stand_off_texts_match(tmp_path: Path) -> None:
    press = [json.loads((ROOT / "labels" / "press.jsonl").read_text().split("\n")[0])]
    here = write_rows(tmp_path / "a.jsonl", rows(None, {"text": "Un  été\u00a0: là."}, {}) + press)
    there = write_rows(
        tmp_path / "b.jsonl",
        [*rows(None, {"text": "Un e\u0301te\u0301 : là. "}), press[0] | {"annotator": "b"}],
    )
    votes = read_votes([here, there], SHIPPED)
    assert [p.id for p in votes.paragraphs] == ["p0", press[0]["id"]]
    assert votes.n_alone == 1


def test_paragraphs_that_some_take_for_furniture_are_counted_and_left_out(tmp_path: Path) -> None:
    heading = {"id": "p1", "article": "x", "text": "Texte 1.", "kind": "heading"}
    one = write_rows(tmp_path / "a.jsonl", rows("a", {}, {}))
    two = write_rows(tmp_path / "b.jsonl", [*rows("b", {}), heading])
    votes = read_votes([one, two], SHIPPED)
    assert ([p.id for p in votes.paragraphs], votes.n_kind_disputed) == (["p0"], 1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([rows("b", {"text": "Non."})], r"'p0' has another text, 'Non\.', than in .*, 'Texte 0"),
        ([rows("b", {"article": "y"})], "'p0' is of article 'y', but in .* of 'x'"),
        ([rows("b", {"id": "q"})], "no paragraph that two annotators have labelled.*'p0' in .*'q'"),
        ([], "one annotator only, 'a'"),
        ([rows("b", {"stance": "x"})], "unknown label 'x'; allowed: supportive"),
        ([rows("a", {}) + rows("b", {})], "'a' has labelled 'p0' in another file as well"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_compared_are_refused_with_the_reason(
    tmp_path: Path, other: list[list[dict[str, object]]], message: str
) -> None:
    paths = [
        write_rows(tmp_path / f"{i}.jsonl", part) for i, part in enumerate([rows("a", {}), *other])
    ]
    with pytest.raises(LabelsError, match=message):
        read_votes(paths, SHIPPED)


def test_file_given_twice_and_labels_without_body_are_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", rows("a", {}))
    with pytest.raises(LabelsError, match="a file is given twice"):
        read_votes([path, path], SHIPPED)
    heading = {"id": "t", "article": "x", "text": "Titre", "kind": "heading"}
    with pytest.raises(LabelsError, match="no annotator"):
        read_votes([write_rows(tmp_path / "t.jsonl", [heading])], SHIPPED)


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


def test_disputes_and_what_all_agree_on_are_written_with_votes(tmp_path: Path) -> None:
    votes = read_votes(two_readers(tmp_path), SHIPPED)
    assert [p.id for p in votes.disputes] == ["p2", "p1"]  # the most disputed first
    path = tmp_path / "disputes.jsonl"
    write_paragraphs(path, votes.disputes, SHIPPED)
    disputes = read_disputes(path, SHIPPED)
    assert disputes == votes.disputes
    agreed = tmp_path / "agreed.jsonl"
    write_paragraphs(agreed, agreed_paragraphs(votes), SHIPPED)
    # The file is one of labelled paragraphs: training takes it.
    found = load_labels([agreed], SHIPPED)
    assert [p.id for p in found.paragraphs] == ["p0", "p3", "p4", "p5"]
    assert all(p.votes["anna"] == p.votes["bruno"] == p.labels for p in found.paragraphs)


@pytest.mark.parametrize("path", ["seeds", "composed", "press"])
def test_shipped_paragraphs_survive_being_written(path: str, tmp_path: Path) -> None:
    lines = (ROOT / "labels" / f"{path}.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "some.jsonl").write_text("".join(lines[:50]))
    found = read_labels(tmp_path / "some.jsonl", SHIPPED)
    write_paragraphs(tmp_path / "again.jsonl", found, SHIPPED)
    assert read_labels(tmp_path / "again.jsonl", SHIPPED) == found


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        ({"a": {"topics": [], "stance": "neutral"}}, "votes: two annotators or more are needed"),
        ({"a": [], "b": []}, "votes: must be an object of annotators and their labels"),
        ({"a": BASE, "b": BASE | {"stance": "x"}}, "votes of 'b': stance: unknown label 'x'"),
        (None, "votes: two annotators or more"),
    ],
)
def test_disputes_with_faults_are_refused(tmp_path: Path, votes: object, message: str) -> None:
    row = {"id": "p", "article": "x", "text": "Texte.", "votes": votes}
    with pytest.raises(LabelsError, match=message):
        read_disputes(write_rows(tmp_path / "d.jsonl", [row]), SHIPPED)


def test_order_of_labels_in_a_file_is_no_dispute(tmp_path: Path) -> None:
    topics = ["diplomacy", "military"]
    both = rows("anna", {"topics": topics}) + rows("bruno", {"topics": topics[::-1]})
    votes = read_votes([write_rows(tmp_path / "both.jsonl", both)], SHIPPED)
    assert votes.disputes == []
    answers = [{"topics": x, "stance": "neutral"} for x in (topics, topics[::-1])]
    row = {
        "id": "p",
        "article": "x",
        "text": "Texte.",
        "votes": dict(zip("ab", answers, strict=True)),
    }
    (found,) = read_disputes(write_rows(tmp_path / "d.jsonl", [row]), SHIPPED)
    assert disputed_dimensions(found, SHIPPED) == []


def test_texts_stand_beside_spans_in_disputes_and_only_there(
    orangesum: Path, tmp_path: Path
) -> None:
    row = json.loads((ROOT / "labels" / "press.jsonl").read_text().split("\n")[0])
    other = next(x for x in SHIPPED.dimensions[1].label_ids if x != row["stance"])
    readings = [row | {"annotator": "a"}, row | {"annotator": "b", "stance": other}]
    paths = [write_rows(tmp_path / f"{x['annotator']}.jsonl", [x]) for x in readings]
    (dispute,) = read_votes(paths, SHIPPED, orangesum=orangesum).disputes
    write_paragraphs(tmp_path / "d.jsonl", [dispute], SHIPPED)
    (found,) = read_disputes(tmp_path / "d.jsonl", SHIPPED)
    assert found == dispute
    assert found.text
    assert found.span is not None
    settled = replace(found, labels=found.votes["b"], annotator="carla")
    write_paragraphs(tmp_path / "s.jsonl", [settled], SHIPPED)
    assert load_labels([tmp_path / "s.jsonl"], SHIPPED).texts == [found.text]
    assert "text" not in to_record(settled, SHIPPED)
    altered = json.loads((tmp_path / "s.jsonl").read_text()) | {"text": "Autre."}
    with pytest.raises(LabelsError, match="text: not the text of OrangeSum that was labelled"):
        read_labels(write_rows(tmp_path / "t.jsonl", [altered]), SHIPPED)


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
