"""JSON and TOML from anyone: plain values or one short line, wherever they are read."""

import json
from pathlib import Path

import pytest
from conftest import Classify, write_rows, write_schema
from hypothesis import given
from hypothesis import strategies as st

from depeche.labels.errors import ClassifyError, LabelsError, SchemaError
from depeche.labels.formats.parsing import MOST_LEVELS, parse_json, parse_toml
from depeche.labels.labelling.label_file import journal_of
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph, Span
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema
from depeche.model.deciding.prevalence import read_prevalence
from depeche.train.active.opening import open_labels
from depeche.train.evaluation.held_out import read_held_out
from depeche.train.tfidf.settings import read_settings

SCHEMA = read_schema()
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
)  # fmt: skip
HOSTILE = {
    "[" * 100_000: "more than 100 lists and objects within one another",
    "[" * 100_000 + "]" * 100_000: "more than 100 lists and objects within one another",
    '{"a":' * 101 + "1" + "}" * 101: "more than 100 lists and objects within one another",
    '{"a": NaN}': "NaN is no number",
    '{"a": -Infinity}': "-Infinity is no number",
    '{"a": 1e999}': "1e999 is too large a number",
    '{"a": ' + "9" * 5000 + "}": "4300 digits",
    '{"a": "\\ud800"}': "half of a character",
    '{"\\udfff": 1}': "half of a character",
    '{"a": 1, "a": 2}': "'a' stands twice in one object",
    "{": "Expecting",
    "": "Expecting",
}


@given(VALUE)
def test_json_is_read_as_it_was_written(value: object) -> None:
    for ensure_ascii in (True, False):
        assert parse_json(json.dumps(value, ensure_ascii=ensure_ascii)) == value


@pytest.mark.parametrize(("text", "message"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_json_that_is_no_data_is_refused_in_a_short_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as err:
        parse_json(text)
    assert len(str(err.value)) < 200


def test_name_that_stands_twice_is_found_among_many() -> None:
    names = [f"{i}" for i in range(200_000)]  # by comparing each with each it would take minutes
    text = ",".join(f'"{name}":0' for name in [*names, names[-1]])
    with pytest.raises(ValueError, match="'199999' stands twice"):
        parse_json(f"{{{text}}}")


def test_most_levels_are_read() -> None:
    for inside in ("", "1"):
        assert parse_json("[" * MOST_LEVELS + inside + "]" * MOST_LEVELS)
        with pytest.raises(ValueError, match="more than 100 lists"):
            parse_json("[" * (MOST_LEVELS + 1) + inside + "]" * (MOST_LEVELS + 1))
    assert parse_toml("a = " + "[" * (MOST_LEVELS - 1) + "]" * (MOST_LEVELS - 1))
    assert parse_json('"a pair: \\ud83d\\ude00, and no escape: \\\\ud800"').startswith("a pair: 😀")


TOML = {
    "a = " + "[" * 100_000: "within one another",
    "a = " + "{a=" * 100_000: "within one another",
    "a = [" * 1 + "[" * 150 + "]" * 151: "within one another",
    ".".join("a" * 150) + " = 1": "within one another",
    "[" + ".".join("a" * 150) + "]": "within one another",
    ".".join("a" * 100_000) + " = 1": "a key of more than 200 parts",
    "[" + ".".join("a" * 100_000) + "]": "a key of more than 200 parts",
    "b = {" + ".".join("a" * 100_000) + " = 1}": "a key of more than 200 parts",
    "a = ": "Invalid value",
}


@pytest.mark.parametrize(("text", "message"), TOML.items(), ids=range(len(TOML)))
def test_toml_that_is_no_data_is_refused_at_once(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as err:  # tomllib takes hours for some of them
        parse_toml(text)
    assert len(str(err.value)) < 200


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_file_of_json_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(text + "\n")
    parsed = tmp_path / "clone" / "data" / "docs" / "parsed"
    parsed.mkdir(parents=True)
    (parsed / "1.json").write_text(text)
    span = Span(doc=1, start=0, end=1, sha256="0" * 64)
    paragraph = LabelledParagraph(
        id="a",
        article="a",
        text="",
        kind="body",
        labels={},
        span=span,
        annotator=None,
        source=None,
        date=None,
    )
    for read in (
        lambda: read_labels(path, SCHEMA),
        lambda: read_settings(path),
        lambda: read_prevalence(path, SCHEMA),
        lambda: read_held_out(path, SCHEMA),
    ):
        with pytest.raises(ClassifyError, match=str(path)):
            read()
    with pytest.raises(LabelsError, match=r"1\.json"):
        hydrate([paragraph], tmp_path / "clone")
    labels = tmp_path / "l.jsonl"
    journal_of(labels).write_text(text + "\n" + text + "\n{}\n")
    with pytest.raises(LabelsError, match=r"journal\.jsonl:1: "), open_labels(labels, SCHEMA):
        pass


def test_hostile_files_are_one_line_of_a_command(classify: Classify, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("a = " + "[" * 100_000)
    (tmp_path / "x.json").write_text("[" * 100_000)
    for command in (
        ("schema", "check", "s.toml"),
        ("tag", "-", "--prevalence", "x.json"),
        ("import", "x.json", "o.jsonl"),
    ):
        done = classify(*command)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), command
        assert "within one another" in done.stderr


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({"ton": ("single", ["a" * 101, "b"])}, "is too long: at most 100 bytes"),
        ({"ton": ("single", ["é" * 51, "b"])}, "is too long: at most 100 bytes"),
        ({"t" * 101: ("single", ["a", "b"])}, "is too long: at most 100 bytes"),
        ({"ton": ("multi", [f"a{i}" for i in range(1001)])}, "1001 labels; 1000 are allowed"),
        ({f"d{i}": ("multi", ["a"]) for i in range(1001)}, "1001 dimensions; 1000 are allowed"),
    ],
)
def test_ids_longer_than_mlflow_and_disks_take_are_refused(
    dimensions: dict[str, tuple[str, list[str]]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SchemaError, match=message):
        read_schema(write_schema(tmp_path / "s.toml", dimensions))


def test_longest_ids_are_names_of_metrics_tags_and_files(tmp_path: Path) -> None:
    from mlflow.utils import validation

    from depeche.train.tracking.log import _data_key, flatten_scores

    long = "é" * 50
    schema = read_schema(write_schema(tmp_path / "s.toml", {long: ("multi", [long, "b"])}))
    dimension = schema.dimensions[0].id
    scores = {
        "pass": {dimension: {"labels": {long: {"mean_average_precision": 0.5}}}},
        "calibration_error": {f"{dimension}.{long}": 0.5},
    }
    names = [name for name, _ in flatten_scores(scores)]
    assert len(names) == 2
    for name in names:
        validation._validate_metric_name(name)  # type: ignore[no-untyped-call]
    (tmp_path / f"precision_recall_{dimension}.png").touch()
    keys = {_data_key(name) for name in ("a" * 300, "a" * 301, "é:" * 200, "x.jsonl")}
    assert len(keys) == 4
    for key in keys:
        validation._validate_tag_name(key)  # type: ignore[no-untyped-call]
    assert "data.x.jsonl" in keys


def test_value_of_any_length_makes_a_short_message(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('name = "' + "x" * 1_000_000 + '"\nversion = 1\ndimension = 1')
    with pytest.raises(SchemaError) as err:
        read_schema(tmp_path / "s.toml")
    assert len(str(err.value)) < 300 + len(str(tmp_path))
    rows = write_rows(tmp_path / "l.jsonl", [{"id": ["x"] * 100_000, "article": 3, "text": {}}])
    with pytest.raises(LabelsError) as caught:
        read_labels(rows, SCHEMA)
    assert len(str(caught.value)) < 2000
