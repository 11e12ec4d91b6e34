"""`classify schema check` and `classify schema new`, as a user meets them."""

import io
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from conftest import ROOT, Classify, write_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from depeche.labels.codebook.check import schema_warnings
from depeche.labels.codebook.file import schema_toml
from depeche.labels.codebook.form import TEXTS, Form
from depeche.labels.dataset import load_labels
from depeche.labels.errors import SchemaError
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, parse_schema, read_schema
from depeche.labels.system.language import Language

ANSWERS = [
    *("Presse régionale", ""),  # a name; the first dimension needs an id
    *("bad id", "text", "topic", "sujet", "", "many", "multi"),
    *("farming", "agriculture", "", "Farms, crops and who works there.", "ferme*, blé"),
    *("farming", "schools", "écoles", "", "", "Lessons, teachers, pupils and what they do.", ""),
    "",
    *("topic", "tone", "ton", "tone", "single"),
    *("calm", "calme", "", "Nothing is pressed on the reader.", ""),
    "",  # one label is too few
    *("loud", "vif", "", "It exclaims, exaggerates or calls out.", "*, ! , honte*"),
    *("honte*", "", ""),
]  # fmt: skip


def answered(answers: list[str], language: Language = "en") -> tuple[Schema, list[str]]:
    """Return the schema that answers make, and what was said on the way."""
    said: list[str] = []
    left: Iterator[str] = iter(answers)
    schema = Form(ask=lambda _: next(left), say=said.append, language=language).schema("x")
    assert list(left) == []
    return schema, said[1:]


def some_schema(**changes: Any) -> Schema:
    label = {"id": "a", "fr": "un", "en": "one", "definition": "Long enough to judge by it."}
    other = {"id": "b", "fr": "deux", "en": "two", "definition": "Another one, as long as that."}
    first = label | {"keywords": ["mot*"]} | changes.pop("label", {})
    second = other | changes.pop("other", {})
    dimension = {"id": "d", "kind": "multi", "fr": "d", "en": "d", "label": [first, second]}
    return parse_schema({"name": "n", "version": 1, "dimension": [dimension]}, where="test")


# schema check


def test_shipped_schema_has_nothing_to_warn_of(classify: Classify) -> None:
    done = classify("schema", "check", DEFAULT_SCHEMA, COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    schema = read_schema()
    lines = done.stdout.splitlines()
    assert lines[0] == (f"depeche, version 1, digest {schema.digest[:12]}: 2 dimensions, 7 labels")
    assert "topics (thèmes / topics): any number of 4 labels" in lines
    assert "  military (militaire / military), 23 keywords" in lines
    assert lines[-1] == "warning: none"
    assert max(map(len, lines)) <= 80


def test_check_as_json_is_the_schema_with_its_digest(classify: Classify) -> None:
    shown = json.loads(classify("schema", "check", DEFAULT_SCHEMA, "--json").stdout)
    assert list(shown) == ["digest", "name", "version", "dimension", "warnings"]
    assert shown["digest"] == read_schema().digest
    assert shown["warnings"] == []


def test_schema_with_a_fault_ends_in_one_line(classify: Classify, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(DEFAULT_SCHEMA.read_text().replace('"multi"', '"many"'))
    done = classify("schema", "check", "s.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "classify: s.toml: dimension 'topics': kind is 'many'; allowed: multi, single\n"
    )


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"label": {"definition": "Too short."}}, "d: a: its definition has fewer than 20 char"),
        ({"label": {"definition": " One "}}, "d: a: its definition only repeats its name"),
        ({"other": {"id": "A"}}, "d: labels a and A differ only by case"),
        ({"other": {"fr": "UN"}}, "d: a and b have the same French name"),
        ({"other": {"en": "one"}}, "d: a and b have the same English name"),
        (
            {"other": {"definition": "Long enough  to judge by it."}},
            "d: a and b have the same definition",
        ),
        ({"other": {"keywords": ["Mot*"]}}, "d: a and b have the same keywords"),
        ({"other": {"keywords": ["x", "X"]}}, "d: b: keyword 'x' is given 2 times"),
        ({"other": {"keywords": ["a*b"]}}, "d: b: keyword 'a*b': a * stands for an ending"),
        ({"label": {"keywords": []}}, "d: no label has keywords"),
    ],
)
def test_likely_slips_are_warned_of(changes: dict[str, Any], warning: str) -> None:
    (message,) = schema_warnings(some_schema(**changes))
    assert message.startswith(warning)
    assert schema_warnings(some_schema()) == []


def test_dimensions_that_differ_only_by_case_are_warned_of() -> None:
    data = some_schema().to_dict()
    data["dimension"].append({**data["dimension"][0], "id": "D"})
    warnings = schema_warnings(parse_schema(data, where="test"))
    assert warnings == ["dimensions d and D differ only by case"]


# schema new


def test_answers_make_a_schema_and_bad_ones_are_asked_again_with_the_reason() -> None:
    schema, said = answered(ANSWERS)
    assert [(d.id, d.kind, d.fr, d.en, d.label_ids) for d in schema.dimensions] == [
        ("topic", "multi", "sujet", "topic", ("farming", "schools")),
        ("tone", "single", "ton", "tone", ("calm", "loud")),
    ]
    assert schema.dimensions[0].labels[0].keywords == ("ferme*", "blé")
    assert schema.dimensions[1].labels[1].fr == "vif"
    assert said == [
        "an answer is needed",
        "'bad id': only letters, digits, _ and - are allowed",
        "'text' is a field of the records: take another word",
        "'many': answer multi or single",
        "'farming' is already given",
        "an answer is needed",
        "'topic' is already given",
        "an answer is needed",
        "'*' is no word",
    ]


@pytest.mark.parametrize("language", get_args(Language))
def test_written_schema_is_read_as_it_was_answered(language: Language, tmp_path: Path) -> None:
    schema, _ = answered(ANSWERS, language)
    path = tmp_path / "s.toml"
    path.write_text(schema_toml(schema, language), encoding="utf-8")
    assert read_schema(path) == schema
    assert path.read_text().count("\n# ") > 5


TEXT = st.text(st.sampled_from("aé\"'\\#=[]\U0001f600\u2028\x7f\n\t"), min_size=1).filter(str.strip)


@given(TEXT.filter(str.isprintable), TEXT, st.lists(TEXT, max_size=3))
@settings(max_examples=50)
def test_any_text_survives_the_file(name: str, definition: str, keywords: list[str]) -> None:
    data = some_schema(label={"definition": definition, "keywords": keywords}).to_dict()
    schema = parse_schema(data | {"name": name}, where="test")
    again = parse_schema(tomllib.loads(schema_toml(schema, "fr")), where="test")
    assert again == schema


def test_both_languages_ask_the_same() -> None:
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()


def test_control_characters_are_refused() -> None:
    answers = ["a\x1b[31mb", "a\ud800", "name", "d", "", "", "", "x", "", "", "def", "", "", ""]
    schema, said = answered(answers)
    assert schema.name == "name"
    assert said == ["a character that does not print: write it anew"] * 2


def test_dimension_whose_scores_field_another_would_take_is_refused() -> None:
    label = ["x", "", "", "definition", "", ""]
    answers = ["", "d", "", "", "", *label, "d_scores", ""]
    assert answered(answers)[1] == ["'d_scores' is already given"]


def test_piped_answers_write_a_schema_that_labels_and_agreement_use(
    classify: Classify, tmp_path: Path
) -> None:
    done = classify(
        "schema", "new", "s.toml", stdin="\n".join(ANSWERS) + "\n", LC_ALL="fr_FR.UTF-8"
    )
    assert done.returncode == 0, done.stderr
    schema = read_schema(tmp_path / "s.toml")
    assert done.stdout == (
        f"s.toml: Presse régionale {schema.digest[:12]}; use it with --schema s.toml\n"
    )
    assert "Nom du schéma [s] : Presse régionale\n" in done.stderr
    assert "'bad id' : seulement des lettres" in done.stderr
    row = {"id": "1", "article": "x", "text": "Des vaches.", "topic": ["farming"], "tone": "calm"}
    rows = [row, row | {"id": "2", "article": "y", "tone": "loud"}]
    paths = [write_rows(tmp_path / f"{x}.jsonl", rows) for x in "ab"]
    assert len(load_labels(paths[:1], schema).paragraphs) == 2
    done = classify("agreement", *paths, "--schema", "s.toml", "--json")
    shown = json.loads(done.stdout)
    assert list(shown["dimensions"]["topic"]["labels"]) == ["farming", "schools"]


def test_existing_file_is_overwritten_only_when_confirmed(
    classify: Classify, tmp_path: Path
) -> None:
    path = tmp_path / "s.toml"
    path.write_text("mine")
    done = classify("schema", "new", "s.toml", stdin="n\n" + "\n".join(ANSWERS))
    assert (done.returncode, path.read_text()) == (1, "mine")
    assert "s.toml: exists, and is left as it was: give another name" in done.stderr
    done = classify("schema", "new", "s.toml", stdin="y\n" + "\n".join([*ANSWERS, ""]), LANG="C")
    assert done.returncode == 0
    assert read_schema(path).name == "Presse régionale"


@pytest.mark.parametrize(
    ("file", "stdin", "message"),
    [
        ("s.toml", "\n".join(ANSWERS[:9]), "no answer to 'Label 1, its id in files'"),
        ("s.toml", b"caf\xe9\n", "the answers are not UTF-8"),
        (".", "", "a folder: give the name of a file"),
        ("none/s.toml", "", "cannot be written: no folder none"),
    ],
)
def test_what_cannot_be_done_ends_in_one_line_and_leaves_no_file(
    classify: Classify, tmp_path: Path, file: str, stdin: str | bytes, message: str
) -> None:
    done = classify("schema", "new", file, stdin=stdin, PYTHONUTF8="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    asked = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", "schema", "new", "s.toml"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)},
    )
    assert asked.stdin
    assert asked.stderr
    asked.stdin.write(b"name\n")
    asked.stdin.flush()
    said = b""
    while b"Dimension 1" not in said:  # it waits for the next answer
        said += os.read(asked.stderr.fileno(), 4096)
    asked.send_signal(signal.SIGINT)
    _, rest = asked.communicate(timeout=60)
    assert asked.returncode == 130
    assert rest.decode().endswith("classify: stopped\n")
    assert list(tmp_path.iterdir()) == []


def test_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from depeche.labels.cli import _ask

    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(SchemaError, match="no answer to 'Name'"):
        _ask("Name: ")
