"""`classify serve`: how it starts and ends, and which clients it cuts off."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import run_classify
from made_servers import free_port, request, start
from made_service import put_logged
from starlette.types import ASGIApp, Receive, Scope, Send

from depeche.labels.errors import TrackingError
from depeche.model.tagging import Model
from depeche.train.tracking.service import running as service_running
from depeche.train.tracking.service.app import make_app
from depeche.train.tracking.service.hosts import Hosts
from depeche.train.tracking.service.running import Connection
from depeche.train.tracking.serving import open_service


@pytest.fixture(scope="module")
def store(empty_store: Path) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{empty_store}"}


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    return put_logged(tmp_path / "logged")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_at_once_and_quietly(
    number: signal.Signals, logged: Path, store: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    process = start("serve", "--model-uri", logged, "--port", port, cwd=tmp_path, **store)
    assert process.stderr is not None
    assert process.stderr.readline().endswith("; Ctrl-C to stop\n")
    assert process.stderr.readline().startswith("curl ")
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"GET /pi")
        assert request(port, "GET", "/ping") == (200, b"\n")
        process.send_signal(number)
        assert process.communicate(timeout=60) == ("", "classify: stopped\n")
    assert process.returncode == 130


def test_artifact_of_another_version_is_told_in_a_line(
    store: dict[str, Any], tmp_path: Path
) -> None:
    manifest = put_logged(tmp_path) / "artifacts" / "last" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 4', '"format": 5'))
    done = run_classify("serve", "--model-uri", ".", "--port", free_port(), cwd=tmp_path, **store)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "classify: .: artifacts/last/manifest.json: format 5, but this version reads format 4: "
        "update depeche\n"
    )


@pytest.mark.parametrize("metadata", ["", "[]", "a: [", "3", "\0", "flavors: {}", "{" * 9999])
def test_folder_of_another_model_or_of_none_is_told_in_a_line(
    metadata: str, store: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "MLmodel").write_text(metadata)
    monkeypatch.setenv(*next(iter(store.items())))
    opening = open_service(str(tmp_path), host="127.0.0.1", port=free_port())
    with pytest.raises(TrackingError, match=f"^{tmp_path}: [^\n]*$"), opening:
        pass


@pytest.mark.parametrize("uri", ["models:/depeche@champion", "runs:/0123/model", "models:/a/1"])
def test_folder_that_is_named_like_a_logged_model_is_not_served(
    uri: str, store: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / uri).mkdir(parents=True)
    put_logged(tmp_path / uri)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(*next(iter(store.items())))
    with (
        pytest.raises(TrackingError, match=r"^(no champion yet|runs:/0123|models:/a/1)"),
        open_service(uri, host="127.0.0.1", port=free_port()),
    ):
        pass


@pytest.mark.parametrize("host", ["é..a", "a" * 70])
def test_host_that_no_machine_has_is_told_in_a_line(host: str) -> None:
    opening = open_service("models:/x@y", host=host, port=5001)
    with pytest.raises(TrackingError, match=f"^{host}, port 5001: nothing can listen"), opening:
        pass


class Watched(Connection):
    lost: asyncio.Event

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


class Impatient(Watched):
    patience = 0.1


async def answer_at_length(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1000):
        await send({"type": "http.response.body", "body": b"a" * 100_000, "more_body": True})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def serving(
    kind: type[Connection], app: ASGIApp = answer_at_length
) -> AsyncIterator[tuple[uvicorn.Server, Any]]:
    """Run a server, and give it and its address."""
    Watched.lost = asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=kind, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    async with asyncio.timeout(60):
        yield server, listener.getsockname()
        server.should_exit = True
        await task


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /ping HTTP/1.1\r\nHost: x",
        b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n",  # and never reads the answer
    ],
)
def test_client_that_keeps_the_server_waiting_is_cut_off(sent: bytes) -> None:
    async def run() -> None:
        async with serving(Impatient) as (_, address):
            _, writer = await asyncio.open_connection(*address, limit=1)
            writer.write(sent)
            await Watched.lost.wait()
            writer.close()

    asyncio.run(run())


def test_client_that_drips_the_head_of_a_request_is_cut_off() -> None:
    async def run() -> None:
        async with serving(Impatient) as (_, address):
            _, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.1\r\nX: ")
            while not Watched.lost.is_set():
                writer.write(b"a")
                with suppress(TimeoutError):
                    await asyncio.wait_for(Watched.lost.wait(), 0.02)
            writer.close()

    asyncio.run(run())


def test_client_that_goes_on_reading_is_not_cut_off() -> None:
    async def run() -> None:
        async with serving(Impatient) as (_, address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            n_read = 0
            while piece := await reader.read(1_000_000):
                n_read += len(piece)
            assert n_read > 100_000_000
            writer.close()

    asyncio.run(run())


def test_one_connection_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_running, "_MOST_CONNECTIONS", 2)

    async def run() -> None:
        async with serving(Connection) as (_, address):
            opened = [await asyncio.open_connection(*address) for _ in range(3)]
            assert (await opened[2][0].read()).startswith(b"HTTP/1.1 503 ")
            for _, writer in opened:
                writer.close()

    asyncio.run(run())


def test_nothing_more_is_tagged_for_a_client_that_has_gone(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretches: list[int] = []
    gone = threading.Event()

    def tag(_: Model, texts: list[str], *, explain: bool) -> list[dict[str, Any]]:
        stretches.append(len(texts))
        if len(stretches) == 2:
            gone.wait(60)
        return [{"id": "0"} for _ in texts]

    async def run() -> None:
        app = make_app(model, Hosts("127.0.0.1", "127.0.0.1"))
        async with serving(Watched, app) as (server, address):
            reader, writer = await asyncio.open_connection(*address)
            body = json.dumps({"inputs": ["a"] * 1000}).encode()
            head = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
            writer.write(f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + body)
            await reader.readuntil(b'"predictions": [')
            writer.transport.abort()
            await Watched.lost.wait()
            gone.set()
            await asyncio.gather(*server.server_state.tasks)

    monkeypatch.setattr(Model, "tag", tag)
    asyncio.run(run())
    assert len(stretches) == 2
