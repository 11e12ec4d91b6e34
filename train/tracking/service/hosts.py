"""Who may ask: requests that call this server by one of its names, and no page of another site.

A page in a browser can reach a server on this machine by its address, or by a name of the page's
site that is made to resolve to this machine (DNS rebinding). The first shows in `Origin`, the
second in `Host`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from depeche.train.tracking.service.refusals import Refusal, refuse

_LOCAL = ("localhost", "127.0.0.1", "::1")
_NAME = r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\s\[\]:/@?#\\]+))"
_HOST = re.compile(rf"{_NAME}(?::\d{{1,5}})?", re.I)
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}", re.I)
_SHOWN = 100  # characters of what a client sent


class Hosts:
    """The names by which this server may be called, with any port.

    Parameters
    ----------
    listening
        The name or address to listen on, as the user gave it.
    address
        The address of it. Where this stands for all addresses (0.0.0.0, ::), any address and the
        name of the machine are names of the server: an address is not resolved, so that no page can
        make it lead here.
    allowed
        Further names.
    """

    def __init__(self, listening: str, address: str, allowed: Iterable[str] = ()) -> None:
        names = (listening, address, *_LOCAL, *allowed)
        self._names = {_spelled(name.partition("%")[0]) for name in names}
        self._any_address = ip_address(address.partition("%")[0]).is_unspecified
        if self._any_address:
            self._names.add(_spelled(socket.gethostname()))

    def check(self, headers: Headers) -> None:
        """Raise `Refusal` when a request calls the server by another name or is another site's."""
        hosts = headers.getlist("host")
        host = _named(_HOST, hosts[0]) if len(hosts) == 1 else None
        if host is None or not (host in self._names or (self._any_address and _is_address(host))):
            shown = repr(", ".join(hosts)[:_SHOWN])
            names = ", ".join(sorted(self._names))
            if self._any_address:
                names += " and any address"
            raise Refusal(
                403,
                f"Host {shown} is not this server: it answers to {names}; "
                "classify serve --allow-host NAME adds a name",
            )
        for origin in headers.getlist("origin"):
            if _named(_ORIGIN, origin) not in {*self._names, host}:
                raise Refusal(
                    403,
                    f"Origin {origin[:_SHOWN]!r}: pages of another site are not answered; "
                    "classify serve --allow-host NAME allows those of NAME",
                )


class HostCheck:
    """Passes on the requests that `Hosts` allows; refuses others without reading them."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            if scope["type"] == "http":
                self._hosts.check(Headers(scope=scope))
        except Refusal as err:
            await refuse(err)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_host(name: str) -> bool:
    """Return whether a text is a name or an address of a machine, without a port."""
    return (":" not in name and _named(_HOST, name) is not None) or _is_address(name)


def _named(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the name or address in a text of a pattern, in its one spelling; else None."""
    match = pattern.fullmatch(text)
    return _spelled(match["v6"] or match["name"]) if match else None


def _spelled(name: str) -> str:
    """Return a name or an address in its one spelling."""
    return str(ip_address(name)) if _is_address(name) else name.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
