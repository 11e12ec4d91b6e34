"""What the tests share: the real command line, the corpus, and small made-up schemas."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

# One thread a test process: as many as cores in each of several processes wait for one another.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import pytest  # after the setting, which libraries read as they are imported
from hypothesis import settings
from made_batches import Tag, Warm, write_articles

from depeche.model.locks import locked
from depeche.model.tagging import SHIPPED, Model, load_model

if TYPE_CHECKING:
    from made_sessions import Start

settings.register_profile("depeche", deadline=None)  # shared machines stall for no fault of ours
settings.load_profile("depeche")

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # for benchmarks, whose measures some tests hold
SEEDS = ROOT / "seeds"
SHARED = ROOT.parent / "shared"

Classify = Callable[..., "subprocess.CompletedProcess[str]"]


TRAINING = ("train", "tune", "evaluate", "audit", "runs", "compare", "promote", "serve", "ui")
_STARTED: list[Warm] = []  # which run commands; they are closed at the end
OF_A_START = ("PYTHON", "LC_", "LANG")  # variables that Python reads once, as it starts


def run_classify(
    *args: object, stdin: bytes | str = "", cwd: Path, fresh: bool = False, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own.

    It is a copy of one that has loaded the libraries, or a `fresh` one where its start or its
    imports matter, as they do where a variable is given that Python reads as it starts.
    """
    fresh = fresh or any(name.startswith(OF_A_START) for name in env)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    given = stdin.encode() if isinstance(stdin, str) else stdin
    command, env = list(map(str, args)), clean | {"COLUMNS": "100"} | env
    if fresh:
        done = subprocess.run(
            [sys.executable, "-m", "depeche.classify", *command],
            input=given,
            capture_output=True,
            cwd=cwd,
            env=env,
            check=False,
            timeout=400,
        )
        status, out, err = done.returncode, done.stdout, done.stderr
    else:
        with TemporaryDirectory() as into:
            (Path(into) / "stdin").write_bytes(given)
            status = _loaded(command[:1])(cwd, *command, env=env, into=into)
            out, err = ((Path(into) / name).read_bytes() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(command, status, out.decode(), err.decode())


def _loaded(command: list[str]) -> Warm:
    """Return a process that has loaded what a command needs."""
    return _started(*(["train"] if command and command[0] in TRAINING else []))


@cache
def _started(*libraries: str) -> Warm:
    _STARTED.append(Warm(*libraries))
    return _STARTED[-1]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    while _STARTED:
        _STARTED.pop().close()


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """Return a folder that the first of the test processes makes for all; none may change it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = folder.with_suffix(".done")
    with locked(folder.with_suffix(".lock"), wait=True):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half made
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an MLflow database without runs: making one takes seconds, copying it none."""

    def make(folder: Path) -> None:
        path = folder / "mlflow.db"
        code = f"import mlflow; mlflow.MlflowClient('sqlite:///{path}').search_experiments()"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    return made_once(tmp_path_factory, "store", make) / "mlflow.db"


def put_no_file(path: Path, what: str) -> None:
    """Put a pipe, a device or a folder where a file is read."""
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()


@pytest.fixture
def classify(tmp_path: Path) -> Classify:
    """Run the command line in a temporary folder."""
    return partial(run_classify, cwd=tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """Return a folder in which `classify train` was run on some of the shipped paragraphs."""

    def make(folder: Path) -> None:
        put_store(empty_store, folder)
        done = run_classify("train", *some_labels(folder), "--json", cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / "stdout.json").write_text(done.stdout)
        (folder / "stderr.txt").write_text(done.stderr)

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """Return a folder with four runs, logged without training: see made_runs.py."""

    def make(folder: Path) -> None:
        put_store(empty_store, folder)
        code = "import made_runs; made_runs.log_all()"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
        env["PYTHONPATH"] = str(ROOT / "tests")
        subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, env=env)

    return made_once(tmp_path_factory, "runs", make)


@pytest.fixture
def run_store(runs: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder with made runs; its artifacts stay where they were logged."""
    return Path(shutil.copytree(runs, tmp_path / "store"))


@pytest.fixture(scope="session")
def server(
    empty_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Give the process and the port of a `classify serve` on the shipped model."""
    from made_service import served

    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{empty_store}"}
    with served(tmp_path_factory.mktemp("served"), store) as process_and_port:
        yield process_and_port


@pytest.fixture
def port(server: tuple[int, int]) -> int:
    return server[1]


@pytest.fixture(scope="session")
def model() -> Model:
    """Return the shipped model."""
    return load_model(SHIPPED)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give a function that opens labelling sessions on `mine.jsonl`."""
    from made_sessions import starting

    with starting(tmp_path) as begin:
        yield begin


def some_labels(folder: Path) -> list[object]:
    """Return options naming the seeds, and in `folder` a few composed and stand-off paragraphs."""
    lines = []
    for name, n in (("composed", 150), ("press", 40)):
        lines += (ROOT / "labels" / f"{name}.jsonl").read_text().splitlines(keepends=True)[:n]
    (folder / "some.jsonl").write_text("".join(lines))
    return ["--labels", ROOT / "labels" / "seeds.jsonl", "--labels", folder / "some.jsonl"]


@pytest.fixture(scope="session")
def orangesum() -> Path:
    folder = SHARED / "corpus" / "orangesum"
    if not folder.is_dir():
        pytest.skip("needs OrangeSum's texts in ../shared/corpus/orangesum")
    return folder


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Run many commands, each without the time that a start takes."""
    commands = Warm()
    yield commands
    commands.close()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return the folder in which commands run; what they print lies beside it."""
    folder = tmp_path / "here"
    write_articles(folder / "in", 5)
    (folder / "in" / "a0002b.txt").touch()
    return folder


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder with a folder `in` of three articles."""
    (tmp_path / "in").mkdir()
    for path in sorted(SEEDS.glob("*.txt"))[:3]:
        shutil.copy(path, tmp_path / "in")
    return tmp_path


@pytest.fixture
def tag(warm: Warm, here: Path) -> Tag:
    """Return a command that gives its exit status and its messages."""

    def run(*args: object) -> tuple[int, str]:
        status = warm(here, "tag", *args)
        messages = (here.parent / "stderr").read_text()
        assert "Traceback" not in messages
        return status, messages

    return run


def put_store(empty_store: Path, folder: Path) -> None:
    """Give a folder a database of its own in which commands log their runs."""
    (folder / "mlruns").mkdir()
    shutil.copy(empty_store, folder / "mlruns")


def write_schema(path: Path, dimensions: Mapping[str, tuple[str, Sequence[str]]]) -> Path:
    """Write a schema whose names and definitions are the ids."""
    parts = ['name = "test"\nversion = 1\n']
    for dimension, (kind, labels) in dimensions.items():
        parts.append(f'[[dimension]]\nid="{dimension}"\nkind="{kind}"\nfr="{dimension}"\n')
        parts.append(f'en="{dimension}"\n')
        parts += [
            f'[[dimension.label]]\nid="{x}"\nfr="{x}"\nen="{x}"\ndefinition="{x}"\n' for x in labels
        ]
    path.write_text("".join(parts))
    return path


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path
