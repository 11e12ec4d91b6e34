"""No command lets a stranger's text, id, name or path do anything to the terminal."""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import run_classify, write_rows
from made_terminal import MARKS, NAME, on_terminal, shown

from depeche.labels.codebook.file import schema_toml
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.schema import Label, Schema, read_schema
from depeche.labels.system.language import Language
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.tagging import SHIPPED

LINE = "Le ministre a annoncé lundi un accord de coopération militaire avec la Russie"


def write_schema(path: Path) -> Schema:
    """Write the shipped schema with names and definitions as hostile as a schema may be."""
    schema = read_schema()
    marks = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", MARKS)

    def hostile(label: Label) -> Label:
        return replace(
            label,
            fr=f"labfr{marks}",
            en=f"laben{marks}",
            definition=f"defi{MARKS}",
            keywords=(f"mot{label.id}{MARKS.replace('*', '')}", "coopération"),
        )

    dimensions = [
        replace(d, fr=f"dimfr{marks}", en=f"dimen{marks}", labels=tuple(map(hostile, d.labels)))
        for d in schema.dimensions
    ]
    schema = replace(schema, name="schema\u202e\u200b\U000e0041", dimensions=tuple(dimensions))
    path.write_text(schema_toml(schema, "en"), encoding="utf-8", newline="\n")
    assert read_schema(path) == schema
    return schema


def write_articles(folder: Path) -> None:
    (folder / f"name{NAME}.txt").write_text(f"{LINE}{MARKS} avec elle.\n", newline="")
    (folder / f"empty{NAME}.txt").write_text("")
    (folder / f"broken{NAME}.jsonl").write_text('{"text": "\x1b]52;c;AA\x07')
    (folder / f"broken{NAME}.toml").write_text(f'name = "a"\nversion = {MARKS}\n')
    (folder / f"broken{NAME}.csv").write_text(f"id{MARKS},texte{MARKS}\na,b\n")
    (folder / "page.html").write_text(
        f"<html><head><title>titre{MARKS}</title><meta name=author content='auteur{MARKS}'>"
        f"<meta property=og:site_name content='site{MARKS}'></head><body><article>"
        + f"<p>{LINE}, et les sanctions restent.</p>" * 5
        + "</article></body></html>"
    )
    rows: list[dict[str, object]] = [
        {"id": f"ident{i}{MARKS}", "title": f"titre{MARKS}", "text": f"{LINE}{MARKS} n° {i}."}
        for i in range(3)
    ]
    write_rows(folder / "rows.jsonl", [*rows, {"id": f"ident{MARKS}", "text": 5}])


def write_labels(folder: Path) -> None:
    """Write the labels of three who disagree, and faulty ones."""
    for who in ("anna", "bruno", "carla"):
        rows: list[dict[str, object]] = [
            {
                "id": f"ident{i}{MARKS}",
                "article": f"article{i}{MARKS}",
                "text": f"{LINE}{MARKS} n° {i}.",
                "kind": "body",
                "topics": ["military"] if who == "anna" else [],
                "stance": "neutral" if who == "anna" else "critical",
                "annotator": f"{who}{MARKS}",
                "source": f"src{MARKS}",
                "comment": f"com{MARKS}",
            }
            for i in range(3)
        ]
        write_rows(folder / f"{who}{NAME}.jsonl", rows)
    bad = {"id": f"ident{MARKS}", "article": "a", "text": "b", "kind": f"genre{MARKS}", MARKS: 1}
    write_rows(folder / f"faults{NAME}.jsonl", [bad, bad])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of strangers' files, everything in which is hostile."""
    folder = tmp_path_factory.mktemp("strangers")
    schema = write_schema(folder / "schema.toml")
    write_articles(folder)
    write_labels(folder)
    model = load_artifact(SHIPPED)
    model = replace(
        model,
        name=f"model{MARKS}",
        version=f"version{MARKS}",
        schema=schema,
        data={
            "n_paragraphs": 1,
            "n_articles": 1,
            "digest": "0" * 64,
            "files": {f"file{MARKS}": f"digest{MARKS}"},
        },
        scores={**model.scores, "signature": f"signed{MARKS}"},
    )
    save_artifact(model, folder / f"model{NAME}", card="")
    return folder


MODEL = f"model{NAME}"
OPTION = NAME.replace("=", "")  # after which an option's value would begin
WHO = [f"{who}{NAME}.jsonl" for who in ("anna", "bruno", "carla")]
SCHEMA = ("--schema", "schema.toml")

# The command, what of its fields stands on the screen, and whether it is drawn in styles.
COMMANDS: dict[str, tuple[list[str], str, bool]] = {
    "table": ([f"name{NAME}.txt"], "name", True),
    "table, schema": ([f"name{NAME}.txt", "--model", MODEL], "dimfr labfr", True),
    "table of a page": (["page.html"], "titre site", True),
    "json": (
        [f"name{NAME}.txt", "--format", "json", "--model", MODEL],
        "name model version",
        False,
    ),
    "jsonl": (["rows.jsonl"], "ident titre", False),
    "csv": (["rows.jsonl", "--format", "csv", "--paragraphs"], "ident titre", False),
    "stdout by name": (
        ["rows.jsonl", "--format", "csv", "--output", "/dev/stdout"],
        "ident",
        False,
    ),
    "batch": ([".", "--output", f"out{NAME}.jsonl"], "empty broken", True),
    "column": (["rows.jsonl", "--text-column", f"col{NAME}"], "col", False),
    "no file": ([f"gone{NAME}"], "gone", False),
    "no model": (["rows.jsonl", "--model", f"gone{NAME}"], "gone", False),
    "no folder": (["rows.jsonl", "--output", f"gone{NAME}/x.csv"], "gone", True),
    "no option": ([f"--gone{OPTION}"], "--gone", True),
    "no option of the front door": (["--version", f"--gone{OPTION}"], "--gone", True),
    "no value": (["rows.jsonl", "--format", f"gone{NAME}"], "gone", True),
    "no number": (["rows.jsonl", "--jobs", f"gone{NAME}"], "gone", True),
    "no subcommand": (["schema", f"gone{NAME}"], "gone", True),
    "info": (["info", "--model", MODEL], "model version schema file digest signed", False),
    "info --json": (["info", "--model", MODEL, "--json"], "model version file signed", False),
    "schema check": (["schema", "check", "schema.toml"], "schema dimfr labfr laben defi", False),
    "schema check --json": (["schema", "check", "schema.toml", "--json"], "schema dimfr", False),
    "no schema": (["schema", "check", f"broken{NAME}.toml"], "broken", False),
    "agreement": (["agreement", *WHO, *SCHEMA], "anna bruno ident article annonc", False),
    "agreement --json": (["agreement", *WHO, *SCHEMA, "--json"], "anna bruno", False),
    "disputes": (["agreement", *WHO, *SCHEMA, "--disputes", f"dis{NAME}"], "dis", False),
    "faults": (["agreement", f"faults{NAME}.jsonl", WHO[0]], "faults genre", False),
    "import": (["import", f"faults{NAME}.jsonl", "x.jsonl", "--from", "doccano"], "faults", False),
    "import csv": (["import", f"broken{NAME}.csv", "x.jsonl"], "broken id", False),
    "export": (["export", WHO[0], f"exported{NAME}.csv", *SCHEMA], "exported", False),
    "tracking": (["evaluate", "--labels", WHO[0], "--model", f"gone{NAME}"], "gone", False),
    "no labels": (["train", "--labels", f"gone{NAME}"], "gone", False),
}


def some(names: Iterable[str], *quick: str) -> list[object]:
    """Return parameters, of which all but some are left to the slow tests."""
    return [pytest.param(x, marks=() if x in quick else pytest.mark.slow) for x in names]


QUICK = (
    "table, schema",
    "csv",
    "batch",
    "no option",
    "info",
    "schema check",
    "agreement",
    "faults",
)


@pytest.mark.parametrize("name", some(COMMANDS, *QUICK))
def test_what_commands_print_is_plain(name: str, folder: Path) -> None:
    args, expected, drawn = COMMANDS[name]
    screen = shown(on_terminal(folder, *args), drawn=drawn)
    for word in expected.split():
        assert word in screen
    for line in screen.splitlines():  # no name breaks a message in two
        assert not line.startswith((".txt", ".jsonl", ":"))


@pytest.mark.slow
def test_runs_are_plain(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    code = f"""
import depeche.train.tracking.connection
client = depeche.train.tracking.connection.import_mlflow().MlflowClient("sqlite:///mlruns/mlflow.db")
for run in client.search_runs([e.experiment_id for e in client.search_experiments()]):
    client.update_run(run.info.run_id, name="run " + run.info.run_name + {MARKS!r})
    client.set_tag(run.info.run_id, "backend", "kind" + {MARKS!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    names = {name: f"run {name}{MARKS}".replace("\0", "") for name in ("good", "shuffled", "other")}
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    for args, word in (
        (("runs",), "run good"),
        (("runs", "--json"), "run good"),
        (("compare", names["good"], names["shuffled"]), "run good"),
        (("compare", names["good"], f"gone{MARKS}"), "gone"),
        (("promote", f"gone{MARKS}"), "gone"),
        (("promote", names["good"]), "champion"),
        (("ui", "--port", port), port),
        (("serve", "--model-uri", f"runs:/gone{MARKS}/model"), "gone"),
    ):
        screen = shown(on_terminal(tmp_path, *args), drawn=True)
        assert word in screen, args
    taken.close()


@pytest.mark.slow
def test_records_on_a_terminal_mean_what_they_mean_in_a_file(folder: Path) -> None:
    for form in ("json", "jsonl"):
        screen = shown(on_terminal(folder, "page.html", "--format", form))
        done = run_classify("page.html", "--format", form, cwd=folder)
        assert json.loads(screen)["title"] == json.loads(done.stdout)["title"]


def test_questions_about_a_schema_are_plain(folder: Path) -> None:
    path = folder / f"asked{NAME}.toml"
    path.write_text("")
    answers = f"y\n\n{MARKS}\nsujet\n".encode()
    screen = shown(on_terminal(folder, "schema", "new", path.name, stdin=answers))
    assert "asked" in screen


APPS = {
    "label": ("label", "rows.jsonl", "--suggest", "--model", MODEL),
    "label --blind": ("label", WHO[0], "--blind"),
    "adjudicate": ("adjudicate", *WHO),
}


@pytest.mark.parametrize("name", some(APPS, "adjudicate"))
@pytest.mark.parametrize("language", ["fr", pytest.param("en", marks=pytest.mark.slow)])
def test_what_the_app_draws_is_plain(folder: Path, language: Language, name: str) -> None:
    labels = folder / f"mine{NAME}.jsonl"
    labels.unlink(missing_ok=True)
    if name != "label":  # a decision of another day, whose comment is to be changed
        shutil.copy(folder / WHO[0], labels)
        with labels.open("r+b") as file:
            file.truncate(len(file.readline()))
    texts = TEXTS[language]
    keys = [
        ("defi", "?"),
        (texts.close_hint, "\x1b"),
        ("dora", "1c"),
        (texts.comment_hint, "zz\r"),
        ("zz”", "/"),
        (texts.search_hint.rpartition("·")[2], "\x1b"),
        ("dora", "\r\x1b[D\x1b[Dc"),
        (texts.comment_hint, "\x1b"),
        ("dora", "q"),
    ]
    command = (*APPS[name], *SCHEMA, "--labels", labels.name, "--annotator", f"dora{MARKS}")
    screen = shown(on_terminal(folder, *command, "--lang", language, keys=keys), drawn=True)
    for word in ("mine", "dora", "annonc", "defi"):
        assert word in screen
    record = json.loads(labels.read_text().split("\n")[-2])  # exactly as it was read
    assert MARKS in record["id" if name == "label" else "text"]
    assert record["annotator"] == f"dora{MARKS}"
