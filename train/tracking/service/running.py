"""The server around the service: one process, quiet, patient with no client, ended by signals."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from depeche.labels.system.processes import ENDING
from depeche.labels.system.terminal import escaped

_MOST_CONNECTIONS = 256
_STOP_S = 5  # that requests in progress have to end
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that is ready: where it is, and what clients may already connect to."""

    url: str
    app: ASGIApp
    listener: socket.socket

    def run(self) -> NoReturn:
        """Answer requests until a signal ends it: then raise `KeyboardInterrupt`."""
        config = uvicorn.Config(
            self.app,
            http=Connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_STOP_S,
        )
        _log_in_lines("uvicorn.error", "asyncio")
        server = uvicorn.Server(config)
        for number in ENDING:  # uvicorn takes some of them, and Ctrl-C
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, server.handle_exit)
        server.run(sockets=[self.listener])
        raise KeyboardInterrupt


class Connection(H11Protocol):
    """A connection that ends when its client keeps us waiting.

    With the head of a request, at most `patience` seconds from the end of the one before, or with
    taking an answer.
    """

    patience = 30.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one connection too many; otherwise begin to wait."""
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.write(_BUSY)
            transport.close()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop_watching()

    def handle_events(self) -> None:
        """Take what has arrived, perhaps the rest of a head."""
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        self._watch()

    def _watch(self) -> None:
        in_progress = self.cycle is not None and not self.cycle.response_complete
        if in_progress and not self.flow.write_paused:
            self._stop_watching()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _OneLine(logging.Formatter):
    """Says an error in one line that a terminal shows as it is."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [record.getMessage()]
        if record.exc_info and record.exc_info[1] is not None:
            err, place = record.exc_info[1], record.exc_info[2]
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
            parts.append(f"{type(err).__name__}: {err} ({where})")
        return "classify: " + escaped(" ".join(" ".join(parts).split()))


def _log_in_lines(*names: str) -> None:
    """Send the faults that some loggers are told to stderr, and no word of requests cut short."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    handler.addFilter(_is_fault)
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        logger.handlers = [handler]


def _is_fault(record: logging.LogRecord) -> bool:
    err = record.exc_info[1] if record.exc_info else None
    return err is not None and not isinstance(err, asyncio.CancelledError)
