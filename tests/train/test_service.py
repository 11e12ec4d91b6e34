"""`classify serve`: what it answers, what it refuses, and that no client stops the others."""

from __future__ import annotations

import asyncio
import csv
import http.client
import io
import json
import shutil
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
import uvicorn
from conftest import SEEDS, run_classify
from made_servers import free_port, running, start
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from depeche import load_model
from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.errors import TrackingError
from depeche.labels.schema import read_schema
from depeche.model.cores import count_cores
from depeche.model.deciding.decisions import Rule
from depeche.model.tagging import SHIPPED, Model
from depeche.train.tracking.service import running as service_running
from depeche.train.tracking.service.app import make_app
from depeche.train.tracking.service.asked import MAX_BYTES, MAX_TEXTS
from depeche.train.tracking.service.hosts import Hosts, is_host
from depeche.train.tracking.service.refusals import Refusal
from depeche.train.tracking.service.running import Connection
from depeche.train.tracking.serving import open_service

TEXT = sorted(SEEDS.glob("*.txt"))[3].read_text()
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as MLflow keeps a model, with the shipped one and code that must not run."""
    return put_logged(tmp_path_factory.mktemp("logged"))


def put_logged(folder: Path) -> Path:
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    code: code\n")
    shutil.copytree(SHIPPED, folder / "artifacts" / "last")
    for package in ("labels", "model"):
        (folder / "code" / package).mkdir(parents=True)
        (folder / "code" / package / "__init__.py").write_text("raise SystemExit('run')\n")
    return folder


@pytest.fixture(scope="module")
def store(empty_store: Path) -> dict[str, Any]:
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{empty_store}"}


@pytest.fixture(scope="module")
def server(
    logged: Path, store: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """Run `classify serve` for all tests, and give its process and its port."""
    port = free_port()
    args = ("serve", "--model-uri", logged, "--port", port, "--allow-host", "Tags.Example")
    with running(*args, cwd=tmp_path_factory.mktemp("cwd"), **store) as process:
        assert process.stderr is not None
        assert process.stderr.readline().endswith("answers; Ctrl-C to stop\n")
        assert process.stderr.readline().startswith(f"curl http://127.0.0.1:{port}/invocations")
        yield process.pid, port


@pytest.fixture
def port(server: tuple[int, int]) -> int:
    return server[1]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(SHIPPED)


def request(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def post(port: int, body: Any, headers: dict[str, str] = JSON) -> tuple[int, Any]:
    status, data = request(port, "POST", "/invocations", body, headers)
    return status, json.loads(data)


def ask(port: int, texts: list[Any], **params: object) -> list[dict[str, Any]]:
    status, answer = post(port, json.dumps({"inputs": texts, "params": params}))
    assert status == 200, answer
    assert list(answer) == ["predictions"]
    found: list[dict[str, Any]] = answer["predictions"]
    return found


def send_raw(port: int, data: bytes) -> bytes:
    """Return all that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


def test_one_bad_item_gets_an_error_at_its_place_and_the_others_their_records(
    port: int, model: Model
) -> None:
    bad: tuple[Any, ...] = (
        3,
        "",
        None,
        1.5,
        True,
        {"text": TEXT},
        [TEXT] * 50,
        [[[]]] * 999,
        "\x00" * 9,
        "a" * 11**7,
    )
    texts = [TEXT, *bad, "\ud800" + TEXT, TEXT]
    found = ask(port, texts)
    assert [record["id"] for record in found] == [str(i) for i in range(len(texts))]
    assert found == json.loads(json.dumps(model.tag(texts)))
    assert ["error" in record for record in found] == [False, *[True] * len(bad), False, False]
    assert max(len(record["error"]) for record in found if "error" in record) < 250


def test_many_texts_get_the_records_of_load_model_under_each_rule(port: int) -> None:
    texts = load_labels([FOLDER / "composed.jsonl"], read_schema()).texts[:300]
    for params in ({}, {"explain": True}, {"precision": 0.9}, {"recall": 0.8, "coverage": 0.7}):
        rule = {name: value for name, value in params.items() if name != "explain"}
        explain = "explain" in params
        expected = load_model(SHIPPED, Rule(**rule)).tag(texts, explain=explain)
        assert ask(port, texts, **params) == json.loads(json.dumps(expected))
    assert ask(port, []) == []
    nothing = {"explain": None, "precision": 0, "recall": None, "coverage": False or 0.0}
    assert ask(port, texts[:1], **nothing) == ask(port, texts[:1])


def test_long_texts_among_short_ones_all_get_their_records(port: int, model: Model) -> None:
    lengths = (9, 600_000, 9, 600_000, 600_000, *[9] * 70, 300_000, 300_000)
    texts = [(TEXT * (length // len(TEXT) + 1))[:length] for length in lengths]
    assert ask(port, texts) == json.loads(json.dumps(model.tag(texts)))


def test_record_is_the_one_that_classify_gives_for_the_file(port: int, tmp_path: Path) -> None:
    done = run_classify("-", "--model", SHIPPED, "--explain", stdin=TEXT, cwd=tmp_path)
    assert ask(port, [TEXT], explain=True) == [{**json.loads(done.stdout), "id": "0"}]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"inputs": ["a"]} {}', "not JSON"),
        (b'{"inputs": ["\xff"]}', "not JSON: 'utf-8' codec can't decode byte 0xff"),
        ('{"inputs": [NaN]}', "not JSON: NaN is no number"),
        ('{"inputs": [-Infinity]}', "not JSON: -Infinity is no number"),
        ('{"inputs": ["a"], "inputs": ["b"]}', "not JSON: 'inputs' stands twice in one object"),
        ('{"inputs": ["a"], "params": {"recall": 0.5, "recall": 0.9}}', "'recall' stands twice"),
        (f'{{"inputs": [{"9" * 5000}]}}', "not JSON"),
        (nested(100_000), "nested too deep"),
        (f'{{"inputs": {nested(100_000)}}}', "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('["a"]', "must be an object with the key 'inputs', a list: found no object"),
        ('{"instances": ["a"]}', "must be an object with the key 'inputs', a list: found 'inst"),
        ('{"inputs": "a"}', "inputs must be a list of texts, not a text"),
        ('{"inputs": {"a": "b"}}', "inputs must be a list of texts, not an object"),
        ('{"inputs": null}', "inputs must be a list of texts, not null"),
        ('{"inputs": [], "params": ["explain"]}', "params must be an object, not a list"),
        ('{"inputs": [], "params": {"explian": true}}', "unknown params 'explian'; params are exp"),
        ('{"inputs": [], "params": {"explain": 1}}', "explain must be true or false, not a number"),
        ('{"inputs": [], "params": {"recall": "1"}}', "recall must be a number, not a text"),
        ('{"inputs": [], "params": {"recall": true}}', "recall must be a number, not true or fal"),
        (
            '{"inputs": [], "params": {"precision": 1}}',
            "precision must lie between 0 and 1, not be",
        ),
        ('{"inputs": [], "params": {"coverage": -1e999}}', "coverage must lie between 0 and 1, no"),
        (
            f'{{"inputs": [], "params": {{"recall": 1{"0" * 400}}}}}',
            "'recall': a number is too lar",
        ),
        (
            '{"inputs": [], "params": {"precision": 0.9, "recall": 0.9}}',
            "precision and recall cannot both be asked for: choose one",
        ),
    ],
)
def test_body_that_asks_nothing_possible_is_told_so(
    port: int, body: str | bytes, message: str
) -> None:
    status, answer = post(port, body)
    assert status == 400
    assert set(answer) == {"error_code", "message"}
    assert answer["error_code"] == "INVALID_PARAMETER_VALUE"
    assert message in answer["message"]
    assert len(answer["message"]) < 300


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},  # these three a page may send without leave
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/x-parquet"},
        {"Content-Type": "text/csv; charset=latin1"},
        {"Content-Type": "application/json; charset=latin1"},
        JSON | {"Content-Encoding": "gzip"},
    ],
)
def test_other_content_is_refused(port: int, headers: dict[str, str]) -> None:
    assert post(port, '{"inputs": []}', headers)[0] == 415


@pytest.mark.parametrize(
    "kind", ["application/json;charset=utf-8", 'Application/JSON; charset="UTF-8"']
)
def test_json_is_read_however_its_type_is_written(port: int, kind: str) -> None:
    assert post(port, '{"inputs": []}', {"Content-Type": kind}) == (200, {"predictions": []})


def test_table_of_one_column_is_read_as_its_texts(port: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["texte"], ['Un accord;\nde « paix », "signé".'], [], [" "]])
    status, answer = post(port, file.getvalue().encode(), {"Content-Type": "text/csv"})
    assert status == 200
    assert answer["predictions"] == ask(port, ['Un accord;\nde « paix », "signé".', " "])


@pytest.mark.parametrize("body", ["", "a,b\nc,d\n", 'a\n"b', "a\nb,c\n", b"a\n\xff\n", "," * 99])
def test_other_tables_are_told_so(port: int, body: bytes | str) -> None:
    status, answer = post(port, body, {"Content-Type": "text/csv"})
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_other_addresses_answer_as_those_of_mlflow_do(port: int) -> None:
    for path in ("/ping", "/health"):
        assert request(port, "GET", path) == (200, b"\n")
    assert request(port, "GET", "/version")[1].startswith(b"3.")
    for method, path, status in (
        ("GET", "/invocations", 405),
        ("OPTIONS", "/invocations", 405),
        ("POST", "/ping", 405),
        ("TRACE", "/ping", 405),
        ("GET", "/nothing", 404),
    ):
        found, body = request(port, method, path)
        assert found == status
        assert set(json.loads(body)) == {"error_code", "message"}


def peak_memory(pid: int) -> int:
    """Return the most kB that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_request_that_is_too_large_is_refused_and_never_held(server: tuple[int, int]) -> None:
    def pieces(n: int) -> Iterator[bytes]:
        yield b'{"inputs": ["'
        for _ in range(n):
            yield b"a" * 1_000_000

    pid, port = server
    before = peak_memory(pid)
    for body in (b"a" * (MAX_BYTES + 1), pieces(MAX_BYTES // 1_000_000 + 3), pieces(200)):
        status, answer = post(port, body)
        assert status == 413
        assert "32,000,000 bytes at most" in answer["message"]
    lie = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**18}\r\n"
    assert b" 413 " in send_raw(port, f"{lie}Content-Type: application/json\r\n\r\n{{}}".encode())
    assert post(port, json.dumps({"inputs": [""] * (MAX_TEXTS + 1)}))[0] == 413
    assert len(ask(port, [""] * MAX_TEXTS)) == MAX_TEXTS
    for part in ("[],", '{"a":1},', '{"a":[{}]},'):  # small when sent, not when read
        status, answer = post(port, f'{{"inputs": [{part * (MAX_BYTES // len(part) - 9)}1]}}')
        assert (status, answer["error_code"]) == (413, "REQUEST_LIMIT_EXCEEDED")
    assert peak_memory(pid) - before < 5 * MAX_BYTES / 1024


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:80", 200),
        ("LocalHost:5001", 200),
        ("[::1]:5001", 200),
        ("[0:0:0:0:0:0:0:1]", 200),
        ("tags.example", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil.example:80@127.0.0.1", 403),
        ("127.0.0.1@evil.example", 403),
        ("localhost evil.example", 403),
        ("localhost, evil.example", 403),
        ("localhost:80:80", 403),
        ("192.168.0.7", 403),
        ("::1", 403),
        ("", 403),
    ],
)
def test_request_must_call_the_server_by_its_name(port: int, host: str, status: int) -> None:
    found, body = request(port, "GET", "/ping", headers={"Host": host})
    assert found == status
    assert status == 200 or b"--allow-host NAME" in body
    assert post(port, '{"inputs": []}', JSON | {"Host": host})[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:5001", 200),
        ("https://tags.example", 200),
        ("http://evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("http://evil.example/127.0.0.1", 403),
        ("http://203.0.113.9", 403),
        ("null", 403),
        ("file://", 403),
        ("chrome-extension://localhost", 403),
    ],
)
def test_page_of_another_site_is_not_answered(port: int, origin: str, status: int) -> None:
    assert post(port, '{"inputs": []}', JSON | {"Origin": origin})[0] == status


def test_server_on_all_addresses_goes_by_any_address_and_the_machines_name_alone() -> None:
    def allows(hosts: Hosts, **headers: str) -> bool:
        try:
            hosts.check(Headers(headers))
        except Refusal:
            return False
        return True

    for everywhere in (Hosts("0.0.0.0", "0.0.0.0"), Hosts("::", "::"), Hosts("0", "0.0.0.0")):
        for name in ("192.0.2.7:5001", "[2001:db8::7]", "localhost", socket.gethostname()):
            assert allows(everywhere, host=name)
        assert not allows(everywhere, host="evil.example")
        assert allows(everywhere, host="192.0.2.7:5001", origin="http://192.0.2.7:5001")
        assert not allows(everywhere, host="192.0.2.7:5001", origin="http://203.0.113.9")
    named = Hosts("Tags.Example", "192.0.2.7")
    assert allows(named, host="tags.example:5001")
    assert allows(named, host="192.0.2.7")
    assert not allows(named, host="192.0.2.8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("tags.example", True), ("192.0.2.7", True), ("::1", True), ("a:80", False)),
        *(("http://a", False), ("", False), ("a b", False), ("*", True)),
    ],
)
def test_allowed_host_is_a_name_without_port(name: str, expected: bool) -> None:
    assert is_host(name) == expected


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /ping HTTP/1.1\r\n\r\n", b"400"),  # no Host
        ("GET /ping HTTP/1.0\r\n\r\n", b"403"),
        ("GET /ping HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"400"),
        ("GET http://evil.example/ping HTTP/1.0\r\nHost: localhost\r\n\r\n", b"404"),
        ("GET /ping HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 10**6 + "\r\n\r\n", b"400"),
        ("POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        ("\x16\x03\x01\x02\r\n\r\n", b"400"),
    ],
)
def test_odd_requests_are_refused_and_others_still_answered(
    port: int, head: str, status: bytes
) -> None:
    try:
        assert send_raw(port, head.encode())[9:12] == status
    except ConnectionError:  # ended before it had sent all
        assert len(head) > 10**5
    assert request(port, "GET", "/ping") == (200, b"\n")


def test_random_bodies_are_answered_with_records_or_a_reason(port: int) -> None:
    random = Random(0)
    body = json.dumps({"inputs": [TEXT[:99], None], "params": {"explain": True}}).encode()
    for _ in range(300):
        broken = bytearray(body)
        for _ in range(random.randrange(1, 4)):
            i = random.randrange(len(broken))
            broken[i : i + random.randrange(3)] = random.randbytes(random.randrange(3))
        status, answer = post(port, bytes(broken))
        assert (status, next(iter(answer))) in {(200, "predictions"), (400, "error_code")}


def test_long_requests_do_not_keep_others_waiting(port: int) -> None:
    done: list[int] = []
    body = json.dumps({"inputs": [TEXT] * 2000})
    clients = [  # more than the server has threads, where the machine has few cores
        threading.Thread(target=lambda: done.append(post(port, body)[0]))
        for _ in range(min(count_cores(), 4) + 1)
    ]
    for client in clients:
        client.start()
    for _ in range(5):
        assert request(port, "GET", "/ping") == (200, b"\n")
        assert ask(port, [""]) == [{"id": "0", "error": "empty: there is no text to tag"}]
        assert ask(port, ["Un accord a été signé lundi à Paris."])[0]["id"] == "0"
    assert not done
    for client in clients:
        client.join()
    assert done == [200] * len(clients)


def test_clients_that_never_send_their_large_request_keep_no_other_waiting(port: int) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    try:
        for client in stalled:
            client.sendall(head + b'Content-Length: 20000000\r\n\r\n{"inputs": [')
        texts = ["Le ministre a annoncé lundi un accord de paix. " * 40] * 600  # 1.1 MB
        assert len(ask(port, texts)) == 600
    finally:
        for client in stalled:
            client.close()


def test_four_clients_at_once_get_the_records_of_one_thread(port: int, model: Model) -> None:
    texts = load_labels([FOLDER / "composed.jsonl"], read_schema()).texts
    expected = [json.dumps({**record, "id": "0"}) for record in model.tag(texts)]
    order = Random(0).sample(range(len(texts)), len(texts))

    def is_right(i: int) -> bool:
        return json.dumps(ask(port, [texts[i]])[0]) == expected[i]

    with ThreadPoolExecutor(4) as clients:
        assert all(clients.map(is_right, order))


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
    args = ("serve", "--model-uri", ".", "--port", free_port())
    done = run_classify(*args, cwd=tmp_path, **store)
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
