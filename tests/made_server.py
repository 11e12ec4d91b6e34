"""Servers of the command line, started and stopped by tests."""

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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def ask(port: int, texts: list[str], **params: object) -> list[dict[str, Any]]:
    """Return what a server on this machine predicts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"inputs": texts, "params": params})
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    records: list[dict[str, Any]] = json.loads(answer.read())["predictions"]
    connection.close()
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
