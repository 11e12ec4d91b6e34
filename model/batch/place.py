"""The place of a batch: which files it writes, and whether it may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError
from depeche.labels.files import check_writable
from depeche.labels.system.places import is_folder, status_of
from depeche.model.batch.files import check_own, check_own_folder, checksum_of, read_json
from depeche.model.inputs.earlier_outputs import (
    ERRORS,
    JOB,
    JOURNALS,
    is_journal,
    old_journal_of,
)
from depeche.model.outputs.formats import Format

FINISHED = "finished.json"  # in a journal: the checksum of the output, once it is made
FRESH = "give another name, or --fresh to replace it"


def journal_of(output: Path) -> Path:
    """Return the folder of an output's journal."""
    return output.parent / JOURNALS / output.name


def errors_of(output: Path) -> Path:
    """Return the file that lists the inputs that failed or were skipped."""
    return journal_of(output) / ERRORS


def batch_files(output: Path) -> list[Path]:
    """Return all that a batch writes: files, and folders with what is in them."""
    return [output, journal_of(output)]


def check_place(output: Path, form: str) -> None:
    """Refuse a place that a batch cannot write in, or with a journal that is not ours.

    Raises
    ------
    BatchError
        When a folder is there, unless an output of folders may take its place; when the journal,
        or something in it, is no work of classify's.
    InputError
        When no file can be written there.
    """
    check_writable(output)
    journal = journal_of(output)
    check_own_folder(journal.parent)
    check_own(journal)
    if is_folder(output):
        if form != Format.sidecar:
            raise BatchError(f"{output}: a folder: give the name of a file to write")
        known = read_json(journal / JOB) or _old_job(output) or {}
        if known.get("format") != Format.sidecar and any(output.iterdir()):
            raise BatchError(f"{output}: a folder with other files: give a new or an empty one")


def check_free(output: Path) -> None:
    """Refuse to replace what another program, or version 0.1, wrote or has begun.

    Raises
    ------
    BatchError
        When a file is there that has no journal, or there is only a journal of version 0.1.
    """
    if read_json(journal_of(output) / JOB) is not None:
        return
    if _old_job(output) is not None:
        raise BatchError(
            f"{old_journal_of(output)}: the journal of depeche 0.1, which this version does not "
            "use: give another --output, or --fresh to tag all again and replace the output"
        )
    if status_of(output) is not None and not is_folder(output):
        raise BatchError(f"{output}: exists, and not by this command: {FRESH}")


def _old_job(output: Path) -> dict[str, Any] | None:
    """Return what a journal of version 0.1 was asked for, None where there is none."""
    journal = old_journal_of(output)
    return read_json(journal / JOB) if is_journal(journal) else None


def check_same(output: Path, job: dict[str, Any]) -> bool:
    """Return whether the output of a job is made; refuse another job's, or one that was edited.

    Raises
    ------
    BatchError
        When the journal is not of this job, or the output is not as it was made.
    """
    known = read_json(journal_of(output) / JOB) or {}
    if known != job:
        names = ", ".join(name for name in job if known.get(name) != job[name])
        raise BatchError(
            f"{output}: made by another command or model (not the same {names or 'version'}): "
            f"{FRESH}"
        )
    finished = read_json(journal_of(output) / FINISHED)
    checksum = checksum_of(output) if finished is not None else None
    if checksum is None or finished is None:
        return False
    if checksum != finished.get("checksum"):
        raise BatchError(
            f"{output}: changed since it was made: "
            "keep it under another name, or give --fresh to replace it"
        )
    return True
