"""MLflow's servers on our store: its UI, and the champion over HTTP, run until they are stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from labels.errors import TrackingError
from train.tracking import CHAMPION_ALIAS, REGISTERED, connect, first_line, store_uri

CHAMPION_URI = f"models:/{REGISTERED}@{CHAMPION_ALIAS}"

# What MLflow says of a registered model, and of an alias, that is not there.
_MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_START_S = 120.0  # how long a server may take to answer; alone on two cores it takes 7 s
_STOP_S = 10.0  # how long it may take to end
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
        """Return never, unless by Ctrl-C: raise `TrackingError` should the server end by itself."""
        self.process.wait()
        raise TrackingError(f"{self.url}: the server ended: {_last_line(self.log)}")


@contextmanager
def run_ui(*, host: str, port: int) -> Iterator[Server]:
    """Give MLflow's UI on the store, once it answers; it ends with the block.

    Raises
    ------
    TrackingError
        When the port is taken, or the server does not start.
    """
    command = ["ui", "--backend-store-uri", store_uri(), "--workers", "1"]
    with _run(command, host=host, port=port) as server:
        yield server


@contextmanager
def run_model(uri: str, *, host: str, port: int) -> Iterator[Server]:
    """Give a server of a logged model, once it answers; it ends with the block.

    Parameters
    ----------
    uri
        Of MLflow: `models:/NAME@ALIAS`, `runs:/ID/model`, or a folder.

    Raises
    ------
    TrackingError
        When there is no such model, the port is taken, or the server does not start.
    """
    check_port(host, port)
    _check_model(uri)
    command = ["models", "serve", "--model-uri", uri, "--env-manager", "local"]
    with _run(command, host=host, port=port) as server:
        yield server


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
            raise TrackingError(f"{uri}: {what} {store_uri()}: {reason}") from err


@contextmanager
def _run(command: list[str], *, host: str, port: int) -> Iterator[Server]:
    """Run a command of MLflow's that serves, wait until it answers, and end it with the block."""
    check_port(host, port)
    scripts = Path(sys.executable).parent  # `mlflow models serve` looks for uvicorn on the path
    environment = {
        **os.environ,
        **_ENVIRONMENT,
        "MLFLOW_TRACKING_URI": store_uri(),
        "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", "")]),
    }
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with (
        _stopped_by_signals(),
        tempfile.TemporaryDirectory(prefix="classify-") as temporary,
        (Path(temporary) / "log").open("w+b") as log,
    ):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "mlflow", *command, "--host", host, "--port", str(port)],
            env=environment | {"TMPDIR": temporary},  # a server's store is copied there
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C comes to us alone, and we end them all
        )
        try:
            server = Server(url=url, process=process, log=log)
            _wait_for_answer(server, host, port)
            yield server
        finally:
            _end(process)


def check_port(host: str, port: int) -> None:
    """Raise `TrackingError` when nothing can listen there."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
            probe.bind(address)
    except OSError as err:
        raise TrackingError(
            f"{host}, port {port}: nothing can listen there: {err.strerror}; "
            "if the port is taken, give another with --port"
        ) from err


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


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Take SIGTERM and the closing of the terminal as Ctrl-C: the servers must not survive us."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, by force where it takes too long."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            continue
