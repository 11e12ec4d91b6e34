"""The place of a batch: which files it writes, and whether it may."""

from __future__ import annotations

import stat
from pathlib import Path

from depeche.labels.errors import BatchError
from depeche.labels.files import check_writable
from depeche.labels.formats.parsing import parse_json
from depeche.labels.system.places import is_folder, status_of
from depeche.model.batch.files import check_own, read_json
from depeche.model.outputs.formats import Format

JOB = "job.json"  # of a journal: what was asked for
FRESH = "give another name, or --fresh to replace it"
_LONGEST = 1 << 20  # bytes that are read of a list to tell that it is one


def journal_of(output: Path) -> Path:
    """Return the folder of an output's journal."""
    return output.with_name(f"{output.name}.journal")


def errors_of(output: Path) -> Path:
    """Return the file that lists the inputs that failed."""
    return output.with_name(f"{output.name}.errors.jsonl")


def journal_files(output: Path) -> list[Path]:
    """Return all that a batch writes: files, and folders with what is in them."""
    return [output, errors_of(output), journal_of(output)]


def check_place(output: Path, form: str) -> None:
    """Refuse a place that a batch cannot write in, or with a journal that is not ours.

    Raises
    ------
    BatchError
        When a folder is there, unless an output of folders may take its place; when something in
        the journal, or in the place of the list of errors, is no work of classify's.
    InputError
        When no file can be written there.
    """
    check_writable(output)
    check_own(journal_of(output))
    check_list(errors_of(output))
    if is_folder(output):
        if form != Format.sidecar:
            raise BatchError(f"{output}: a folder: give the name of a file to write")
        known = read_json(journal_of(output) / JOB) or {}
        if known.get("format") != Format.sidecar and any(output.iterdir()):
            raise BatchError(f"{output}: a folder with other files: give a new or an empty one")


def check_free(output: Path) -> None:
    """Refuse to replace a file that is there and has no journal.

    Raises
    ------
    BatchError
        When there is one.
    """
    if is_folder(output) or status_of(output) is None:
        return
    if read_json(journal_of(output) / JOB) is None:
        raise BatchError(f"{output}: exists, and not by this command: {FRESH}")


def check_list(path: Path) -> None:
    """Refuse to replace what has the name of a list of errors and is none.

    Raises
    ------
    BatchError
        When it is a link, a folder, or a file whose first line is not as `error_line` makes it.
    """
    first = None
    try:
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                first = parse_json(file.readline(_LONGEST))
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        pass
    if not isinstance(first, dict) or first.keys() != {"input", "reason"}:
        raise BatchError(
            f"{path}: not a list of failed inputs that classify wrote: move it away, or give "
            "another --output"
        )
