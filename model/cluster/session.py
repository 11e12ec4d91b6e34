"""Ray for as long as a batch takes: a cluster's, or its own on this machine, quiet and private."""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from depeche.labels.errors import BatchError, MissingExtraError
from depeche.labels.system.processes import starting
from depeche.model.cores import at_most_jobs, count_cores

_LOOPBACK = "127.0.0.1"
_STORE_BYTES = 1 << 29  # of memory for what is in flight on one machine
_LONGEST_REASON = 300
_PATIENCE_S = 10
# Of a traceback, unless it is Ray's own error.
_LAST_LINE = re.compile(r"\A(?!ray\.)(?:\w++\.)*+\w*(?:Error|Exception)\b: .")


def check_ray() -> None:
    """Raise `MissingExtraError` when Ray Data is not installed, without the seconds it takes."""
    for name in ("ray", "pyarrow"):
        try:
            missing = find_spec(name) is None
        except ValueError:  # what stands for it in sys.modules is no module
            missing = True
        if missing:
            raise MissingExtraError(name, "ray")


@contextmanager
def ray_session(address: str | None, n_jobs: int | None) -> Iterator[int]:
    """Have Ray, and give the number of actors: `n_jobs`, else one a core.

    Without an address Ray starts on this machine, listens on it alone and leaves nothing behind.

    Raises
    ------
    BatchError
        When no cluster answers, or Ray does not start.
    """
    _set_environment(address)
    import ray
    import ray.data

    # What goes wrong is said in one line; its log would say it as well, with tracebacks.
    for name in ("ray.data", "ray.data.exceptions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as held:
        if address is None:
            n_jobs = at_most_jobs(n_jobs or count_cores())
            options = _private_options(held, n_jobs)
        else:
            _check_reachable(address)
            options = {"address": address}
        held.callback(ray.shutdown)
        try:
            # Ray has its workers, on all machines, import from the folder that is current now.
            with tempfile.TemporaryDirectory() as empty, chdir(empty), starting():
                ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        except (ConnectionError, RuntimeError, ValueError, OSError) as err:
            what = f"no Ray cluster at {address}" if address else "Ray does not start here"
            raise BatchError(f"{what}: {_line(err)}") from err
        n_cores = count_cores() if address is None else _n_cores_of_cluster()
        yield at_most_jobs(n_jobs or n_cores, n_cores)


def _set_environment(address: str | None) -> None:
    """Set what Ray reads as it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a change
    if address is None:
        os.environ |= {
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else Ray listens for other machines
            "RAY_AUTH_MODE": "token",  # and on this machine to nobody else's processes
            "RAY_AUTH_TOKEN": secrets.token_hex(32),  # else Ray keeps one in the home folder
        }
    elif _has_token():  # which Ray itself looks for with the address "auto" only
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def cause_of(err: Exception) -> BatchError:
    """Return what went wrong on some machine: the first error in its tracebacks."""
    lines = [line.strip() for line in str(err).splitlines()]
    first = lines[0] if lines else ""
    reason = next(filter(_LAST_LINE.match, lines), f"{type(err).__name__}: {first}")
    if type(err).__name__ == "ActorDiedError":
        reason = "an actor was killed, perhaps for want of memory; fewer --jobs need less"
    return BatchError(f"Ray stopped: {reason[:_LONGEST_REASON]}; the output is incomplete")


def _private_options(held: ExitStack, n_jobs: int) -> dict[str, Any]:
    # A socket's path has 107 bytes at most, so that a longer folder for temporary files is no use.
    top = "/tmp" if os.name == "posix" else None  # noqa: S108 - the folder in it is new, and ours
    folder = tempfile.TemporaryDirectory(prefix="ray-", dir=top, ignore_cleanup_errors=True)
    return {
        "address": "local",
        "num_cpus": max(n_jobs, count_cores()),
        "object_store_memory": _STORE_BYTES,
        "include_dashboard": False,
        "_node_ip_address": _LOOPBACK,
        "_temp_dir": held.enter_context(folder),
    }


def _has_token() -> bool:
    """Whether a cluster's token is where Ray looks for it."""
    given = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    return bool(given) or (Path.home() / ".ray" / "auth_token").is_file()


def _check_reachable(address: str) -> None:
    """Raise `BatchError` when nothing answers at HOST:PORT; Ray itself tries for many minutes."""
    if address.startswith("ray://"):
        raise BatchError(
            f"{address}: give the command on a machine of the cluster, with --address auto"
        )
    host, colon, port = address.rpartition(":")
    if not colon:  # "auto", or what only Ray understands
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except (OSError, ValueError, OverflowError) as err:
        raise BatchError(
            f"no Ray cluster at {address}: {err}: ray start --head says its address"
        ) from err


def _n_cores_of_cluster() -> int:
    import ray

    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(int(resources.get("CPU", 1)), 1)


def _line(err: BaseException) -> str:
    return " ".join(str(err).split())[:_LONGEST_REASON]
