"""Where the trials of a tuning are kept: a file of Optuna's, for one process at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from depeche.labels.errors import TrackingError
from depeche.labels.files import check_no_link


@contextmanager
def open_study(storage: Path, name: str) -> Iterator[optuna.Study]:
    """Yield the study of that name, new or with its trials, for this process alone.

    Raises
    ------
    TrackingError
        When the file cannot be read or written, or another process has it.
    InputError
        When it is a link: its tables would be made in another file.
    """
    for file in (storage, storage.with_suffix(".lock")):
        check_no_link(file)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # we report each trial ourselves
    try:
        storage.parent.mkdir(parents=True, exist_ok=True)
        with _locked(storage):
            yield optuna.create_study(
                storage=f"sqlite:///{storage.as_posix()}",
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )
    except (StorageInternalError, SQLAlchemyError, sqlite3.Error, OSError) as err:
        reason = str(err).splitlines()[0]
        raise TrackingError(
            f"{storage}: the store of trials cannot be read or written: {reason}; mend it, or move "
            "it away to begin a new one"
        ) from err


@contextmanager
def _locked(storage: Path) -> Iterator[None]:
    """Keep a second search out, whose first act would be to fail the first one's trial.

    The lock is SQLite's own, so that it ends with the process, however that ends.
    """
    with closing(sqlite3.connect(storage.with_suffix(".lock"), timeout=0)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise TrackingError(
                f"{storage}: another classify tune is using it; wait for it, or run in another "
                "folder"
            ) from err
        yield
