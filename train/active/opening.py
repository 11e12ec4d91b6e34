"""Opens a labels file for labelling, by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from depeche.labels.errors import LabelsError
from depeche.labels.labelling.label_file import DecisionFile, lock_of
from depeche.labels.schema import Schema
from depeche.model.locks import locked


@contextmanager
def open_labels(path: Path, schema: Schema) -> Iterator[DecisionFile]:
    """Open a labels file for this process alone; close it however the work ends.

    Raises
    ------
    LabelsError
        When another process has it open, when it breaks the format, or cannot be written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(lock_of(path.resolve())))
        except BlockingIOError as err:
            raise LabelsError(
                f"{path}: another classify label is writing it: end that one first"
            ) from err
        except OSError as err:
            raise LabelsError(f"{path}: cannot be written: {err.strerror}") from err
        yield stack.enter_context(closing(DecisionFile(path, schema)))
