"""`classify label` in a real terminal: Esc, a full disk, kills."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest
from conftest import SEEDS
from made_sessions import (
    rows,
)

from depeche.labels.labelling.label_file import journal_of
from depeche.labels.records import read_labels
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema


class Terminal:
    """A real terminal of 80 columns and 24 lines with `classify label` in it."""

    def __init__(self, folder: Path, most_bytes: int = -1) -> None:
        self.labels = folder / "mine.jsonl"
        self.journal = journal_of(self.labels)
        self._master, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        options = ["--labels", str(self.labels), "--annotator", "anne", "--lang", "en"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "depeche.classify", "label", str(SEEDS), *options],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "NO_COLOR": "1"},
            preexec_fn=lambda: setrlimit(RLIMIT_FSIZE, (most_bytes, most_bytes)),
        )
        os.close(inner)
        self._seen = b""
        self.last = b""  # what it wrote as it ended

    def type(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def wait(self, until: Callable[[bytes], bool]) -> None:
        """Read what the app writes until it is as it should be."""
        while not until(self._seen):
            ready, _, _ = select.select([self._master], [], [], 30)
            assert ready, "the app does not answer"
            self._seen += os.read(self._master, 1 << 16)

    def answer(self, keys: str | bytes, expected: bytes = b"") -> float:
        """Return in how many seconds the app has answered some keys, with what is expected."""
        begun = answered = time.monotonic()
        written = b""
        self.type(keys)
        while select.select([self._master], [], [], 0.2 if expected in written else 30)[0]:
            written += os.read(self._master, 1 << 16)
            answered = time.monotonic()
        assert expected in written
        return answered - begun

    def wait_for_end(self) -> int:
        while True:
            try:
                if not (read := os.read(self._master, 1 << 16)):
                    break
                self.last += read
            except OSError:  # the other side is closed
                break
        os.close(self._master)
        return self.process.wait(30)

    def label(self, n: int) -> None:
        self.wait(lambda seen: b"Enter" in seen)
        for i in range(1, n + 1):
            self.type("2\r")
            self.wait(lambda _, i=i: self.journal.read_bytes().count(b"\n") == i)  # type: ignore[misc]


@pytest.mark.slow
def test_escape_is_answered_at_once_and_arrows_are_no_escape(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(1)
    # What any terminal sends for Esc, and what one with Kitty's keyboard protocol sends.
    limits = {"\x1b": 0.19, "\x1b[27u": 0.09}  # s; after the former, Textual waits for 0.1 s
    for escape, limit in limits.items():
        times = []
        for _ in range(5):
            terminal.answer("/")
            terminal.answer("\x1b[B", "▸".encode())
            times.append(terminal.answer(escape, b"mine.jsonl"))
        assert min(times) < limit
    terminal.answer("c")
    for byte in "é".encode():  # as a slow line brings it
        terminal.answer(bytes([byte]))
    terminal.answer("\r")
    terminal.answer("2\r")
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    assert [row.get("comment") for row in rows(terminal.labels)] == [None, "é"]


@pytest.mark.slow
def test_labels_that_no_longer_fit_on_the_disk_stay_whole_and_come_again(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(12)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    before = terminal.labels.read_bytes()
    terminal = Terminal(tmp_path, most_bytes=len(before) + 10)
    terminal.label(2)
    terminal.type("q")
    assert terminal.wait_for_end() == 1
    message = terminal.last[terminal.last.rindex(b"classify: ") :]
    assert b"mine.jsonl: cannot be written: File too large; nothing is lost" in message
    assert b"Traceback" not in terminal.last
    assert terminal.labels.read_bytes() == before
    kept = terminal.journal.read_bytes()
    terminal = Terminal(tmp_path)
    terminal.wait(lambda seen: b"Enter" in seen)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    assert terminal.labels.read_bytes() == before + kept
    assert not terminal.journal.exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_kill_in_the_middle_loses_nothing(tmp_path: Path, how: signal.Signals) -> None:
    terminal = Terminal(tmp_path)
    terminal.label(10)
    os.kill(terminal.process.pid, how)
    terminal.wait_for_end()
    before = rows(terminal.journal if terminal.journal.exists() else terminal.labels)
    if how == signal.SIGKILL:
        with terminal.journal.open("ab") as file:
            file.write(b'{"id": "torn')
    terminal = Terminal(tmp_path)
    terminal.label(10)
    terminal.type("q")
    assert terminal.wait_for_end() == 0
    ids = [record.id for record in read_labels(terminal.labels, read_schema(DEFAULT_SCHEMA))]
    assert ids[:10] == [row["id"] for row in before]
    assert len(set(ids)) == len(ids) == 20
    assert not terminal.journal.exists()
