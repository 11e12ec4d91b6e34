"""The service: texts in, records out, at the addresses that MLflow's scoring server has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from time import perf_counter
from typing import Any

import anyio
import orjson
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from depeche.model.cores import count_cores
from depeche.model.tagging import Model
from depeche.train.tracking.service.asked import JSON, MAX_BYTES, Asked, check_content, parse_asked
from depeche.train.tracking.service.hosts import HostCheck, Hosts
from depeche.train.tracking.service.refusals import Refusal, refuse

_BODY_S = 60.0  # in which the body of a request must arrive
_LARGE = 1_000_000  # bytes; larger requests take one of few turns, to spare memory
_N_LARGE = 4
# A request is tagged in stretches, so that others get a thread in between. A stretch has as many
# texts as take about `_STRETCH_S`, by the model and by what is to be explained. The records do not
# depend on the stretches.
_FIRST_TEXTS = 32
_MOST_TEXTS = 128  # more is no faster
_STRETCH_CHARACTERS = 500_000
_STRETCH_S = 0.5


@dataclass(frozen=True, kw_only=True)
class _Tagged:
    """A stretch of texts, their records as JSON without brackets, and how long they took."""

    stretch: range
    records: bytes
    seconds: float

    @property
    def next_texts(self) -> int:
        """How many texts to tag next."""
        n = len(self.stretch)
        return min(2 * n, _MOST_TEXTS) if self.seconds < _STRETCH_S else max(n // 2, 1)


def make_app(model: Model, hosts: Hosts) -> Starlette:
    """Return the service of a model, for requests that `hosts` allows."""
    return Starlette(
        routes=[
            Route("/ping", _ping),
            Route("/health", _ping),
            Route("/version", _version),
            Route("/invocations", _Invocations(model), methods=["POST"]),
        ],
        middleware=[Middleware(HostCheck, hosts=hosts)],
        exception_handlers={
            HTTPException: _refused,
            ClientDisconnect: _gone,
            Exception: _broken,
        },
    )


async def _ping(_: Request) -> Response:
    return Response("\n", media_type=JSON)


async def _version(_: Request) -> Response:
    """Return MLflow's version, as its own server does."""
    return Response(version("mlflow"), media_type=JSON)


class _Invocations:
    """Tags the texts of requests, each when a thread gets free; there is one thread per core."""

    def __init__(self, model: Model) -> None:
        self._under_rule = lru_cache(maxsize=16)(partial(Model, model.artifact))
        self._threads = anyio.CapacityLimiter(count_cores())
        self._parsing = anyio.CapacityLimiter(1)  # one at a time, to spare memory
        self._large = anyio.CapacityLimiter(_N_LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        kind = check_content(request.headers)
        async with AsyncExitStack() as turn:
            asked = await self._read(request, kind, turn)
            # Before the status is sent, so that what fails gets one of its own.
            first = await self._tag(asked, _stretch(asked.texts, 0, _FIRST_TEXTS))
            if first.stretch.stop == len(asked.texts):
                body = b'{"predictions": [' + first.records + b"]}"
                await Response(body, media_type=JSON)(scope, receive, send)
            else:
                pieces = self._pieces(asked, first)
                await StreamingResponse(pieces, media_type=JSON)(scope, receive, send)

    async def _read(self, request: Request, kind: str, turn: AsyncExitStack) -> Asked:
        """Return what a request asks for; once it proves to be large, it waits for its turn."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_BYTES:
            raise _too_large()
        data, pieces, seconds = bytearray(), request.stream(), _BODY_S
        is_large = False
        while True:
            start = perf_counter()
            try:
                with anyio.fail_after(seconds):
                    piece = await anext(pieces, None)
            except TimeoutError as err:
                raise Refusal(408, f"the body did not arrive within {_BODY_S:.0f} s") from err
            seconds -= perf_counter() - start
            if piece is None:
                return await run_sync(parse_asked, data, kind, limiter=self._parsing)
            data += piece
            if len(data) > MAX_BYTES:  # whatever its length was said to be
                raise _too_large()
            if len(data) > _LARGE and not is_large:
                is_large = True
                await turn.enter_async_context(self._large)

    async def _pieces(self, asked: Asked, tagged: _Tagged) -> AsyncIterator[bytes]:
        yield b'{"predictions": [' + tagged.records
        while tagged.stretch.stop < len(asked.texts):
            stretch = _stretch(asked.texts, tagged.stretch.stop, tagged.next_texts)
            tagged = await self._tag(asked, stretch)
            yield b", " + tagged.records
        yield b"]}"

    async def _tag(self, asked: Asked, stretch: range) -> _Tagged:
        return await run_sync(self._tag_now, asked, stretch, limiter=self._threads)

    def _tag_now(self, asked: Asked, stretch: range) -> _Tagged:
        start = perf_counter()
        texts = asked.texts[stretch.start : stretch.stop]
        records = self._under_rule(asked.rule).tag(texts, explain=asked.explain)
        for i, record in zip(stretch, records, strict=True):
            record["id"] = str(i)
        dumped = b", ".join(map(orjson.dumps, records))
        return _Tagged(stretch=stretch, records=dumped, seconds=perf_counter() - start)


def _stretch(texts: list[object], start: int, n: int) -> range:
    """Return the indices of the next texts: at most `n`, fewer if they are long, at least one."""
    size = 0
    for i, text in enumerate(texts[start : start + n], start):
        size += len(text) if isinstance(text, str) else 0
        if size > _STRETCH_CHARACTERS:
            return range(start, max(i, start + 1))
    return range(start, min(start + n, len(texts)))


def _too_large() -> Refusal:
    return Refusal(
        413, f"a request has {MAX_BYTES:,} bytes at most: send the texts in several requests"
    )


async def _refused(_: Request, err: Any) -> Response:  # of Starlette: a HTTPException
    return refuse(err)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _broken(_: Request, err: Exception) -> Response:
    return refuse(
        HTTPException(500, f"{type(err).__name__}: the server's standard error says more")
    )
