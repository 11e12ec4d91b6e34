"""`classify serve`: who may ask, and that no client stops the others."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from made_servers import JSON, ask, post, request
from made_service import TEXT, send_raw
from starlette.datastructures import Headers

from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema
from depeche.model.cores import count_cores
from depeche.model.tagging import Model
from depeche.train.tracking.service.hosts import Hosts, is_host
from depeche.train.tracking.service.refusals import Refusal


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
    answered, body = request(port, "GET", "/ping", headers={"Host": host})
    assert answered == status
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
