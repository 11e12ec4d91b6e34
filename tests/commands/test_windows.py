"""Windows, which these tests pretend on other systems: see made_windows.py for how far."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest
from conftest import ROOT, SEEDS, run_classify, some_labels
from made_windows import NO_SUCH_NAME
from typer.testing import CliRunner

from depeche.classify import app
from depeche.labels.errors import LabelsError, TrackingError
from depeche.labels.labelling.label_file import DecisionFile, journal_of
from depeche.labels.paragraphs import LabelledParagraph, read_labels
from depeche.labels.schema import load_schema
from depeche.labels.system import places
from depeche.labels.system.processes import interrupts_held
from depeche.labels.system.terminal import READABLE
from depeche.model import locks
from depeche.model.inputs.columns import place_of
from depeche.model.inputs.finding import find_inputs
from depeche.model.inputs.patterns import Glob
from depeche.model.outputs.rows import sidecar_name, write_sidecars
from depeche.train.tracking.connection import check_store
from depeche.train.tracking.database import database_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pretends Windows by Linux's /proc")
EXTRAS = (
    *("matplotlib.pyplot", "mlflow", "mlflow.pyfunc", "onnxruntime", "optuna", "ray", "ray.data"),
    *("sklearn.linear_model", "textual.app", "torch", "transformers", "uvicorn"),
    *("pyarrow.parquet", "starlette.applications", "textual.drivers.linux_driver", "waitress"),
)
IMPORT_ALL = """
import importlib, pkgutil, depeche
for module in pkgutil.walk_packages(depeche.__path__, "depeche."):
    # Neither a library that ctypes loads nor a driver for the terminals of Unix.
    if "_kernel-" not in module.name and not module.name.endswith("screens.driver"):
        importlib.import_module(module.name)
"""


def pretended(*args: object, cwd: Path, libraries: tuple[str, ...] = ()) -> list[str]:
    """Return the command of classify, or of `-c CODE`, that takes itself to run on Windows."""
    installed = [name for name in libraries if find_spec(name.partition(".")[0])]
    imports = [f"--import={name}" for name in installed]
    return [sys.executable, str(ROOT / "tests" / "made_windows.py"), *imports, *map(str, args)]


def run_pretended(
    *args: object, cwd: Path, libraries: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        pretended(*args, cwd=cwd, libraries=libraries),
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=400,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    return kept | {"COLUMNS": "100"} | more


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder with a folder `in` of three articles."""
    (tmp_path / "in").mkdir()
    for path in sorted(SEEDS.glob("*.txt"))[:3]:
        shutil.copy(path, tmp_path / "in")
    return tmp_path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


# --- what Windows lacks ---


@pytest.mark.slow
def test_every_module_imports_on_windows(tmp_path: Path) -> None:
    done = run_pretended("-c", IMPORT_ALL, cwd=tmp_path, libraries=EXTRAS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_types_hold_on_windows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--platform", "win32", "-p", "depeche"],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_tag_on_windows_gives_the_same_records(articles: Path) -> None:
    usual = run_classify("tag", "in", "--format", "jsonl", cwd=articles)
    for n_known in (0, 3):  # the second run finds all done, and no lock in its way
        done = run_pretended("tag", "in", "--jobs", "2", "--output", "o.jsonl", cwd=articles)
        assert done.returncode == 0, done.stderr
        assert ("3 tagged before" in done.stderr) == (n_known == 3)
    assert (articles / "o.jsonl").read_bytes() == usual.stdout.encode()
    (articles / "in" / "0.txt").write_text("Un accord a été signé lundi par les deux ministres.")
    done = run_pretended("tag", "in/*.txt", "--output", "o.csv", cwd=articles)
    assert "4 articles" in done.stderr
    done = run_pretended("tag", "in", "--output", "o.jsonl", cwd=articles)  # sets entries aside
    assert "4 articles" in done.stderr
    assert "3 tagged before" in done.stderr
    assert len((articles / "o.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize("command", [("ui", "--no-browser"), ("serve",), ("promote", "1234")])
def test_commands_without_a_run_say_so_on_windows(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run_pretended(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "classify: mlruns/mlflow.db: no run yet: classify train makes one\n"


@pytest.mark.slow
def test_a_model_is_trained_promoted_and_served_on_windows(tmp_path: Path) -> None:
    def run(*args: object) -> subprocess.CompletedProcess[str]:
        done = run_pretended(*args, cwd=tmp_path, libraries=EXTRAS)
        assert done.returncode == 0, done.stderr
        return done

    report = json.loads(run("train", *some_labels(tmp_path), "--json").stdout)
    run("promote", report["run_id"][:8])
    assert report["run_id"] in run("info", "--json").stdout
    for command, answers in ((("serve", "--port", "5741"), "Ctrl-C to stop"),):
        stop_once_it_answers(tmp_path, command, answers)


@pytest.mark.slow
def test_ui_on_windows_ends_with_all_that_it_started(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(runs, folder)
    (tmp_path / "bin").mkdir()
    taskkill = tmp_path / "bin" / "taskkill"
    taskkill.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nkill -KILL -- "-$4"\n')
    taskkill.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    stop_once_it_answers(
        folder, ("ui", "--no-browser", "--port", "5742"), "Ctrl-C to stop", PATH=path
    )
    assert (tmp_path / "asked").read_text().startswith("/F /T /PID ")


def stop_once_it_answers(folder: Path, command: tuple[str, ...], answer: str, **env: str) -> None:
    with (folder / "stderr.txt").open("w+b") as told:
        process = subprocess.Popen(
            pretended(*command, cwd=folder, libraries=EXTRAS),
            cwd=folder,
            env=clean_environment(**env),
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        deadline = time.monotonic() + 300
        while answer.encode() not in (folder / "stderr.txt").read_bytes():
            assert process.poll() is None, (folder / "stderr.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert "Traceback" not in (folder / "stderr.txt").read_text()


# --- locks ---


class Locks:
    """Stands for `msvcrt`: a lock that others hold for a while."""

    LK_UNLCK, LK_LOCK, LK_NBLCK = 0, 1, 2

    def __init__(self, *errors: int) -> None:
        self.calls: list[tuple[int, int]] = []
        self._errors = list(errors)

    def locking(self, descriptor: int, mode: int, n_bytes: int) -> None:
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
        self.calls.append((mode, n_bytes))
        if self._errors:
            raise OSError(self._errors.pop(0), "held")


def use_locks(monkeypatch: pytest.MonkeyPatch, *errors: int) -> Locks:
    monkeypatch.setattr(sys, "platform", "win32")
    held = Locks(*errors)
    monkeypatch.setattr(locks, "msvcrt", held, raising=False)
    return held


def test_a_lock_on_windows_is_one_byte_that_is_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = use_locks(monkeypatch)
    with locks.locked(tmp_path / "lock"):
        assert held.calls == [(Locks.LK_NBLCK, 1)]
    assert held.calls == [(Locks.LK_NBLCK, 1), (Locks.LK_UNLCK, 1)]
    assert not (tmp_path / "lock").exists()


def test_a_lock_held_by_another_is_refused_or_waited_for_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_locks(monkeypatch, 13)
    with pytest.raises(BlockingIOError, match="held by another process"):
        with locks.locked(tmp_path / "lock"):
            pass
    # Each try waits for ten seconds there, and then tells of a deadlock.
    held = use_locks(monkeypatch, 35, 35)
    with locks.locked(tmp_path / "lock", wait=True):
        assert held.calls == [(Locks.LK_LOCK, 1)] * 3


def test_a_lock_is_not_taken_through_a_link_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_NOFOLLOW")
    (tmp_path / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic links"):
        places.open_itself(str(tmp_path / "lock"), os.O_RDWR)
    assert not (tmp_path / "mine").exists()


def test_what_is_started_on_windows_ignores_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, windows: None
) -> None:
    import ctypes

    calls: list[tuple[object, bool]] = []
    kernel32 = SimpleNamespace(SetConsoleCtrlHandler=lambda *call: calls.append(call))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel32), raising=False)
    with interrupts_held():
        assert calls == [(None, True)]
    assert calls == [(None, True), (None, False)]


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


# --- a console of Windows ---


@pytest.mark.parametrize(
    "options", [("--help",), ("tag", "--help"), ("info",), ("tag", "none.txt")]
)
def test_a_cp1252_console_shows_all(options: tuple[str, ...], tmp_path: Path) -> None:
    done = in_cp1252(*options, cwd=tmp_path)
    assert b"Traceback" not in done.stderr
    done.stdout.decode("cp1252")


def test_records_are_utf8_wherever_they_are_sent(tmp_path: Path) -> None:
    text = "Le ministre de Łódź a signé le traité → avec son homologue à Kyïv."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    for options in (("tag", "a.txt"), ("tag", "a.txt", "--format", "json")):
        done = in_cp1252(*options, cwd=tmp_path)
        assert json.loads(done.stdout.decode("utf-8"))["paragraphs"][0]["text"] == text
        assert b"\r" not in done.stdout


def test_bars_and_letters_that_a_console_lacks_are_replaced() -> None:
    assert "██▏ é → Ł".encode("cp1252", READABLE).decode("cp1252") == "##| é ? ?"


def in_cp1252(*options: object, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "depeche.classify", *map(str, options)],
        cwd=cwd,
        env=clean_environment(PYTHONIOENCODING="cp1252", PYTHONUTF8="0"),
        capture_output=True,
        check=False,
    )


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
    "name", ["o.jsonl", "o.csv", "o.parquet", "o.html", "o", "o.csv.errors.jsonl"]
)
def test_an_output_open_elsewhere_costs_one_line_and_no_record(
    name: str, articles: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], None]
) -> None:
    monkeypatch.chdir(articles)
    Path("in/empty.txt").touch()
    output = name.removesuffix(".errors.jsonl")
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
    schema, path = load_schema(), tmp_path / "mine.jsonl"
    label = LabelledParagraph(
        id="a-0",
        article="a",
        paragraph=0,
        kind="body",
        text="Un accord.",
        labels={"topics": ("diplomacy",), "stance": ("neutral",)},
        annotator="me",
    )
    file = DecisionFile(path, schema)
    file.write(label)
    opened("mine.jsonl")
    with pytest.raises(LabelsError, match="open in another program.*nothing is lost"):
        file.close()
    assert journal_of(path).stat().st_size
    opened("")
    DecisionFile(path, schema).close()
    assert [record.id for record in read_labels(path, schema)] == ["a-0"]
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
