"""SQLite databases of MLflow: checked before MLflow opens them, and made in one stroke.

MLflow makes a database where there is none, and adds its tables to any that it is given. Two
processes that make one at the same time crash, and one that is killed leaves half a database.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from depeche.labels.errors import TrackingError
from depeche.labels.system.places import reason_of
from depeche.model.locks import locked

_HEAD = b"SQLite format 3\0"
_UNFINISHED = ".new-store."  # start of the name of the folder in which a database is made
_OTHER = "give another $MLFLOW_TRACKING_URI, or none: then runs are in mlruns/mlflow.db"


def database_path(uri: str) -> Path | None:
    """Return the file of an SQLite address, None for other addresses.

    Raises
    ------
    TrackingError
        When the address names no file.
    """
    if not uri.startswith(("sqlite:", "sqlite+")):
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        path = make_url(uri).database
    except ArgumentError as err:
        raise TrackingError(f"{uri}: not an address: it has the form sqlite:///PATH") from err
    if path in (None, "", ":memory:"):
        raise TrackingError(f"{uri}: names no file, and so would keep nothing: {_OTHER}")
    return Path(str(path))


def check_database(path: Path, uri: str) -> None:
    """Raise `TrackingError` unless a file is a database of this version of MLflow."""
    try:
        with path.open("rb") as file:
            is_database = file.read(len(_HEAD)) == _HEAD
    except FileNotFoundError as err:
        raise TrackingError(f"{uri}: there is no such database: {_OTHER}") from err
    except (OSError, ValueError) as err:  # the latter of a null in the name
        raise TrackingError(f"{uri}: cannot be read: {reason_of(err)}: {_OTHER}") from err
    if not is_database:
        raise TrackingError(f"{uri}: not a database of SQLite: {_OTHER}")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            versions = database.execute("SELECT version_num FROM alembic_version").fetchall()
            database.execute("SELECT run_uuid FROM runs LIMIT 1").fetchall()
    except sqlite3.Error as err:
        raise TrackingError(f"{uri}: not a database of MLflow's: {err}: {_OTHER}") from err
    from mlflow.store.db.utils import _get_latest_schema_revision

    expected = _get_latest_schema_revision()  # type: ignore[no-untyped-call]
    if versions != [(expected,)]:
        version = versions[0][0] if versions else "none"
        raise TrackingError(
            f"{uri}: made by another version of MLflow (tables {version!r:.40}, here {expected}): "
            f"keep a copy of an older one and run mlflow db upgrade {uri}; for a newer one install "
            "that MLflow"
        )


def make_database(path: Path) -> None:
    """Make an empty database of MLflow's where there is none; a kill leaves no part of one."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(exist_ok=True)
    with locked(path.with_name(f".{path.name}.lock"), wait=True):
        if path.exists():
            return
        for left in path.parent.glob(f"{_UNFINISHED}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent))
        try:
            made = folder / path.name
            store = SqlAlchemyStore(f"sqlite:///{made.as_posix()}", str(path.parent))  # type: ignore[no-untyped-call]
            store.engine.dispose()
            made.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
