"""What earlier batches wrote into a folder: the journal beside an output names it."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

JOURNALS = ".depeche"  # beside the outputs; the journal of OUTPUT is the folder .depeche/OUTPUT
JOB = "job.json"  # in a journal: what was asked for
ERRORS = "errors.jsonl"  # in a journal: the inputs that failed or were skipped
_OLD_JOURNAL, _OLD_ERRORS = ".journal", ".errors.jsonl"  # of version 0.1: OUTPUT.journal


def old_journal_of(output: Path) -> Path:
    """Return the folder where version 0.1 kept the journal of an output."""
    return output.with_name(output.name + _OLD_JOURNAL)


def is_journal(folder: Path) -> bool:
    """Return whether a folder, no link to one, holds the journal of a batch."""
    try:
        status = Path(folder, JOB).lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and not folder.is_symlink()


def earlier_outputs(entries: Sequence[os.DirEntry[str]]) -> set[str]:
    """Return the names of what earlier batches wrote into a folder with these entries."""
    names: set[str] = set()
    for entry in entries:
        if entry.name == JOURNALS:
            if outputs := _outputs_of(Path(entry.path)):
                names |= {entry.name, *outputs}
        elif entry.name.endswith(_OLD_JOURNAL) and is_journal(Path(entry.path)):
            output = entry.name.removesuffix(_OLD_JOURNAL)
            names |= {output, entry.name, output + _OLD_ERRORS}
    return names


def _outputs_of(journals: Path) -> list[str]:
    """Return the names of the outputs whose journals are in a folder."""
    try:
        if journals.is_symlink():
            return []
        return [folder.name for folder in journals.iterdir() if is_journal(folder)]
    except OSError:  # no folder, or one that may not be entered
        return []
