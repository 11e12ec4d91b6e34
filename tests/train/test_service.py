"""`classify serve`: the records it answers with, and the bodies it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import run_classify
from made_servers import JSON, ask, post, request
from made_service import TEXT, send_raw

from depeche import load_model
from depeche.labels.dataset import FOLDER, load_labels
from depeche.labels.schema import read_schema
from depeche.model.deciding.decisions import Rule
from depeche.model.tagging import SHIPPED, Model
from depeche.train.tracking.service.asked import MAX_BYTES, MAX_TEXTS


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
    records = ask(port, texts)
    assert [record["id"] for record in records] == [str(i) for i in range(len(texts))]
    assert records == json.loads(json.dumps(model.tag(texts)))
    assert ["error" in record for record in records] == [False, *[True] * len(bad), False, False]
    assert max(len(record["error"]) for record in records if "error" in record) < 250


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
        answered, body = request(port, method, path)
        assert answered == status
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
