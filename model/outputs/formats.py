"""The formats of results, and what makes them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """What `classify tag` writes."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    html = "html"
    sidecar = "sidecar"


class Engine(StrEnum):
    """What `classify tag` runs on."""

    local = "local"
    ray = "ray"


def format_of(output: Path) -> Format:
    """Return the format that an output's name asks for, JSON lines where it says nothing."""
    endings = {f".{form}": form for form in Format if form not in (Format.table, Format.sidecar)}
    return (endings | {".htm": Format.html}).get(output.suffix.lower(), Format.jsonl)
