"""What a request asks for, checked: texts, and how to tag them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from starlette.datastructures import Headers

from depeche.labels.errors import InputError
from depeche.labels.formats.parsing import refuse_constant, unique_object
from depeche.model.deciding.decisions import Rule
from depeche.train.tracking.service.refusals import Refusal

JSON, CSV = "application/json", "text/csv"
MAX_BYTES = 32_000_000  # of a request
MAX_TEXTS = 100_000
_MAX_BRACKETS = 1_000_000  # that may each be a list or an object, of 100 bytes and more when read

_NUMBERS = tuple(field.name for field in fields(Rule))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The texts to tag, and how; an element of `texts` that is no string gets an `error`."""

    texts: list[Any]
    explain: bool
    rule: Rule


def check_content(headers: Headers) -> str:
    """Return the type of a request's body, JSON or CSV in UTF-8; raise `Refusal` for another.

    Pages of other sites can send some of the other types without a check by the browser.
    """
    kind, *parameters = headers.get("content-type", "").split(";")
    kind = kind.strip().lower()
    if kind not in (JSON, CSV):
        raise Refusal(
            415, f"Content-Type {kind[:100]!r}: {JSON}, {{'inputs': […]}}, or {CSV} is read"
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() != "utf-8":
            raise Refusal(415, f"charset {value[:100]!r}: only UTF-8 is read")
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refusal(415, f"Content-Encoding {encoding[:100]!r}: send the body as it is")
    return kind


def parse_asked(data: bytes | bytearray, kind: str) -> Asked:
    """Return what the body of a request, of type JSON or CSV, asks for.

    Raises
    ------
    Refusal
        When the body is not of its type, has no texts or too many, or params that cannot be met.
    """
    asked = _parse_csv(data) if kind == CSV else _parse_json(data)
    if len(asked.texts) > MAX_TEXTS:
        raise Refusal(413, f"more than {MAX_TEXTS} texts, which is the most of one request")
    return asked


def _parse_csv(data: bytes | bytearray) -> Asked:
    """Return the texts of a table of one column, below the column's name."""
    cells: list[Any] = []
    limit = csv.field_size_limit(MAX_BYTES)  # of all threads, of which one parses at a time
    try:
        rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        for row in islice(filter(None, rows), MAX_TEXTS + 2):
            if len(row) > 1:
                raise Refusal(400, "CSV must have one column, of texts, below the column's name")
            cells += row
    except (UnicodeDecodeError, csv.Error) as err:
        raise Refusal(400, f"the body is not CSV: {err}") from err
    finally:
        csv.field_size_limit(limit)
    if not cells:
        raise Refusal(400, "the body is empty: give a column's name, and texts below it")
    return Asked(texts=cells[1:], explain=False, rule=Rule())


def _parse_json(data: bytes | bytearray) -> Asked:
    n_brackets = data.count(b"[") + data.count(b"{")
    if n_brackets > _MAX_BRACKETS:
        raise Refusal(
            413,
            f"{n_brackets} of [ and {{: at most {_MAX_BRACKETS} are read in one request: send the "
            "texts in several",
        )
    # Not `parse_json`, which refuses the body for one odd text: here only its record is lost.
    try:
        body = json.loads(data, object_pairs_hook=unique_object, parse_constant=refuse_constant)
    except RecursionError as err:
        raise Refusal(400, "the body is not read: its JSON is nested too deep") from err
    except ValueError as err:  # of what is not UTF-8 as well
        raise Refusal(400, f"the body is not JSON: {err}") from err
    if not isinstance(body, dict) or "inputs" not in body:
        keys = _listed(body) if isinstance(body, dict) else "no object"
        raise Refusal(
            400, f"the body must be an object with the key 'inputs', a list: found {keys}"
        )
    texts = body["inputs"]
    if not isinstance(texts, list):
        raise Refusal(400, f"inputs must be a list of texts, not {_kind(texts)}")
    explain, rule = _parse_params(body.get("params"))
    return Asked(texts=texts, explain=explain, rule=rule)


def _parse_params(params: Any) -> tuple[bool, Rule]:
    """Return whether to explain, and the rule; false, zero and null ask for nothing."""
    params = {} if params is None else params
    if not isinstance(params, dict):
        raise Refusal(400, f"params must be an object, not {_kind(params)}")
    known = ("explain", *_NUMBERS)
    if unknown := params.keys() - set(known):
        raise Refusal(400, f"unknown params {_listed(unknown)}; params are {', '.join(known)}")
    explain = params.pop("explain", None)
    if not isinstance(explain, bool | None):
        raise Refusal(400, f"explain must be true or false, not {_kind(explain)}")
    for name, value in params.items():
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise Refusal(400, f"{name} must be a number, not {_kind(value)}")
    try:
        return bool(explain), Rule(**{name: float(v) for name, v in params.items() if v})
    except InputError as err:
        raise Refusal(400, str(err)) from err
    except OverflowError as err:
        raise Refusal(400, f"{_listed(params)}: a number is too large") from err


def _listed(names: Iterable[str]) -> str:
    """Return the first names, quoted; a client may have sent thousands."""
    return ", ".join(repr(name[:40]) for name in sorted(names)[:10]) or "none"


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(
        type(value), "null" if value is None else "a number"
    )
