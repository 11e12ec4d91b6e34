"""Articles for the tests of batches, made of the composed paragraphs, and many runs on them."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
Tag = Callable[..., tuple[int, str]]


@cache
def paragraphs() -> list[str]:
    """Return all composed paragraphs."""
    lines = (ROOT / "labels" / "composed.jsonl").read_text().splitlines()
    return [row["text"] for row in map(json.loads, lines) if row["kind"] == "body"]


def text(n: int, length: int = 2) -> str:
    """Return the n-th article, `length` paragraphs drawn for it."""
    return "\n\n".join(random.Random(n).sample(paragraphs(), length)) + "\n"


def write_articles(folder: Path, n: int) -> None:
    """Write files, each an article."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        (folder / f"a{i:04}.txt").write_text(text(i))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def ids(path: Path) -> list[str]:
    return [row["id"] for row in rows_of(path)]


class Warm:
    """Commands in copies of one process: see warm.py."""

    def __init__(self, *libraries: str) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "warm.py"), *libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        self.pid = 0  # of the last run

    def __call__(self, cwd: Path, *args: object, **how: object) -> int:
        """Run a command in a folder, and return its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"args": [str(arg) for arg in args], "cwd": str(cwd), **how}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.pid = answer["pid"]
        return int(answer["status"])

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0
