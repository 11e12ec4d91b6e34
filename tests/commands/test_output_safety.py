"""No command writes over what it reads, or where it was not told to; it says so first."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Classify
from made_batches import Tag, text
from made_files import DEAR, LABELS, OTHER_COMMANDS, contents

ALIASES = {
    "its name": "in/a0001.txt",
    "another way to it": "in/../in/a0001.txt",
    "a link": "link",
    "a link to its folder": "folder/a0001.txt",
    "a hard link": "hard link",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_output_that_is_an_input_is_refused_by_whatever_name(
    here: Path, tag: Tag, alias: str
) -> None:
    (here / "link").symlink_to("in/a0001.txt")
    (here / "folder").symlink_to("in")
    (here / "hard link").hardlink_to(here / "in" / "a0001.txt")
    output = ALIASES[alias]
    before = contents(here)
    (here.parent / "list").write_text("in/a0001.txt\n")
    for inputs in (["in/a0001.txt"], ["in"], ["in/*.txt"], ["--files-from", "../list"]):
        for form, more in (("json", []), ("jsonl", ["--fresh"]), ("html", ["--jobs", "2"])):
            status, messages = tag(*inputs, "--output", output, "--format", form, *more)
            assert status == 1
            assert "is read, and would be overwritten: give another name\n" in messages
            assert messages.count("\n") == 1
        if inputs != ["in/a0001.txt"]:
            assert tag(*inputs, "--errors", output)[0] == 1
    assert contents(here) == before


def test_tables_lists_and_standard_input_are_inputs_as_well(
    here: Path, tag: Tag, classify: Classify
) -> None:
    (here / "t.csv").write_text(f'text\n"{text(1)}"\n')
    (here / "list").write_text("in/a0000.txt\n")
    before = contents(here)
    for args in (
        ["t.csv", "--output", "t.csv", "--fresh"],
        ["--files-from", "list", "--output", "list", "--fresh"],
        ["in", "--prevalence", "list", "--output", "list", "--fresh"],
        ["in", "t.csv", "--errors", "t.csv"],
    ):
        status, messages = tag(*args)
        assert (status, messages.split(": ", 2)[2]) == (
            1,
            "is read, and would be overwritten: give another name\n",
        )
    with (here / "t.csv").open() as file:
        done = subprocess.run(
            [sys.executable, "-m", "depeche.classify", "-", "--output", "t.csv"],
            stdin=file,
            stderr=subprocess.PIPE,
            cwd=here,
            check=False,
        )
    assert done.returncode == 1
    assert b"t.csv: is read, and would be overwritten" in done.stderr
    assert contents(here) == before


def test_folder_that_holds_an_input_is_not_replaced(here: Path, tag: Tag) -> None:
    asked = ["--format", "sidecar", "--output", "side"]
    assert tag("in", *asked)[0] == 3
    (here / "side" / "mine.txt").write_text(text(9))
    (here / "side" / "hard.txt").hardlink_to(here / "in" / "a0003.txt")
    before = contents(here)
    for inputs in (["side/mine.txt", "side/in"], ["in"], ["side", "--include", "*.json"]):
        status, messages = tag(*inputs, *asked, "--fresh")
        assert status == 1
        assert messages.endswith("is read, and would be overwritten: give another name\n")
    assert contents(here) == before


def test_files_of_the_journal_and_the_model_are_inputs_where_they_are_read(
    here: Path, tag: Tag
) -> None:
    assert tag("in", "--output", "out.csv")[0] == 3
    before = contents(here)
    for args in (
        [".depeche/out.csv/errors.jsonl", "--fresh"],
        [".depeche/out.csv/records.jsonl"],
        ["in/a0000.txt", ".depeche/out.csv/job.json", "--fresh"],
    ):
        status, messages = tag(*args, "--output", "out.csv")
        assert (status, "is read, and would be overwritten" in messages) == (1, True)
    assert contents(here) == before
    status, messages = tag("in/a0000.txt", "--output", ROOT / "model" / "default" / "idf.npy")
    assert (status, "is read, and would be overwritten" in messages) == (1, True)


RAY = ("--engine", "ray", "--format", "jsonl", "--fresh", "--output")


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        ("r/part-000000-0000.jsonl", "link"),
        ("link", "uri"),
        ("uri", "r"),
        ("uri/part-000000-0000.jsonl", "uri/../r"),
        ("r", "in/../r"),
    ],
)
def test_cluster_writes_no_shard_over_an_input(
    here: Path, classify: Classify, inputs: str, output: str
) -> None:
    (here / "r").mkdir()
    (here / "r" / "part-000000-0000.jsonl").write_text(json.dumps({"text": text(1)}))
    (here / "link").symlink_to("r")
    before = contents(here)
    uri = (here / "r").as_uri()
    args = [arg.replace("uri", uri, 1) for arg in (inputs, output)]
    done = classify("tag", args[0], *RAY, args[1], cwd=here)
    assert done.returncode == 1
    assert done.stderr == f"classify: {args[1]}: is among the inputs: give another name\n"
    assert contents(here) == before


@pytest.mark.parametrize("name", ["_errors", "part-000000-0000.jsonl", "_SUCCESS"])
def test_cluster_follows_no_link_in_its_output(here: Path, classify: Classify, name: str) -> None:
    (here / "r").mkdir()
    (here / "other").mkdir()
    (here / "r" / name).symlink_to("../other" if name == "_errors" else "../in/new.txt")
    before = contents(here)
    done = classify("tag", "in", *RAY, "r", cwd=here)
    assert done.returncode == 1
    assert done.stderr.startswith(f"classify: r/{name}: a link or device, which classify did not")
    assert contents(here) == before


@pytest.mark.parametrize("command", OTHER_COMMANDS[:6])
def test_other_commands_write_over_none_of_their_inputs(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(LABELS)
    (tmp_path / "hard.jsonl").hardlink_to(tmp_path / "a.jsonl")
    (tmp_path / "link.jsonl").symlink_to("a.jsonl")
    before = contents(tmp_path)
    for output in ("a.jsonl", "hard.jsonl", "link.jsonl"):
        done = classify(*(word.replace("OUT", output) for word in command))
        assert (done.returncode, done.stdout) == (1, "")
        messages = "is read, and would be overwritten: give another name"
        assert done.stderr == f"classify: {output}: {messages}\n"
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", OTHER_COMMANDS[:5])
def test_other_commands_write_over_neither_schema_nor_model_nor_texts(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(LABELS)
    shutil.copy(ROOT / "labels" / "schema.toml", tmp_path / "s.toml")
    shutil.copytree(ROOT / "model" / "default", tmp_path / "model")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "t.txt").write_text(DEAR)
    read = {"s.toml": ["--schema", "s.toml"]}
    if command[0] != "import":
        read["texts/t.txt"] = ["--orangesum", "texts"]
    if "--predict" in command:
        read["model/idf.npy"] = ["--model", "model"]
    before = contents(tmp_path)
    for output, options in read.items():
        done = classify(*(word.replace("OUT", output) for word in command), *options)
        messages = "is read, and would be overwritten: give another name"
        assert (done.returncode, done.stderr) == (1, f"classify: {output}: {messages}\n")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("evaluate", "--labels", "a.jsonl", "--report", "r"), "r/evaluation.html"),
        (("evaluate", "--labels", "a.jsonl", "--report", "r"), "r/evaluation.json"),
        (("export", "a.jsonl", "r/x.json", "--force"), "r/x.config.xml"),
        (("import", "two.csv", "r/x.jsonl", "--force"), "r/x-anna.jsonl"),
    ],
)
@pytest.mark.parametrize("to", ["dear", "missing"])
def test_no_link_is_followed_in_a_name_that_the_user_did_not_give(
    tmp_path: Path, classify: Classify, command: tuple[str, ...], name: str, to: str
) -> None:
    (tmp_path / "a.jsonl").write_text(LABELS)
    head, row = "id,article,text,topics,stance,annotator", "1,1,Un accord.,,neutral"
    (tmp_path / "two.csv").write_text(f"{head}\n{row},anna\n{row},bruno\n")
    (tmp_path / "dear").write_text(DEAR)
    (tmp_path / "r").mkdir()
    (tmp_path / name).symlink_to(f"../{to}")
    before = contents(tmp_path)
    done = classify(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{name}: a link, which is not followed" in done.stderr.splitlines()[-1]
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_folders_that_are_written_hold_no_input(tmp_path: Path, classify: Classify) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "evaluation.json").write_text(LABELS)
    (tmp_path / "model").mkdir()
    for file in (ROOT / "model" / "default").iterdir():
        (tmp_path / "model" / file.name).hardlink_to(file)
    (tmp_path / "model" / "mine.jsonl").write_text(LABELS)
    before = contents(tmp_path)
    for command, name in (
        (("evaluate", "--labels", "report/evaluation.json", "--report", "report"), "evaluation"),
        (("train", "--labels", "model/mine.jsonl", "--output", "model"), "mine"),
    ):
        done = classify(*command)
        assert done.returncode == 1
        assert f"{name}.json" in done.stderr
        assert "is read, and would be overwritten" in done.stderr
    assert contents(tmp_path) == before
