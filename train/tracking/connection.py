"""The MLflow store in use: its address, its checks, and MLflow set to it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from depeche.labels.errors import MissingExtraError, TrackingError
from depeche.labels.files import check_folder
from depeche.labels.system.places import has_drive
from depeche.model.champion import STORE_FILE
from depeche.train.tracking.database import check_database, database_path, make_database

STORE = STORE_FILE.parent
OUR_STORE = f"sqlite:///{STORE_FILE.as_posix()}"

_EXAMPLES = "$MLFLOW_TRACKING_URI is as https://HOST:5000 or sqlite:///PATH"
_USER = re.compile(r"(?<=://)[^/\s]*@")  # and password, in an address


def store_uri() -> str:
    """Return where runs are: `$MLFLOW_TRACKING_URI`, else `mlruns/mlflow.db` under this folder."""
    return os.environ.get("MLFLOW_TRACKING_URI", "").strip() or OUR_STORE


def without_password(uri: str) -> str:
    """Return an address, or a message about one, without the user and the password in it."""
    return _USER.sub("", uri)


@contextmanager
def connect(*, create: bool = False) -> Iterator[Any]:
    """Yield the module `mlflow`, set to the store; its faults in the block become `TrackingError`.

    Parameters
    ----------
    create
        Whether to make our own store where there is none.

    Raises
    ------
    TrackingError
        When there is no store yet, or it cannot be reached or written.
    """
    uri = store_uri()
    if uri == OUR_STORE and not create and not STORE_FILE.is_file():
        raise TrackingError(f"{STORE_FILE}: no run yet: classify train makes one")
    mlflow = import_mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if uri == OUR_STORE and create:
            make_database(STORE_FILE)
        check_store(uri)
        _open(mlflow, uri)
        yield mlflow
    except (mlflow.exceptions.MlflowException, SQLAlchemyError, OSError) as err:
        raise _fault(
            uri, f"MLflow's store cannot be reached or written: {first_line(err)}"
        ) from err


def check_loggable() -> None:
    """Raise before a long work whose run could not be logged.

    A server is not asked: it may be up again once the work is done.

    Raises
    ------
    TrackingError
        When `$MLFLOW_TRACKING_URI` is not the address of a store.
    InputError
        When our own store cannot be made or written.
    """
    if store_uri() == OUR_STORE:
        check_folder(STORE)
        return
    with connect():
        pass


def first_line(err: BaseException) -> str:
    """Return the first line of an error of MLflow's; of a server that is down, only the reason."""
    line = (str(err).strip().splitlines() or [type(err).__name__])[0]
    if "Max retries exceeded" in line:
        return line.rpartition(": ")[2].strip("()'\" ")
    return line


def check_store(uri: str) -> None:
    """Raise `TrackingError` for what is no address, or a file that is no database of MLflow's.

    A server is not asked.
    """
    try:
        parts = urlsplit(uri)
        is_address = parts.scheme not in ("http", "https") or bool(parts.hostname and parts.netloc)
        is_address = is_address and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise _fault(uri, f"not the address of a server: {_EXAMPLES}")
    is_folder = parts.scheme in ("", "file") or has_drive(uri)
    if is_folder and not uri.startswith(("databricks", "uc")):
        raise _fault(uri, f"a folder, in which MLflow keeps no runs any more: {_EXAMPLES}")
    database = database_path(uri)
    if database is not None:
        check_database(database, uri)


def _open(mlflow: Any, uri: str) -> None:
    """Set MLflow to a store, and load the driver of its database."""
    mlflow.set_tracking_uri(uri)
    try:
        if not uri.startswith("http"):  # a database, which MLflow would try for minutes
            from mlflow.store.db import utils

            utils.MAX_RETRY_COUNT = 2
            logging.getLogger(utils.__name__).setLevel(logging.ERROR)
        mlflow.MlflowClient()
    except ImportError as err:
        raise _fault(
            uri, f"needs the driver {err.name}, which is not installed: install it"
        ) from err
    except ValueError as err:
        raise _fault(uri, f"not an address: {err}; {_EXAMPLES}") from err


def _fault(uri: str, reason: str) -> TrackingError:
    return TrackingError(without_password(f"{uri}: {reason}"))


def import_mlflow() -> Any:
    """Return the module `mlflow`, quiet and with short time-outs; raise where it is absent."""
    # Before the import: afterwards MLflow has already looked up its telemetry host.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # A server that is down fails in seconds, not after MLflow's default of several minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        import mlflow
    except ModuleNotFoundError as err:
        raise MissingExtraError("mlflow", "train") from err
    # Or it would log each of the 60 migrations of a new database.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow
