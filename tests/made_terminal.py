"""A terminal on which commands run, and texts that try to do something to it."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120  # MLflow takes its time

# Sets the clipboard, the title and a colour, in 7 bits and in 8; moves, deletes; turns round, joins
# and hides; breaks the line in each way; and is markup to the libraries that draw.
MARKS = (
    "\x1b]52;c;cm0=\x07\x1b]0;t\x1b\\\x1b[666mx\x9b31my\x9d0;t\x9c\x90z\x7f\x08\x07\v\f\r\n"
    "\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u200b\u200c\u200d\u2060\u2064\ufeff\u180e\xad\ufff9"
    "\x85\u2028\u2029\x1c\U000e0001\U000e0041[bold][link=x]x[/link][@click=app.exit()][/]"
)
NAME = "\x1b]52;c;cm0=\x07\x1b[666m\x9b31m\u202e\u200b\u2028\n\U000e0041"  # of a file
STYLES = re.compile(r"\r?\x1b(\[[0-?]*[ -/]*[@-~]|[78=>])")  # what rich and Textual draw with
POINTER = b"\x1b]22;default\x07"  # Textual's own, without a word of anyone's


def on_terminal(
    folder: Path,
    *args: object,
    keys: Sequence[tuple[str, str]] = (),
    stdin: bytes | None = None,
    status: int | None = None,
    **env: str,
) -> bytes:
    """Return what a command writes to a terminal.

    Parameters
    ----------
    keys
        What is typed, each once the terminal has been given the words before it anew.
    status
        The exit status that the command must have, if it matters.
    """
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "depeche.classify", *map(str, args)],
        stdin=follower if stdin is None else subprocess.PIPE,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        start_new_session=True,
        env=clean | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **env},
    )
    os.close(follower)
    if process.stdin is not None:
        process.stdin.write(stdin or b"")
        process.stdin.close()
    seen = _type(process, leader, list(keys))
    os.close(leader)
    assert process.wait(30) == status or status is None
    return seen


def _type(process: subprocess.Popen[bytes], leader: int, keys: list[tuple[str, str]]) -> bytes:
    """Type each key as its words are there; return all that is written until the end."""
    seen, answered = b"", 0
    end = time.monotonic() + PATIENCE_S
    while True:
        if time.monotonic() > end or not select.select([leader], [], [], PATIENCE_S)[0]:
            process.kill()
            process.wait()
            pytest.fail(f"waits for {keys}: {seen[-2000:]!r}")
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:  # the other end is closed: Linux's way to say end of file
            chunk = b""
        if not chunk:
            assert not keys
            return seen
        seen += chunk
        is_shown = keys and keys[0][0].encode() in seen[answered:]
        if is_shown and not select.select([leader], [], [], 0.1)[0]:  # and all around it
            answered = len(seen)
            os.write(leader, keys.pop(0)[1].encode())


def shown(raw: bytes, *, drawn: bool = False) -> str:
    """Return the words on the screen, having looked at each byte; `drawn` ones have styles."""
    raw = raw.replace(POINTER, b"")
    assert b"\x1b]" not in raw
    assert b"\x1b[666" not in raw
    text = raw.decode().replace("\r\n", "\n")
    if drawn:
        text = STYLES.sub("", text)
    for character in set(text) - {"\n"}:
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), text
    assert "Traceback" not in text
    return text
