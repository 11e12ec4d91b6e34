"""Files of several annotators, matched by id, and the disputes between them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, write_rows
from made_votes import (
    BASE,
    SHIPPED,
    rows,
    two_readers,
)

from depeche.labels.agreement.disputes import (
    agreed_paragraphs,
    read_disputes,
    write_paragraphs,
)
from depeche.labels.agreement.votes import disputed_dimensions, read_votes
from depeche.labels.dataset import load_labels
from depeche.labels.errors import LabelsError
from depeche.labels.paragraphs import to_record
from depeche.labels.records import read_labels


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


def test_paragraphs_that_some_take_for_a_heading_are_counted_and_left_out(tmp_path: Path) -> None:
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
    labels = load_labels([agreed], SHIPPED)
    assert [p.id for p in labels.paragraphs] == ["p0", "p3", "p4", "p5"]
    assert all(p.votes["anna"] == p.votes["bruno"] == p.labels for p in labels.paragraphs)


@pytest.mark.parametrize("path", ["seeds", "composed", "press"])
def test_shipped_paragraphs_survive_being_written(path: str, tmp_path: Path) -> None:
    lines = (ROOT / "labels" / f"{path}.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "some.jsonl").write_text("".join(lines[:50]))
    paragraphs = read_labels(tmp_path / "some.jsonl", SHIPPED)
    write_paragraphs(tmp_path / "again.jsonl", paragraphs, SHIPPED)
    assert read_labels(tmp_path / "again.jsonl", SHIPPED) == paragraphs


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
    (paragraph,) = read_disputes(write_rows(tmp_path / "d.jsonl", [row]), SHIPPED)
    assert disputed_dimensions(paragraph, SHIPPED) == []


def test_texts_stand_beside_spans_in_disputes_and_only_there(
    orangesum: Path, tmp_path: Path
) -> None:
    row = json.loads((ROOT / "labels" / "press.jsonl").read_text().split("\n")[0])
    other = next(x for x in SHIPPED.dimensions[1].label_ids if x != row["stance"])
    readings = [row | {"annotator": "a"}, row | {"annotator": "b", "stance": other}]
    paths = [write_rows(tmp_path / f"{x['annotator']}.jsonl", [x]) for x in readings]
    (dispute,) = read_votes(paths, SHIPPED, orangesum=orangesum).disputes
    write_paragraphs(tmp_path / "d.jsonl", [dispute], SHIPPED)
    (paragraph,) = read_disputes(tmp_path / "d.jsonl", SHIPPED)
    assert paragraph == dispute
    assert paragraph.text
    assert paragraph.span is not None
    settled = replace(paragraph, labels=paragraph.votes["b"], annotator="carla")
    write_paragraphs(tmp_path / "s.jsonl", [settled], SHIPPED)
    assert load_labels([tmp_path / "s.jsonl"], SHIPPED).texts == [paragraph.text]
    assert "text" not in to_record(settled, SHIPPED)
    altered = json.loads((tmp_path / "s.jsonl").read_text()) | {"text": "Autre."}
    with pytest.raises(LabelsError, match="text: not the text of OrangeSum that was labelled"):
        read_labels(write_rows(tmp_path / "t.jsonl", [altered]), SHIPPED)
