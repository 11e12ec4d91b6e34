"""What classify never does to files that it did not make, and what it keeps of many failures."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Classify
from made_batches import Tag, rows_of, text

from depeche.model.batch.failures import write_errors
from depeche.model.batch.files import checksum_of, new_file, open_at
from depeche.model.batch.journal import open_journal
from depeche.model.batch.outcomes import Entry, Tagged
from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.inputs import Inputs
from depeche.model.locks import locked

DEAR = "dear to its owner\n"
LABELS = "\n".join((ROOT / "labels" / "seeds.jsonl").read_text().split("\n")[:30]) + "\n"


def contents(folder: Path) -> dict[str, object]:
    """Return all that lies in a folder: the bytes of files, where links lead."""
    return {
        str(path.relative_to(folder)): path.readlink()
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else path.is_dir()
        for path in folder.rglob("*")
    }


STRANGE: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, dear: path.symlink_to(dear),
    "a file with several names": lambda path, dear: path.hardlink_to(dear),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a folder": lambda path, _: path.mkdir(),
}
NAMES = (
    *("lock", "job.json", "new-job.json", "records.jsonl", "done.log", "new-done.log"),
    *("new-records.jsonl", "finished.json", "new-finished.json", "errors.jsonl"),
    *("new-errors.jsonl", "earlier-records.jsonl", "earlier-done.log", "new-out.csv"),
    *("old-out.csv", "else"),
)


@pytest.mark.parametrize("kind", STRANGE)
def test_what_classify_did_not_make_in_a_journal_is_named_and_left(
    here: Path, tag: Tag, kind: str
) -> None:
    dear = here / "dear.md"
    dear.write_text(DEAR)
    journal = here / ".depeche" / "out.csv"
    journal.mkdir(parents=True)
    for name in NAMES:
        if kind == "a folder" and name.startswith(("new-", "old-")):
            continue  # of an output of folders
        STRANGE[kind](journal / name, dear)
        before = contents(here)
        fresh = ["--fresh"] if kind == "a link" or name == "job.json" else []
        assert tag("in", "--output", "out.csv", *fresh) == (
            1,
            f"classify: .depeche/out.csv/{name}: {kind}, which classify did not make: move it "
            "away, or give another --output\n",
        )
        assert contents(here) == before
        (journal / name).rmdir() if kind == "a folder" else (journal / name).unlink()


@pytest.mark.parametrize("place", [".depeche", ".depeche/out.jsonl"])
@pytest.mark.parametrize("kind", ["a link", "a pipe", "a file"])
def test_journal_that_is_no_folder_is_named_and_left(
    here: Path, tag: Tag, kind: str, place: str
) -> None:
    (here / "other").mkdir()
    if place != ".depeche":
        (here / ".depeche").mkdir()
    if kind in STRANGE:
        STRANGE[kind](here / place, here / "other")
    else:
        (here / place).write_text(DEAR)
    before = contents(here)
    status, messages = tag("in", "--output", "out.jsonl")
    assert (status, messages.split(",")[0]) == (1, f"classify: {place}: {kind}")
    assert contents(here) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to another user needs root")
@pytest.mark.parametrize("place", [".depeche", ".depeche/out.jsonl"])
def test_journal_of_another_user_is_named_and_left(here: Path, tag: Tag, place: str) -> None:
    (here / ".depeche" / "out.jsonl").mkdir(parents=True)
    os.chown(here / place, 65534, -1)
    status, messages = tag("in", "--output", "out.jsonl")
    assert status == 1
    assert messages.startswith(f"classify: {place}: another user's folder")
    assert list((here / ".depeche" / "out.jsonl").iterdir()) == []


def test_link_that_comes_once_a_journal_is_open_is_not_followed(here: Path) -> None:
    dear = here / "dear.md"
    dear.write_text(DEAR)
    folder = here / ".depeche" / "o.jsonl"
    with open_journal(here / "o.jsonl", {"format": "jsonl"}, fresh=False) as journal:
        for name in ("new-records.jsonl", "new-finished.json", "new-errors.jsonl", "finished.json"):
            (folder / name).symlink_to(dear)
        assert journal.keep(Failure(where="a", reason="empty"), 1) is None
        journal.log.append(Tagged(Entry("a", "a", "k", "empty"), b""))
        write_errors(folder / "errors.jsonl", [], [])
        journal.finish(None)
    assert not (folder / "finished.json").is_symlink()
    for name in ("done.log", "records.jsonl"):
        with open_journal(here / "p.jsonl", {"format": "jsonl"}, fresh=True) as journal:
            (here / ".depeche" / "p.jsonl" / name).symlink_to(dear)
            with pytest.raises(OSError, match="symbolic links"):
                journal.keep(Failure(where="a", reason="empty"), 1)
        (here / ".depeche" / "p.jsonl" / name).unlink()
    (here / "link").symlink_to(dear)
    with pytest.raises(OSError, match="symbolic links"):
        open_at(here / "link", 0)
    with new_file(here / "link") as file:
        file.write(b"new")
    assert dear.read_text() == DEAR


def test_file_beside_the_output_is_never_taken_for_a_list_of_errors(here: Path, tag: Tag) -> None:
    for name in ("out.csv.errors.jsonl", "errors.jsonl"):
        (here / name).write_text(DEAR)
    (here / "out.csv.journal").mkdir()
    (here / "out.csv.journal" / "job.json").symlink_to("../errors.jsonl")  # no journal of 0.1
    before = contents(here)
    assert tag("in", "--output", "out.csv")[0] == 3
    assert contents(here).items() >= before.items()


@pytest.mark.parametrize("form", ["csv", "sidecar"])
@pytest.mark.parametrize("is_done", [True, False])
def test_journal_of_version_0_1_is_named_in_one_line_and_left(
    here: Path, tag: Tag, form: str, is_done: bool
) -> None:
    asked = ["in", "--output", "out", "--format", form]
    assert tag(*asked)[0] == 3
    made = checksum_of(here / "out")
    (here / ".depeche" / "out").rename(here / "out.journal")
    (here / ".depeche").rmdir()
    if not is_done:
        shutil.rmtree(here / "out") if form == "sidecar" else (here / "out").unlink()
    before = contents(here)
    for _ in range(2):
        assert tag(*asked) == (
            1,
            "classify: out.journal: the journal of depeche 0.1, which this version does not use: "
            "give another --output, or --fresh to tag all again and replace the output\n",
        )
        assert contents(here) == before
    assert tag(*asked, "--fresh")[0] == 3
    assert checksum_of(here / "out") == made
    assert "nothing is new" in tag(*asked)[1]  # though the old journal is still there


def test_hidden_journals_and_outputs_are_no_inputs(here: Path, tag: Tag) -> None:
    assert tag("in", "--output", "in/a.jsonl")[0] == 3
    assert tag("in", "--output", "in/b.csv", "--format", "csv")[0] == 3
    (here / "in" / "c.jsonl").write_text("{}\n")
    (here / "in" / "c.jsonl.errors.jsonl").write_text("{}\n")
    (here / "in" / "c.jsonl.journal").mkdir()  # of version 0.1
    (here / "in" / "c.jsonl.journal" / "job.json").write_text("{}\n")
    status, messages = tag("in", "--output", "o.jsonl", "--include", "*")
    assert (status, "6 output files" in messages) == (3, True)
    assert "5 articles" in messages
    assert tag("in/*", "--output", "p.jsonl")[0] == 3
    assert (here / "p.jsonl").read_text() == (here / "o.jsonl").read_text()


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


SLOW = pytest.mark.slow
OTHER_COMMANDS = (
    ("import", "a.jsonl", "OUT", "--from", "prodigy", "--force"),
    ("export", "a.jsonl", "OUT", "--to", "doccano", "--force"),
    ("export", "a.jsonl", "OUT", "--to", "label-studio", "--force", "--predict"),
    ("agreement", "a.jsonl", "b.jsonl", "--disputes", "OUT"),
    ("agreement", "a.jsonl", "b.jsonl", "--agreed", "OUT"),
    ("audit", "a.jsonl", "--queue", "OUT"),
    pytest.param(("evaluate", "--labels", "a.jsonl", "--report", "OUT"), marks=SLOW),
    pytest.param(("train", "--labels", "a.jsonl", "--output", "OUT"), marks=SLOW),
)


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


LONG = "é" * 130
PLACES = ("/proc/x", "/sys/x", "no/such/x", "file/x", "loop", "loop/x", LONG, f"{LONG}/x")


def write_places(folder: Path) -> None:
    (folder / "file").write_text(DEAR)
    (folder / "loop").symlink_to("loop")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc and /sys")
@pytest.mark.parametrize("place", PLACES)
def test_place_that_cannot_be_written_is_told_before_anything_is_read(
    here: Path, tag: Tag, place: str
) -> None:
    write_places(here)
    before = contents(here)
    for options in (
        *(["--output", place, "--format", form] for form in ("csv", "sidecar", "json")),
        ["--errors", place],
    ):
        # Of a pipe nobody writes to: whoever reads the inputs first waits for ever.
        status, messages = tag("in", "-", *options)
        assert (status, messages.count("\n")) == (1, 1)
        assert messages.startswith("classify: ")
    assert contents(here) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc and /sys")
@pytest.mark.parametrize("command", OTHER_COMMANDS)
def test_other_commands_tell_a_place_before_the_work(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    write_places(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(LABELS)
    before = contents(tmp_path)
    for output in ("/proc/x", "file/x", LONG):
        done = classify(*(word.replace("OUT", output) for word in command))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert done.stderr.startswith("classify: ")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "args",
    [
        ["x" * 300],
        [text(3)],
        [f"{'d/' * 3000}a.txt"],
        ["loop"],
        ["loop/a.txt"],
        ["in", "--files-from", "x" * 300],
        ["in/a0000.txt", "--model", "x" * 300],
        ["in/a0000.txt", "--model", "loop"],
        ["in/a0000.txt", "--prevalence", "x" * 300],
        ["in/a0000.txt", "--output", "x" * 300],
        ["in/a0000.txt", "--prevalence", "deep.json"],
    ],
    ids=lambda args: " ".join(args)[:40],
)
def test_path_that_cannot_be_looked_at_is_one_line(here: Path, tag: Tag, args: list[str]) -> None:
    write_places(here)
    (here / "deep.json").write_text("[" * 100_000)
    status, messages = tag(*args)
    assert status in (1, 3)
    lines = [line for line in messages.splitlines() if "a0002b.txt" not in line]
    assert len(lines) == 1
    assert len(lines[0]) < 1000


@pytest.mark.parametrize(
    "command",
    [
        ("import", "LONG.csv", "o.jsonl"),
        ("export", "LONG", "o.csv"),
        ("agreement", "LONG", "LONG"),
        ("schema", "check", "LONG"),
        ("schema", "check", "deep"),
        ("evaluate", "--labels", "deep"),
        ("export", "deep", "o.csv"),
        ("export", str(ROOT / "labels" / "press.jsonl"), "o.csv", "--orangesum", "LONG"),
        ("train", "--settings", "deep"),
    ],
    ids=" ".join,
)
def test_other_commands_tell_such_a_path_in_one_line(
    tmp_path: Path, classify: Classify, command: tuple[str, ...]
) -> None:
    (tmp_path / "deep").write_text("a = " * (command[1] == "check") + "[" * 100_000)
    done = classify(*(word.replace("LONG", "x" * 300) for word in command))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr


def test_path_with_a_nul_or_half_a_character_is_a_failure() -> None:
    for path in ("a\0b", "\ud800.txt"):
        inputs = Inputs([path])
        assert not inputs.is_single
        assert len(list(inputs)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_folder_that_may_not_be_entered_is_one_line(here: Path, classify: Classify) -> None:
    (here / "no").mkdir()
    (here / "in" / "x.csv.journal").mkdir(mode=0)
    (here / "in" / ".depeche").mkdir(mode=0)
    (here / "no" / "a.txt").write_text(text(1))
    os.chown(here / "no", 65534, -1)
    (here / "no").chmod(0o700)
    drop = "-dac_override,-dac_read_search"
    for args in (
        ["no/a.txt"],
        ["no/*.txt"],
        ["in/a0000.txt", "--output", "no/x.json"],
        ["in", "--output", "no/x.csv"],
        ["import", "no/p.csv", "x.jsonl"],
        ["in/a0000.txt", "no/a.txt"],
    ):
        done = subprocess.run(
            [
                *("setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"),
                *(sys.executable, "-m", "depeche.classify", *args),
            ],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (1, 3)
        assert done.stderr.count("\n") == 1, done.stderr
        assert "Permission denied" in done.stderr


@pytest.mark.parametrize(
    "fields",
    [b"[]", b"{}", b"7", b"[" * 5000, b'["in/a0000.txt"]', b"[1, 2, 3]"]
    + [
        b'["in/a0000.txt", "in/a0000.txt", "KEY", "", %s, [], []]' % more
        for more in (
            b'-1, 0, 1, 0, "fr"',
            b'"x", 0, 1, 0, "fr"',
            b"0, 0, 1, 0, 7",
        )
    ]
    + [b'["in/a0000.txt", "in/a0000.txt", "KEY", "", 0, 0, 1, 0, "fr", [999], []]'],
)
def test_entries_of_another_hand_are_not_taken(here: Path, tag: Tag, fields: bytes) -> None:
    asked = ["in", "--output", "out.csv"]
    assert tag(*asked)[0] == 3
    made = (here / "out.csv").read_bytes()
    (here / ".depeche" / "out.csv" / "finished.json").unlink()
    document = next(iter(Inputs([str(here / "in")])))
    assert isinstance(document, Document)
    fields = fields.replace(b"KEY", document.key.encode())
    line = b"%08x %b\n" % (zlib.crc32(fields), fields)
    (here / ".depeche" / "out.csv" / "done.log").write_bytes(line)
    assert tag(*asked)[0] == 3
    assert (here / "out.csv").read_bytes() == made


def test_lock_is_never_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("dear")
    with pytest.raises(OSError, match="symbolic links"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "dear").exists()


@pytest.mark.parametrize("name", ["job.json", "finished.json", "done.log"])
def test_file_of_a_journal_nested_deep_is_no_journal(here: Path, tag: Tag, name: str) -> None:
    assert tag("in", "--output", "out.csv")[0] == 3
    (here / ".depeche" / "out.csv" / name).write_text("[" * 100_000)
    status, messages = tag("in", "--output", "out.csv")
    assert (status, "exists, and not by this command" in messages) == (
        (1, True) if name == "job.json" else (3, False)
    )


def test_failed_and_skipped_inputs_are_named_in_part_and_listed_whole(here: Path, tag: Tag) -> None:
    rows = [json.dumps({"text": text(1)}), *["1"] * 50]
    (here / "in" / "t.jsonl").write_text("\n".join(rows))
    for i in range(30):
        (here / "in" / f"p{i:02}.png").touch()
        (here / "in" / f"p{i:02}.zip").touch()
    for more in (["--errors", "e.jsonl"], []):
        status, messages = tag("in", *more)
        lines = messages.splitlines()
        assert status == 3
        assert len(lines) == 41
        assert sum(": skipped: " in line for line in lines) == 20
        where = "all are listed in e.jsonl" if more else "--errors FILE lists them all"
        assert lines[-1].startswith(f"classify: 51 failed, 60 skipped: {where}")
    listed = rows_of(here / "e.jsonl")
    assert len(listed) == 51 + 60
    assert listed[-1] == {"input": "in/p29.zip", "reason": "skipped: archive"}
    assert listed[1] == {
        "input": "in/t.jsonl:2",
        "reason": "not an object: write each article as one, with its text",
    }
    messages = tag("in", "--output", "o.csv")[1]
    assert (
        "classify: 51 failed, 60 skipped: all are listed in .depeche/o.csv/errors.jsonl" in messages
    )
    assert rows_of(here / ".depeche" / "o.csv" / "errors.jsonl") == listed


def test_list_is_left_where_nothing_could_be_read(here: Path, tag: Tag) -> None:
    (here / "bad.jsonl").write_text("1\n" * 70)
    for options, listed in (
        (["--errors", "e.jsonl"], "e.jsonl"),
        (["--output", "o.csv"], ".depeche/o.csv/errors.jsonl"),
    ):
        for _ in range(2):
            status, messages = tag("bad.jsonl", *options)
            assert (status, messages.count("\n")) == (1, 21)
            assert f"70 failed, 0 skipped: all are listed in {listed}" in messages
            assert len(rows_of(here / listed)) == 70
    assert [path.name for path in (here / ".depeche" / "o.csv").iterdir()] == ["errors.jsonl"]
    assert not (here / "o.csv").exists()


def test_warnings_are_told_in_part(here: Path, tag: Tag) -> None:
    row = json.dumps({"text": "The minister met his counterpart to talk about peace, they said."})
    (here / "english.jsonl").write_text(f"{row}\n" * 45)
    status, messages = tag("english.jsonl")
    assert status == 0
    assert messages.count("\n") == 21
    assert messages.endswith("classify: … and 25 more warnings\n")


@pytest.mark.parametrize("options", [["--errors", "/dev/null"], ["--output", "o.jsonl"]])
def test_memory_does_not_grow_with_failures(here: Path, options: list[str]) -> None:
    peaks = []
    for n in (10_000, 100_000):
        (here / "bad.jsonl").write_text(json.dumps({"text": text(1)}) + "\n" + "1\n" * n)
        code = "import resource, sys; from depeche import classify\ntry: classify.main()\nfinally: "
        code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=open('peak', 'w'))"
        subprocess.run(
            [sys.executable, "-c", code, "tag", "bad.jsonl", *options, "--fresh"],
            cwd=here,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        peaks.append(int((here / "peak").read_text()))
    assert peaks[1] < peaks[0] * 1.15, peaks


@pytest.mark.slow
def test_three_million_bad_rows_fit_into_little_memory(here: Path) -> None:
    import zstandard

    packed = zstandard.ZstdCompressor().compressobj()
    with (here / "bad.jsonl.zst").open("wb") as file:
        for _ in range(6):
            file.write(packed.compress(b"1\n" * (1 << 19)))
        file.write(packed.flush())
    done = subprocess.run(
        [sys.executable, "-m", "depeche.classify", "tag", "bad.jsonl.zst", "--errors", "e.jsonl"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 21)
    with (here / "e.jsonl").open() as lines:
        assert sum(1 for _ in lines) == 6 << 19


def test_more_processes_than_are_of_use_are_not_started(here: Path, tag: Tag) -> None:
    for jobs, output in (("9999", "many.jsonl"), ("1", "one.jsonl")):
        assert tag("in", "--jobs", jobs, "--output", output)[0] == 3  # one of them is empty
    assert (here / "many.jsonl").read_bytes() == (here / "one.jsonl").read_bytes()


@pytest.mark.parametrize("jobs", ["10001", "100000", str(10**20), "0", "-1"])
def test_number_of_processes_is_bounded(here: Path, tag: Tag, jobs: str) -> None:
    status, messages = tag("in", "--jobs", jobs)
    assert (status, "--jobs" in messages) == (2, True)


@pytest.mark.parametrize("number", ["1e-300", "5e-324", "1e-17", "0.9999999999999999"])
@pytest.mark.parametrize("option", ["precision", "recall", "coverage"])
def test_share_at_an_end_of_what_a_number_holds_is_no_fault(
    here: Path, tag: Tag, option: str, number: str
) -> None:
    status, messages = tag("in/a0000.txt", f"--{option}", number)
    assert (status, "Warning" in messages) == (0, False)
    assert json.loads((here.parent / "stdout").read_text())["id"] == "in/a0000.txt"


@pytest.mark.parametrize(
    "number", ["nan", "inf", "-inf", "0", "1", "-1e-300", "0.99999999999999999"]
)
@pytest.mark.parametrize("option", ["precision", "recall", "coverage"])
def test_share_that_is_none_is_refused(here: Path, tag: Tag, option: str, number: str) -> None:
    status, messages = tag("in/a0000.txt", f"--{option}", number)
    assert (status, messages.count("\n")) == (1, 1)
    assert "must lie between 0 and 1" in messages
