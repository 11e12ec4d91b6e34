"""The files that an audit writes: its findings as rows, and the paragraphs to label again."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from depeche.labels.errors import InputError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.paragraphs import LabelledParagraph
from depeche.model.outputs.rows import spreadsheet_cell

if TYPE_CHECKING:
    from depeche.train.audit.findings import Audit, Finding

FORMATS = (".csv", ".jsonl")


def check_format(path: Path | None) -> None:
    """Raise `InputError` if findings cannot be written to a file with that name."""
    if path is not None and path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: findings are written to a name that ends in .csv or .jsonl")


def write_findings(findings: Iterable[Finding], file: IO[str], *, form: str) -> None:
    """Write one row per finding, with the columns of `Finding.to_dict`.

    Parameters
    ----------
    form
        One of `FORMATS`.
    """
    rows = [finding.to_dict() for finding in findings]
    if form == ".jsonl":
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    for row in rows:
        row["text"] = " ".join(row["text"].split())
        writer.writerow([spreadsheet_cell(value) for value in row.values()])


def write_queue(audit: Audit, paths: Sequence[Path], file: IO[str]) -> list[LabelledParagraph]:
    """Write the records of the paragraphs to review, the most doubtful first, and return them.

    Each record is copied as it stands in its file, stand-off texts included, so that
    `classify label --blind` reads it.
    """
    queue = audit.queue()
    wanted = {paragraph.id for paragraph in queue}
    lines: dict[str, str] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8-sig").split("\n"):
            if line.strip() and (id := parse_json(line)["id"]) in wanted:
                lines[id] = line.strip()
    file.writelines(lines[paragraph.id] + "\n" for paragraph in queue)
    return queue
