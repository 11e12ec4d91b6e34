"""Addresses of stores that are none, and databases that belong to something else."""

import http.server
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Classify, put_store
from made_runs import few_labels

from depeche.labels.errors import InputError, TrackingError
from depeche.train.tracking.connection import check_loggable, connect, store_uri
from depeche.train.tracking.serving import CHAMPION_URI, open_service
from depeche.train.tracking.store import Store


def refusal(monkeypatch: pytest.MonkeyPatch, uri: str, *, create: bool = False) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(TrackingError) as err, connect(create=create) as mlflow:
        mlflow.MlflowClient().search_experiments()
    message = str(err.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgresql://me:secret@127.0.0.1:9/runs", "needs the driver psycopg"),
        ("mysql://me:secret@127.0.0.1:9/runs", "needs the driver MySQLdb"),
        ("mssql://me:secret@127.0.0.1:9/runs", "needs the driver pyodbc"),
        ("http://[::1", "not the address of a server"),
        ("http://", "not the address of a server"),
        ("https://:5000", "not the address of a server"),
        ("http://127.0.0.1:99999", "not the address of a server"),
        ("http://127.0.0.1:0", "not the address of a server"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:/x", "has the form sqlite:///PATH"),
        ("sqlite:///%00", "cannot be read"),
        ("sqlite:///runs.db", "there is no such database"),
        ("sqlite:///no/folder/runs.db", "there is no such database"),
        ("sqlite+pysqlite:///runs.db", "there is no such database"),
        ("sqlite:///.", "cannot be read: Is a directory"),
        ("sqlite:////dev/zero", "not a database of SQLite"),
        ("file:///some/runs", "MLflow keeps no runs any more"),
        ("./mlruns", "MLflow keeps no runs any more"),
        ("mlruns", "MLflow keeps no runs any more"),
        ("://", "MLflow keeps no runs any more"),
        ("nothing://such", "cannot be reached or written"),
        ("http://me:secret@a b", "cannot be reached or written"),
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_address_that_is_none_is_said_and_nothing_is_made(
    uri: str, expected: str, create: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(monkeypatch, uri, create=create)
    assert expected in message
    assert "secret" not in message
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("empty", "not a database of SQLite"),
        ("text", "not a database of SQLite"),
        ("another", "not a database of MLflow's"),
        ("trials", "not a database of MLflow's"),
        ("torn", "not a database of"),
        ("newer", "made by another version of MLflow"),
        ("older", "made by another version of MLflow"),
    ],
)
def test_database_that_is_not_of_this_mlflow_is_refused_unchanged(
    kind: str, expected: str, empty_store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "some.db"
    if kind in ("newer", "older", "torn"):
        shutil.copy(empty_store, path)
    if kind == "torn":
        path.write_bytes(path.read_bytes()[:5000])
    elif kind in ("empty", "text"):
        path.write_text("" if kind == "empty" else "SQL notes\n" * 100)
    else:
        with closing(sqlite3.connect(path)) as database, database:
            if kind == "another":
                database.execute("CREATE TABLE places (url)")
            elif kind == "trials":
                database.execute("CREATE TABLE alembic_version (version_num)")
                database.execute("INSERT INTO alembic_version VALUES ('v3.2.0.a')")
            else:
                database.execute("UPDATE alembic_version SET version_num = ?", (kind,))
                database.execute("DROP TABLE inputs")  # which an older one lacks
    before = path.read_bytes()
    uri = f"sqlite:///{path}"
    message = refusal(monkeypatch, uri, create=True)
    assert expected in message
    assert uri in message
    assert path.read_bytes() == before


def test_own_database_of_another_version_is_refused_unchanged(
    empty_store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_store(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with closing(sqlite3.connect("mlruns/mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'older'")
    expected = r"run mlflow db upgrade sqlite:///mlruns/mlflow\.db"
    with pytest.raises(TrackingError, match=expected), connect():
        pass


def test_blank_address_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "  ")
    assert store_uri() == "sqlite:///mlruns/mlflow.db"


@pytest.fixture
def page() -> Iterator[str]:
    """Return the address of a server that is not MLflow's and answers with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>another service</html>")

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_server_of_something_else_is_said(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"{page}: MLflow's store cannot be reached" in refusal(monkeypatch, page)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        *(("runs",), ("compare", "one", "other"), ("promote", "some")),
        *(("ui", "--no-browser"), ("serve", "--port", "0"), ("train", "--teacher", "some")),
    ],
)
def test_every_command_says_that_the_server_is_down(
    command: tuple[str, ...], classify: Classify, tmp_path: Path
) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        if command[0] == "serve":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            command = ("serve", "--port", str(port))
        if command[0] == "train":
            (tmp_path / "a.txt").write_text("Un accord a été signé.")
            command = (*command, "--unlabelled", "a.txt", *few_labels(tmp_path))
        done = classify(*command, MLFLOW_TRACKING_URI=uri)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert uri in last
    assert "refused" in last
    assert "Traceback" not in done.stderr
    assert "champion yet" not in done.stderr


def test_password_of_a_store_is_in_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    uri = f"http://me:secret@127.0.0.1:{port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(TrackingError) as err, open_service(CHAMPION_URI, host="localhost", port=0):
        pass
    assert f"cannot be had from http://127.0.0.1:{port}: " in str(err.value)
    client = SimpleNamespace(MlflowClient=lambda **_: None)
    assert Store(client, uri).name == f"http://127.0.0.1:{port}"


def test_training_is_refused_before_the_work_where_it_cannot_be_logged(
    classify: Classify, tmp_path: Path
) -> None:
    uri = "sqlite:///typo.db"
    done = classify("train", *few_labels(tmp_path), MLFLOW_TRACKING_URI=uri)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"classify: {uri}: ")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"x.jsonl"}


def test_own_store_is_looked_at_only_where_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlruns").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    check_loggable()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(InputError, match="mlruns is no folder"):
        check_loggable()
