"""Measures how fast `classify label` starts and answers each key, with ten thousand labels.

    python benchmarks/labelling.py

The real command runs in a real terminal of 80 x 24 and of 120 x 36, with ten thousand labels in its
file: first on the seeds, then on a pool of ten thousand other paragraphs. Bars: it starts on the
seeds within 2 s; the screen shows the effect of a key within 50 ms (the median; the slowest is
printed as well).
"""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
N = 10_000
QUIET_S = 0.12  # without output for so long, the key is answered
KEYS = {
    "a label": "m",
    "Enter": "2\r",
    "skip": "\x1b[C",
    "back": "\x1b[D",
    "undo": "u",
    "model": "s",
    "unsure": "!",
    "guidelines": "?",
    "close guidelines": "q",
    "search": "/",
    "search, a letter": "r",
    "search, another": "u",
    "search, the next filter": "\t",
    "search, down": "\x1b[B",
    "close search": "\x1b",
}


def write_made(folder: Path) -> None:
    """Write a labels file and a table of other paragraphs, made of words from the seeds."""
    words = sorted({w for p in SEEDS.glob("*.txt") for w in re.findall(r"\w+", p.read_text())})
    chance = random.Random(0)  # noqa: S311
    for name in ("labels", "pool"):
        with (folder / f"{name}.jsonl").open("w") as file:
            for i in range(N):
                text = " ".join(chance.choices(words, k=55)).capitalize() + "."
                row: dict[str, object] = {"id": f"{name}{i}", "article": f"{name}{i}", "text": text}
                if name == "labels":
                    stance = chance.choice(["supportive", "neutral", "critical"])
                    row |= {"topics": ["military"], "stance": stance, "annotator": "anne"}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


class Terminal:
    """A terminal in which the command runs."""

    def __init__(self, folder: Path, pool: Path, lines: int, columns: int) -> None:
        self._master, inner = pty.openpty()
        ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        options = ["--labels", str(folder / "labels.jsonl"), "--annotator", "anne", "--lang", "en"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "depeche.classify", "label", str(pool), *options],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"},
        )
        os.close(inner)

    def wait_for(self, mark: bytes) -> None:
        """Read until a mark is on the screen."""
        seen = b""
        while mark not in seen:
            seen += os.read(self._master, 1 << 16)

    def seconds(self, keys: str) -> float:
        """Return the time from a key to the last byte of its answer."""
        *before, key = (keys,) if keys.startswith("\x1b") else keys
        for other in before:
            self.seconds(other)
        begun = last = time.perf_counter()
        os.write(self._master, key.encode())
        while select.select([self._master], [], [], QUIET_S)[0]:
            os.read(self._master, 1 << 16)
            last = time.perf_counter()
        return last - begun

    def end(self) -> None:
        """End the command, and wait until it has put its file in order."""
        os.kill(self.process.pid, signal.SIGTERM)
        while select.select([self._master], [], [], 5)[0]:
            try:
                os.read(self._master, 1 << 16)
            except OSError:
                break
        os.close(self._master)
        self.process.wait()


def measure(folder: Path, pool: Path, lines: int, columns: int) -> None:
    """Print the times of one terminal on one pool."""
    begun = time.perf_counter()
    terminal = Terminal(folder, pool, lines, columns)
    terminal.wait_for(b"keep")
    print(f"  {'start':26}{time.perf_counter() - begun:6.2f} s")
    terminal.seconds("m")
    time.sleep(1)
    times: dict[str, list[float]] = {key: [] for key in KEYS}
    for _ in range(7):
        for key, sent in KEYS.items():
            times[key].append(terminal.seconds(sent))
    for key, seconds in times.items():
        median, most = statistics.median(seconds) * 1000, max(seconds) * 1000
        print(f"  {key:26}{median:6.0f} ms, at most {most:.0f} ms")
    begun = time.perf_counter()
    terminal.end()
    print(f"  {'end':26}{time.perf_counter() - begun:6.2f} s")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_made(folder)
        for pool, title in ((SEEDS, "the seeds"), (folder / "pool.jsonl", f"{N} paragraphs")):
            for lines, columns in ((24, 80), (36, 120)):
                print(f"\n{columns} x {lines}, {N} labels, on {title}")
                measure(folder, pool, lines, columns)


if __name__ == "__main__":
    main()
