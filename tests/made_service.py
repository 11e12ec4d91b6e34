"""A service of the shipped model for tests, and requests to it."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import SEEDS
from made_servers import free_port, running

from depeche.model.tagging import SHIPPED

TEXT = sorted(SEEDS.glob("*.txt"))[3].read_text()
JSON = {"Content-Type": "application/json"}


def put_logged(folder: Path) -> Path:
    """Fill a folder as MLflow keeps a model, with the shipped one and code that must not run."""
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    code: code\n")
    shutil.copytree(SHIPPED, folder / "artifacts" / "last")
    (folder / "code" / "depeche").mkdir(parents=True)
    (folder / "code" / "depeche" / "__init__.py").write_text("raise SystemExit('run')\n")
    return folder


def request(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    status_and_body = answer.status, answer.read()
    connection.close()
    return status_and_body


def post(port: int, body: Any, headers: dict[str, str] = JSON) -> tuple[int, Any]:
    status, data = request(port, "POST", "/invocations", body, headers)
    return status, json.loads(data)


def ask(port: int, texts: list[Any], **params: object) -> list[dict[str, Any]]:
    status, answer = post(port, json.dumps({"inputs": texts, "params": params}))
    assert status == 200, answer
    assert list(answer) == ["predictions"]
    records: list[dict[str, Any]] = answer["predictions"]
    return records


def send_raw(port: int, data: bytes) -> bytes:
    """Return all that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


@contextmanager
def served(folder: Path, store: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run `classify serve` on the shipped model, and give its process and its port."""
    port, logged = free_port(), put_logged(folder / "logged")
    (folder / "cwd").mkdir()
    args = ("serve", "--model-uri", logged, "--port", port, "--allow-host", "Tags.Example")
    with running(*args, cwd=folder / "cwd", **store) as process:
        assert process.stderr is not None
        assert process.stderr.readline().endswith("answers; Ctrl-C to stop\n")
        assert process.stderr.readline().startswith(f"curl http://127.0.0.1:{port}/invocations")
        yield process.pid, port
