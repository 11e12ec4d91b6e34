"""Servers that run until they are stopped: MLflow's UI on our store, and a logged model's."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from depeche.labels.errors import ArtifactError, TrackingError
from depeche.labels.system.places import has_drive, reason_of
from depeche.labels.system.processes import SAFE_PATH, end_group, ended_by_signals, start_group
from depeche.model.artifact import load_artifact
from depeche.model.manifest import MANIFEST
from depeche.model.tagging import Model
from depeche.train.tracking.connection import connect, first_line, store_uri, without_password
from depeche.train.tracking.log import CHAMPION_ALIAS, REGISTERED

if TYPE_CHECKING:  # the UI needs no more than MLflow
    from depeche.train.tracking.service.running import Service

CHAMPION_URI = f"models:/{REGISTERED}@{CHAMPION_ALIAS}"

# MLflow's codes for a registered model, and for an alias, that is not there.
_MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_START_S = 120.0  # how long a server may take to answer; alone on two cores it takes 7 s
_STOP_S = 10.0  # how long it may take to end
_LOOK_S = 0.5  # between two looks whether it still runs: Windows waits deaf to Ctrl-C
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # spares 500 MB of workers that we never use
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers: its process, where it is, and what it writes."""

    url: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def wait(self) -> None:
        """Wait for Ctrl-C; raise `TrackingError` when the server ends by itself."""
        while self.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_LOOK_S)
        raise TrackingError(f"{self.url}: the server ended: {_last_line(self.log)}")


@contextmanager
def run_ui(*, host: str, port: int) -> Iterator[Server]:
    """Yield MLflow's UI on the store, once it answers; it ends with the block.

    Raises
    ------
    TrackingError
        When the port is taken, or the server does not start.
    """
    command = ["ui", "--backend-store-uri", store_uri(), "--workers", "1"]
    with _run(command, host=host, port=port) as server:
        yield server


@contextmanager
def open_service(
    uri: str, *, host: str, port: int, allowed: Sequence[str] = ()
) -> Iterator[Service]:
    """Yield the service of a logged model, to which clients can connect; it ends with the block.

    Parameters
    ----------
    uri
        As in MLflow: `models:/NAME@ALIAS`, `runs:/ID/model`, or a folder.
    allowed
        Further names by which requests may call the service.

    Raises
    ------
    TrackingError
        When there is no such model, or the port is taken.
    ArtifactError
        When its artifact is incomplete, altered or of another version.
    """
    with ended_by_signals(), _bind(host, port) as listener:
        model = _load_logged(uri)
        from depeche.train.tracking.service.app import make_app
        from depeche.train.tracking.service.hosts import Hosts
        from depeche.train.tracking.service.running import Service

        app = make_app(model, Hosts(host, listener.getsockname()[0], allowed))
        yield Service(url=_url(host, port), app=app, listener=listener)


def _load_logged(uri: str) -> Model:
    """Return a logged model, read by our own code: no code that was logged with it is run."""
    from yaml import YAMLError

    with _temporary_folder() as temporary:
        folder = Path(uri)
        try:
            _check_model(uri)
            if ":/" in uri and not has_drive(uri):  # even where there is a folder of that name
                with connect() as mlflow:
                    fetched = mlflow.artifacts.download_artifacts(uri, dst_path=temporary)
                folder = Path(fetched)
        # MLflow raises these where the library of a store is missing, or a file MLmodel is none.
        except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, YAMLError) as err:
            reason = " ".join(str(err).split())
            raise TrackingError(f"{uri}: MLflow cannot read it: {reason}") from err
        manifest = min(folder.rglob(MANIFEST), key=lambda path: len(path.parts), default=None)
        if manifest is None:
            raise TrackingError(f"{uri}: no {MANIFEST} in it: no model that classify train logged")
        try:
            return Model(load_artifact(manifest.parent))
        except ArtifactError as err:
            raise ArtifactError(f"{uri}: {str(err).removeprefix(f'{folder}/')}") from err


def _check_model(uri: str) -> None:
    with connect() as mlflow:
        try:
            mlflow.models.Model.load(uri)
        except (mlflow.exceptions.MlflowException, OSError) as err:
            missing = getattr(err, "error_code", None) in _MISSING
            if uri == CHAMPION_URI and missing:
                raise TrackingError("no champion yet: classify promote RUN") from err
            reason = first_line(err)
            what = "no such model in" if missing else "cannot be had from"
            store = without_password(store_uri())
            raise TrackingError(f"{uri}: {what} {store}: {reason}") from err


@contextmanager
def _run(command: list[str], *, host: str, port: int) -> Iterator[Server]:
    """Start a server by a command of MLflow's, wait until it answers, and end it with the block."""
    check_port(host, port)
    scripts = Path(sys.executable).parent  # MLflow looks for uvicorn on the path
    environment = {
        **os.environ,
        **_ENVIRONMENT,
        **SAFE_PATH,
        "MLFLOW_TRACKING_URI": store_uri(),
        "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", "")]),
    }
    url = _url(host, port)
    with (
        ended_by_signals(),
        _temporary_folder() as temporary,
        (Path(temporary) / "log").open("w+b") as log,
    ):
        process = start_group(
            [sys.executable, "-m", "mlflow", *command, "--host", host, "--port", str(port)],
            # MLflow copies a server's store to TMPDIR; uvicorn imports from the current folder.
            env=environment | {"TMPDIR": temporary, "UVICORN_APP_DIR": temporary},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            server = Server(url=url, process=process, log=log)
            _wait_for_answer(server, host, port)
            yield server
        finally:
            end_group(process, _STOP_S)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that is removed, as far as nothing in it is open on Windows."""
    return tempfile.TemporaryDirectory(prefix="classify-", ignore_cleanup_errors=True)


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def check_port(host: str, port: int) -> None:
    """Raise `TrackingError` when nothing can listen there."""
    _bind(host, port).close()


def _bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, which the caller closes; raise as `check_port` does."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            if sys.platform == "win32":  # where the other option shares a port with who has it
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen()
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as err:  # the second for what cannot be a name of a machine
        raise TrackingError(
            f"{host}, port {port}: nothing can listen there: {reason_of(err)}; "
            "if the port is taken, give another with --port"
        ) from err
    return listener


def _wait_for_answer(server: Server, host: str, port: int) -> None:
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    deadline = time.monotonic() + _START_S
    while server.process.poll() is None:
        if time.monotonic() > deadline:
            raise TrackingError(
                f"{server.url}: no answer within {_START_S:.0f} s: {_last_line(server.log)}"
            )
        connection = http.client.HTTPConnection(local, port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass  # not listening yet
        finally:
            connection.close()
        time.sleep(0.1)
    server.wait()


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
