"""Servers that tests start by the command line and ask, and what these leave running."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JSON = {"Content-Type": "application/json"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def request(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Return the status and the body with which a server on this machine answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    status_and_body = answer.status, answer.read()
    connection.close()
    return status_and_body


def post(port: int, body: Any, headers: dict[str, str] = JSON) -> tuple[int, Any]:
    """Return the status and the data with which a server answers a request to tag."""
    content = body.encode() if isinstance(body, str) else body
    status, data = request(port, "POST", "/invocations", content, headers)
    return status, json.loads(data)


def ask(port: int, texts: list[Any], **params: object) -> list[dict[str, Any]]:
    """Return the records of texts, as a server tags them."""
    status, answer = post(port, json.dumps({"inputs": texts, "params": params}))
    assert status == 200, answer
    assert list(answer) == ["predictions"]
    records: list[dict[str, Any]] = answer["predictions"]
    return records


@contextmanager
def running(*args: object, cwd: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command line until the end of the block, then stop it with Ctrl-C.

    It must then end with 130, and so must all that it started: `serve` is one process.
    """
    process = start(*args, cwd=cwd, **env)
    try:
        yield process
    finally:
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "classify: stopped" in messages
    assert bool(children) == (args[0] == "ui")
    assert not [pid for pid in children if is_running(pid)]


def start(*args: object, cwd: Path, **env: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    clean = {k: v for k, v in clean.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", *map(str, args)],
        cwd=cwd,
        env=clean | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def descendants(pid: int) -> list[int]:
    children = [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [pid for child in children for pid in descendants(child)]


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def server_of_mlflow(store: Path, port: int) -> Iterator[None]:
    """Run MLflow's own scoring server on the champion."""
    scripts = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        "MLFLOW_TRACKING_URI": f"sqlite:///{store / 'mlruns' / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": os.pathsep.join([str(scripts), os.environ["PATH"]]),  # it looks for uvicorn there
    }
    command = ["models", "serve", "-m", "models:/depeche@champion", "--env-manager", "local"]
    with subprocess.Popen(
        [sys.executable, "-m", "mlflow", *command, "--port", str(port)],
        cwd=store,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert any("Uvicorn running" in line for line in process.stderr)
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
