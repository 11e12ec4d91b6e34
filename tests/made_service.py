"""A service of the shipped model for tests, and requests to it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import SEEDS
from made_servers import free_port, running

from depeche.model.tagging import SHIPPED

TEXT = sorted(SEEDS.glob("*.txt"))[3].read_text()


def put_logged(folder: Path) -> Path:
    """Fill a folder as MLflow keeps a model, with the shipped one and code that must not run."""
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    code: code\n")
    shutil.copytree(SHIPPED, folder / "artifacts" / "last")
    (folder / "code" / "depeche").mkdir(parents=True)
    (folder / "code" / "depeche" / "__init__.py").write_text("raise SystemExit('run')\n")
    return folder


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
