"""Turns the file of another tool into files of labelled paragraphs."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.formats import Format, Reading, exchange_of
from depeche.labels.files import check_no_link, check_output, open_output
from depeche.labels.paragraphs import LabelledParagraph, format_labels
from depeche.labels.records import check_faults, parse_record
from depeche.labels.schema import Schema

_LONGEST_SLUG = 80  # bytes; names of files have 255 at most
_NAMED = 5  # places that a note names; the others are counted


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The files that an import wrote, with their paragraphs, and notes for the user."""

    files: dict[Path, list[LabelledParagraph]]
    notes: tuple[str, ...]


def import_labels(
    path: Path,
    output: Path,
    form: Format,
    schema: Schema,
    *,
    annotator: str | None = None,
    force: bool = False,
    read: Sequence[Path] = (),
) -> Imported:
    """Write the labelled paragraphs that a file of another tool holds.

    Where several annotators labelled the same paragraph, each gets a file, as ids are unique in it;
    `annotator` replaces what the file says.

    Parameters
    ----------
    read
        Other files that no output may replace, such as the schema.

    Raises
    ------
    LabelsError
        With one line per fault: path, place, field, its value, what is allowed.
    InputError
        When an output already exists and `force` is not given, or cannot be written.
    """
    inputs = [path, *read]
    check_output(output, inputs=inputs)  # before any work is done
    reading = exchange_of(form).read(path, schema)
    n_alone = _complete(path, reading, annotator)
    files = _by_annotator(_check(path, reading, schema), output)
    for target in files:
        if target != output:
            check_no_link(target)
        check_output(target, inputs=inputs, replace=force)
    for target, labelled in files.items():
        with open_output(target) as file:
            file.write(format_labels(labelled, schema))
    return Imported(files=files, notes=_notes(reading, n_alone))


def _complete(path: Path, reading: Reading, annotator: str | None) -> int:
    """Give each record an id and an article; return how many had no article."""
    n_alone = 0
    for number, entry in enumerate(reading.entries, start=1):
        record: dict[str, Any] = entry.record
        if not record:
            continue
        if annotator is not None:
            record["annotator"] = annotator
        if record.get("id") in (None, ""):
            record["id"] = f"{path.stem}:{number}"
        elif type(record["id"]) is int:  # a number that the tool gave
            record["id"] = str(record["id"])
        if record.get("article") in (None, ""):
            record["article"] = record["id"]
            n_alone += 1
    return n_alone


def _check(path: Path, reading: Reading, schema: Schema) -> list[LabelledParagraph]:
    faults: list[str] = []
    paragraphs: list[LabelledParagraph] = []
    first: dict[tuple[str, str | None], str] = {}
    for entry in reading.entries:
        entry_faults = list(entry.faults)
        paragraph = None
        if entry.record:
            paragraph, record_faults = parse_record(entry.record, schema)
            entry_faults += record_faults
        if paragraph is not None and not entry_faults:
            key = (paragraph.id, paragraph.annotator)
            if first.setdefault(key, entry.place) != entry.place:
                who = f"annotator {key[1]!r:.80}" if key[1] else "no annotator named"
                entry_faults.append(f"id: {key[0]!r:.80} is already {first[key]}, {who}")
            paragraphs.append(paragraph)
        faults += [f"{path}: {entry.place}: {fault}" for fault in entry_faults]
    check_faults(faults, path=path)
    if not paragraphs:
        message = "; ".join(_left_out(reading))
        reason = f": {message}" if message else ""
        raise LabelsError(f"{path}: no labelled paragraph in it{reason}")
    return paragraphs


def _by_annotator(
    paragraphs: Sequence[LabelledParagraph], output: Path
) -> dict[Path, list[LabelledParagraph]]:
    """Return one file or, where an id occurs more than once, one file per annotator."""
    if len({p.id for p in paragraphs}) == len(paragraphs):
        return {output: list(paragraphs)}
    files: dict[Path, list[LabelledParagraph]] = {}
    owners: dict[str, str | None] = {}
    for paragraph in paragraphs:
        slug = _slug(paragraph.annotator or "unnamed")
        target = output.with_name(f"{output.stem}-{slug}{output.suffix}")
        name = unicodedata.normalize("NFC", target.name).casefold()  # the same file on some disks
        if owners.setdefault(name, paragraph.annotator) != paragraph.annotator:
            raise LabelsError(
                f"{target}: would be the file of {owners[name]!r:.80} and "
                f"{paragraph.annotator!r:.80}: give annotators other names"
            )
        files.setdefault(target, []).append(paragraph)
    return files


def _slug(annotator: str) -> str:
    """Return the name of an annotator in a form that can be part of the name of a file."""
    slug = re.sub(r"[^\w@.+-]+", "_", annotator)
    data = slug.encode()
    if len(data) <= _LONGEST_SLUG:
        return slug
    start = data[: _LONGEST_SLUG - 9].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(annotator.encode()).hexdigest()[:8]}"


def _left_out(reading: Reading) -> list[str]:
    return [
        f"{len(places)} {reason}: {_listed(places)}" for reason, places in reading.left_out.items()
    ]


def _listed(places: Sequence[str]) -> str:
    first = ", ".join(places[:_NAMED])
    return first if len(places) <= _NAMED else f"{first} and {len(places) - _NAMED} more"


def _notes(reading: Reading, n_alone: int) -> tuple[str, ...]:
    notes = [f"left out {line}" for line in _left_out(reading)]
    if reading.not_kept:
        notes.append(f"fields not kept: {', '.join(sorted(reading.not_kept))}")
    if n_alone:
        notes.append(f"{n_alone} paragraphs without an article: each is taken for one of its own")
    return tuple(notes)
