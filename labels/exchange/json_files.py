"""The two forms of JSON that tools write: a list, or one object per line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from depeche.labels.errors import LabelsError
from depeche.labels.formats.parsing import parse_json


def read_objects(path: Path) -> list[tuple[str, Any]]:
    """Return each item of a JSON list, or each line of JSON lines, with its place.

    Raises
    ------
    LabelsError
        When the file cannot be read, or is not JSON.
    """
    text = read_text(path)
    if text.lstrip().startswith("["):
        items = _parse(text, str(path))
        return [(f"item {number}", item) for number, item in enumerate(items, start=1)]
    lines = enumerate(text.split("\n"), start=1)
    return [
        (f"line {number}", _parse(line, f"{path}:{number}"))
        for number, line in lines
        if line.strip()
    ]


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as err:
        raise LabelsError(f"{path}: cannot be read: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise LabelsError(f"{path}: not UTF-8 (byte {err.start}): save it as UTF-8") from err


def lines_of(objects: list[dict[str, Any]]) -> str:
    """Return objects as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects)


def _parse(text: str, where: str) -> Any:
    try:
        return parse_json(text)
    except ValueError as err:
        raise LabelsError(f"{where}: not JSON: {err}") from err
