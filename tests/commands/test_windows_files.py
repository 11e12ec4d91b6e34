"""Paths, names and files as Windows has them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest
from conftest import ROOT
from made_windows import NO_SUCH_NAME
from typer.testing import CliRunner

from depeche.classify import app
from depeche.labels.errors import LabelsError, TrackingError
from depeche.labels.labelling.label_file import DecisionFile, journal_of
from depeche.labels.records import read_labels
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system import places
from depeche.model.inputs.columns import place_of
from depeche.model.inputs.finding import find_inputs
from depeche.model.inputs.patterns import Glob
from depeche.model.outputs.rows import sidecar_name, write_sidecars
from depeche.train.tracking.connection import check_store
from depeche.train.tracking.database import database_path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


# --- paths ---


def test_ids_have_slashes_on_windows(windows: None) -> None:
    assert place_of("crawl\\sport\\a.txt").id == "crawl/sport/a.txt"
    assert place_of("C:\\crawl\\a.txt").id == "C:/crawl/a.txt"
    assert sidecar_name("C:/crawl/a.txt") == "C_/crawl/a.txt"


@pytest.mark.parametrize(
    ("pattern", "base", "taken"),
    [
        ("C:\\crawl\\*.txt", "C:/crawl", "a.txt"),
        ("C:\\*.txt", "C:/", "a.txt"),
        ("C:\\crawl\\**\\a*.txt", "C:/crawl", "sport/2024/ab.txt"),
        ("crawl\\s?ort\\*.txt", "crawl", "sport/a.txt"),
        ("\\\\server\\share\\press\\*.txt", "//server/share/press", "a.txt"),
    ],
)
def test_patterns_with_drives_and_backslashes(pattern: str, base: str, taken: str) -> None:
    glob = Glob(PureWindowsPath(pattern).as_posix())
    assert glob.base == base
    assert glob.takes(taken)


def test_patterns_and_filters_on_windows(
    articles: Path, monkeypatch: pytest.MonkeyPatch, windows: None
) -> None:
    monkeypatch.chdir(articles)
    usual = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if "*" in str(path):
            err = OSError(22, "The file name syntax is incorrect")
            err.winerror = NO_SUCH_NAME  # type: ignore[attr-defined]
            raise err
        return usual(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    assert len(find_inputs(["in/*.txt"]).paths) == 3
    (articles / "in" / "sport").mkdir()
    (articles / "in" / "sport" / "a.txt").write_text("un")
    assert find_inputs(["in"], include=["sport\\*"]).paths == ["in/sport/a.txt"]
    assert len(find_inputs(["in"], exclude=["sport\\*"]).paths) == 3


def test_a_text_for_a_path_is_said_to_be_one_where_it_is_only_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stat(path: Path) -> os.stat_result:
        raise FileNotFoundError(2, "as Windows says of what is too long")

    monkeypatch.setattr(Path, "stat", stat)
    (failure,) = find_inputs(["Un accord a été signé. " * 20]).paths
    assert "a text is read from standard input" in failure.reason  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_of_paths_as_windows_writes_them(
    encoding: str, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(articles)
    Path("in/été.txt").write_text("un", encoding="utf-8")
    text = "in/été.txt\r\nin/none.txt\r\n"
    Path("list.txt").write_bytes(text.encode(encoding))
    first, second = find_inputs([], files_from=Path("list.txt")).paths
    assert first == "in/été.txt"
    assert second.where == "in/none.txt"  # type: ignore[union-attr]


def test_a_list_that_is_not_utf8_is_refused_on_windows(
    articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsdecode", lambda name: name.decode("utf-8", "surrogatepass"))
    (articles / "list.txt").write_bytes("été.txt".encode("cp850"))
    (failure,) = find_inputs([], files_from=articles / "list.txt").paths
    assert failure.reason.endswith("not UTF-8: save the list in this encoding")  # type: ignore[union-attr]


def test_an_output_among_the_inputs_is_spared_without_dir_entries_inodes(articles: Path) -> None:
    (articles / "in" / "o.jsonl").write_text("{}\n")
    with pytest.raises(Exception, match="would be overwritten"):
        find_inputs([str(articles / "in")], outputs=[articles / "in" / "o.jsonl"])


def test_a_drive_is_no_scheme() -> None:
    for uri in ("C:\\runs", "c:/runs"):
        with pytest.raises(TrackingError, match="a folder, in which MLflow keeps no runs"):
            check_store(uri)
    assert str(database_path("sqlite:///C:/runs/mlflow.db")) == "C:/runs/mlflow.db"
    assert not places.has_drive("models:/depeche@champion")


# --- a file that is open in Excel ---


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what holds a file of that name open, as Windows does, or (empty) none any more."""
    usual, held = Path.replace, [""]

    def replace(path: Path, target: Path) -> Path:
        if held[0] and Path(target).name == held[0]:
            raise PermissionError(13, "Access is denied", str(path), 5, str(target))
        return usual(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    return lambda name: held.__setitem__(0, name)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        *((x, x) for x in ("o.jsonl", "o.csv", "o.parquet", "o.html", "o")),
        ("o.csv", "errors.jsonl"),
    ],
)
def test_an_output_open_elsewhere_costs_one_line_and_no_record(
    output: str,
    name: str,
    articles: Path,
    monkeypatch: pytest.MonkeyPatch,
    opened: Callable[[str], None],
) -> None:
    monkeypatch.chdir(articles)
    Path("in/empty.txt").touch()
    command = ["tag", "in", "--output", output, *(["--format", "sidecar"] if name == "o" else [])]
    opened(name)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        f"classify: {output}: cannot be written: open in another program, or not writable: close "
        "it there and run the same command again; what is done is kept: the same command goes on "
        "where it stopped"
    )
    opened("")
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, "3 tagged before" in done.stderr) == (3, True)
    assert Path(output).exists()


def test_an_export_or_labels_open_elsewhere(tmp_path: Path, opened: Callable[[str], None]) -> None:
    target = tmp_path / "o.csv"
    target.write_text("mine")
    command = ["export", str(ROOT / "labels" / "seeds.jsonl"), str(target), "--force"]
    opened("o.csv")
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, "open in another program" in done.stderr) == (1, True)
    assert target.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]
    opened("")
    assert CliRunner().invoke(app, command).exit_code == 0


def test_decisions_stay_in_the_journal_while_their_file_is_open_elsewhere(
    tmp_path: Path, opened: Callable[[str], None]
) -> None:
    schema, path = read_schema(DEFAULT_SCHEMA), tmp_path / "mine.jsonl"
    label = read_labels(ROOT / "labels" / "seeds.jsonl", schema)[0]
    file = DecisionFile(path, schema)
    file.write(label)
    opened("mine.jsonl")
    with pytest.raises(LabelsError, match=r"open in another program.*nothing is lost"):
        file.close()
    assert journal_of(path).stat().st_size
    opened("")
    DecisionFile(path, schema).close()
    assert [record.id for record in read_labels(path, schema)] == [label.id]
    assert not journal_of(path).exists()


def test_a_file_that_a_scanner_holds_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: None, opened: Callable[[str], None]
) -> None:
    (tmp_path / "new").touch()
    opened("o.csv")
    monkeypatch.setattr(time, "sleep", lambda _: opened(""))
    places.put_in_place(tmp_path / "new", tmp_path / "o.csv")
    assert (tmp_path / "o.csv").exists()


# --- names and encodings ---


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("crawl/aux.txt", "crawl/aux_.txt"),
        ("CON", "CON_"),
        ("nul/com1.a.b", "nul_/com1_.a.b"),
        ("console/auxiliary.txt", "console/auxiliary.txt"),
        ("a./b /c", "a._/b _/c"),
    ],
)
def test_sidecars_have_no_name_of_a_device(id: str, name: str) -> None:
    assert sidecar_name(id) == name


def test_sidecars_have_short_paths_and_differ_in_more_than_case(tmp_path: Path) -> None:
    assert len(sidecar_name("/".join(["x" * 100] * 8))) <= 160
    write_sidecars([{"id": "A/a.txt"}, {"id": "a/A.txt"}], tmp_path / "o")
    names = [p.relative_to(tmp_path).as_posix().casefold() for p in tmp_path.rglob("*.json")]
    assert len(set(names)) == 2


def test_no_file_is_opened_in_the_encoding_of_the_system(articles: Path) -> None:
    code = """
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module=r"depeche\\.")
from depeche import classify
for command in (["tag", "in", "--output", "o.csv"], ["tag", "in", "--format", "csv"],
                ["export", sys.argv[1], "e.json"], ["tag", "in", "--output", "o.html"]):
    try:
        sys.argv = ["classify", *command]
        classify.main()
    except SystemExit as end:
        assert not end.code, (command, end.code)
"""
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", code, ROOT / "labels/seeds.jsonl"],
        cwd=articles,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "EncodingWarning" in done.stderr) == (0, False), done.stderr
    assert b"\r" not in (articles / "o.csv").read_bytes().replace(b"\r\n\xef\xbb\xbf", b"")
