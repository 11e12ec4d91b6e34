"""No command lets a stranger's text, id, name or path do anything to the terminal."""

import ast
import json
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fcntl import ioctl
from pathlib import Path

import pytest
from conftest import ROOT, write_rows
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from test_structure import MODULES, name_of
from textual.color import Color

from depeche.labels.codebook.file import schema_toml
from depeche.labels.labelling.messages import TEXTS
from depeche.labels.labelling.queue import Item
from depeche.labels.labelling.screens.plain_lines import PlainLines
from depeche.labels.labelling.screens.reading import Reading
from depeche.labels.schema import Schema, read_schema
from depeche.labels.system.language import Language
from depeche.labels.system.terminal import escaped, plain
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.tagging import SHIPPED

# Sets the clipboard, the title and a colour, in 7 bits and in 8; moves, deletes; turns round, joins
# and hides; breaks the line in each way; and is markup to the libraries that draw.
MARKS = (
    "\x1b]52;c;cm0=\x07\x1b]0;t\x1b\\\x1b[666mx\x9b31my\x9d0;t\x9c\x90z\x7f\x08\x07\v\f\r\n"
    "\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u200b\u200c\u200d\u2060\u2064\ufeff\u180e\xad\ufff9"
    "\x85\u2028\u2029\x1c\U000e0001\U000e0041[bold][link=x]x[/link][@click=app.exit()][/]"
)
NAME = "\x1b]52;c;cm0=\x07\x1b[666m\x9b31m\u202e\u200b\u2028\n\U000e0041"  # of a file
OWN = re.compile(r"\r?\x1b(\[[0-?]*[ -/]*[@-~]|[78=>])")  # what rich and Textual draw with
POINTER = b"\x1b]22;default\x07"  # Textual's own, without a word of anyone's
LINE = "Le ministre a annoncé lundi un accord de coopération militaire avec la Russie"


def on_terminal(
    folder: Path, *args: object, keys: Sequence[tuple[str, str]] = (), stdin: bytes | None = None
) -> bytes:
    """Return what a command writes to a terminal.

    Parameters
    ----------
    keys
        What is typed, each once the terminal has been given the words before it anew.
    """
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    done = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", *map(str, args)],
        stdin=follower if stdin is None else subprocess.PIPE,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        start_new_session=True,
        env=env | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
    )
    os.close(follower)
    if stdin is not None:
        assert done.stdin is not None
        done.stdin.write(stdin)
        done.stdin.close()
    seen, answered, waiting = b"", 0, list(keys)
    end = time.monotonic() + 120  # MLflow takes its time
    while True:
        if time.monotonic() > end or not select.select([leader], [], [], 120)[0]:
            done.kill()
            done.wait()
            pytest.fail(f"waits for {waiting}: {seen[-2000:]!r}")
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:  # the other end is closed: Linux's way to say end of file
            break
        if not chunk:
            break
        seen += chunk
        is_shown = waiting and waiting[0][0].encode() in seen[answered:]
        if is_shown and not select.select([leader], [], [], 0.1)[0]:  # and all around it
            answered = len(seen)
            os.write(leader, waiting.pop(0)[1].encode())
    os.close(leader)
    done.wait(30)
    assert not waiting
    return seen


def shown(raw: bytes, *, drawn: bool = False) -> str:
    """Return the words on the screen, having looked at each byte; `drawn` ones have styles."""
    raw = raw.replace(POINTER, b"")
    assert b"\x1b]" not in raw
    assert b"\x1b[666" not in raw
    text = raw.decode().replace("\r\n", "\n")
    if drawn:
        text = OWN.sub("", text)
    for character in set(text) - {"\n"}:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), text
    assert "Traceback" not in text
    return text


def write_schema(path: Path) -> Schema:
    """Write the shipped schema with names and definitions as hostile as a schema may be."""
    schema = read_schema()
    marks = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", MARKS)
    dimensions = [
        replace(
            d,
            fr=f"dimfr{marks}",
            en=f"dimen{marks}",
            labels=tuple(
                replace(
                    x,
                    fr=f"labfr{marks}",
                    en=f"laben{marks}",
                    definition=f"defi{MARKS}",
                    keywords=(f"mot{x.id}{MARKS.replace('*', '')}", "coopération"),
                )
                for x in d.labels
            ),
        )
        for d in schema.dimensions
    ]
    schema = replace(schema, name="schema\u202e\u200b\U000e0041", dimensions=tuple(dimensions))
    path.write_text(schema_toml(schema, "en"), encoding="utf-8", newline="\n")
    assert read_schema(path) == schema
    return schema


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of strangers' files, everything in which is hostile."""
    folder = tmp_path_factory.mktemp("strangers")
    schema = write_schema(folder / "schema.toml")
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
    for who in ("anna", "bruno", "carla"):
        stance = "neutral" if who == "anna" else "critical"
        labels = {"topics": ["military"] if who == "anna" else [], "stance": stance}
        labelled = [
            {
                **{"id": f"ident{i}{MARKS}", "article": f"article{i}{MARKS}"},
                **{"text": f"{LINE}{MARKS} n° {i}.", "kind": "body", **labels},
                **{"annotator": f"{who}{MARKS}", "source": f"src{MARKS}", "comment": f"com{MARKS}"},
            }
            for i in range(3)
        ]
        write_rows(folder / f"{who}{NAME}.jsonl", labelled)
    bad = {"id": f"ident{MARKS}", "article": "a", "text": "b", "kind": f"genre{MARKS}", MARKS: 1}
    write_rows(folder / f"faults{NAME}.jsonl", [bad, bad])
    model = replace(
        load_artifact(SHIPPED),
        name=f"model{MARKS}",
        version=f"version{MARKS}",
        schema=schema,
        data={
            **{"n_paragraphs": 1, "n_articles": 1, "digest": "0" * 64},
            "files": {f"file{MARKS}": f"digest{MARKS}"},
        },
    )
    scores = {**model.scores, "signature": f"signed{MARKS}"}
    save_artifact(replace(model, scores=scores), folder / f"model{NAME}", card="")
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
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=env)
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
        assert (
            json.loads(screen)["title"]
            == json.loads(
                subprocess.run(
                    [sys.executable, "-m", "depeche.classify", "page.html", "--format", form],
                    cwd=folder,
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    capture_output=True,
                    check=True,
                ).stdout
            )["title"]
        )


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


KEYWORDS = re.compile("guer\u200bre|paix")


@pytest.mark.parametrize(
    "text", [f"{MARKS} la guer\u200bre{MARKS}, la paix", "guer\u200bre\r\n\tpaix"]
)
def test_keywords_are_marked_where_they_stand(text: str) -> None:
    item = Item(id="a:1", article="a", text=text)
    drawn = Reading(KEYWORDS, TEXTS["fr"])._marked(item)
    assert [drawn.plain[span.start : span.end] for span in drawn.spans] == ["guerre", "paix"]


def test_keyword_is_marked_each_time_that_it_stands() -> None:
    text = "paix \u200b" * 2_000
    drawn = Reading(KEYWORDS, TEXTS["fr"])._marked(Item(id="a:1", article="a", text=text))
    assert [span.start for span in drawn.spans] == [*range(0, 10_000, 5)]


@given(st.text(), st.text())
def test_plain_text_has_nothing_to_obey_and_parts_that_can_be_found(a: str, b: str) -> None:
    assert plain(a + b) == plain(a) + plain(b)
    assert plain(plain(a)) == plain(a)
    for text in (plain(a), escaped(a), plain(a, lines=True).replace("\n", "")):
        shown(text.encode())
        assert "\n" not in text


@given(st.text())
def test_messages_say_which_character_it_was(text: str) -> None:
    printable = "".join(c for c in text if c.isprintable() and c != "\\")
    assert escaped(printable) == printable
    assert escaped(f"{printable}\x9b\u202e\n") == f"{printable}\\x9b\\u202e\\n"


def test_french_is_left_as_it_is() -> None:
    text = "« L’œuvre — 10\u202f% à 15\xa0h ; naïveté, e\u0301te\u0301, 中文, عربي, 😀\ufe0f »"
    assert plain(text) == escaped(text) == text


def calls(path: Path) -> set[str]:
    """Return the names that a module calls or passes on, such as `typer.echo`."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {ast.unparse(x) for x in nodes if isinstance(x, ast.Name | ast.Attribute)}


@pytest.mark.parametrize("path", [*MODULES, ROOT / "classify.py"], ids=name_of)
def test_only_one_module_prints(path: Path) -> None:
    """Others draw: rich on what `table` makes of plain texts, Textual through `PlainLines`."""
    if name_of(path) in (
        "labels/system/terminal.py",
        "labels/system/stopping.py",
    ):  # the latter one fixed line
        return
    printing = r"(typer|click)\.(echo|secho|style|confirm|prompt|print\w*)|print|pprint"
    printing += r"|(sys\.(__)?std(out|err)(__)?|os)\.write(lines)?"
    assert not [name for name in calls(path) if re.fullmatch(printing, name)]


def test_what_is_drawn_is_drawn_of_plain_texts() -> None:
    uses = re.compile(r"^\s*(from|import) rich\b(?!\.(cells|segment))", re.MULTILINE)
    drawing = {name_of(path) for path in MODULES if uses.search(path.read_text())}
    # The table of an article, where it is written, and the bar of a batch, which has numbers only.
    assert drawing == {
        "model/outputs/terminal.py",
        "model/batch/streaming.py",
        "model/batch/progress.py",
    }
    made = ast.parse((ROOT / "model" / "outputs" / "terminal.py").read_text())
    texts = [x for x in ast.walk(made) if isinstance(x, ast.Call) and ast.unparse(x.func) == "Text"]
    assert [ast.unparse(x) for x in texts] == ["Text(plain(text), style)"]


def test_each_line_of_the_app_goes_through_the_filter() -> None:
    filter_ = PlainLines()
    line = [Segment(f"a{character}b") for character in MARKS]
    seen = filter_.apply(line, Color(0, 0, 0))
    shown("".join(part.text for part in seen).encode())
    assert [part.cell_length for part in seen] == [part.cell_length for part in line]
