"""Making a run's model the champion: a kill at any moment leaves the old or the new one.

The steps are, in this order:

1. The model is copied beside the champions under a temporary name, checked, and renamed.
2. The run gets a version and the alias in MLflow's registry, which `classify serve` follows.
3. The list of promotions is replaced, which all other commands follow.
4. Models that the list no longer names are removed.

After a kill between steps 2 and 3, each follows a complete model, and the same command completes
what the killed one began. The list that a roll-back writes says so until the roll-back is done, so
that a killed roll-back that is given again goes back once, not twice.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from depeche.labels.errors import ArtifactError, ClassifyError, PromotionError
from depeche.labels.system.places import put_in_place
from depeche.model.artifact import load_artifact
from depeche.model.champion import (
    CHAMPION,
    PROMOTIONS,
    Promotion,
    format_promotions,
    is_rolling_back,
    read_promotions,
)
from depeche.model.locks import locked
from depeche.train.tracking.comparing import compare_runs
from depeche.train.tracking.store import Run, Store

_LOCK = ".lock"
_TEMPORARY = ".promotion."  # start of temporary names
_OURS = re.compile(r"[0-9a-f]{16}|\.promotion\..*")
_N_KEPT = 5  # promotions that can be gone back to, the one in use among them


def promote(store: Store, run: Run, *, force: bool = False, folder: Path = CHAMPION) -> Promotion:
    """Make a run the champion and return its promotion.

    Parameters
    ----------
    force
        Whether it may be worse than the present champion, or not comparable with it.
    folder
        The folder of the champions.

    Raises
    ------
    PromotionError
        When it is refused, another promotion is under way, or the folder cannot be written.
    ArtifactError
        When its model is damaged.
    """
    with _locked(folder):
        promotions = read_promotions(folder)
        if not force:
            check_no_worse(store, run)
        name, sha256 = bring_model(store, run, folder)
        version = register(store, run)
        if promotions and (promotions[-1].run_id, promotions[-1].folder) == (run.id, name):
            promotions[-1] = replace(promotions[-1], version=version)
        else:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            promotions.append(
                Promotion(
                    folder=name, run_id=run.id, model_sha256=sha256, version=version, date=now
                )
            )
        move_alias(store, version)
        replace_list(folder, promotions[-_N_KEPT:])
        prune(folder)
        return promotions[-1]


def roll_back(store: Store, *, folder: Path = CHAMPION) -> Promotion:
    """Make the promotion before the present one the champion again and return it.

    After a roll-back that was killed once its list was written, only the rest of it is done.

    Raises
    ------
    PromotionError
        When there is none, another promotion is under way, or the folder cannot be written.
    """
    with _locked(folder):
        promotions = read_promotions(folder)
        if not is_rolling_back(folder):
            if len(promotions) < 2:
                raise PromotionError(f"{folder}: no earlier promotion to go back to")
            promotions.pop()
        previous = promotions[-1]
        load_artifact(folder / previous.folder)
        version = store.version(previous.run_id)
        if version is None:
            raise PromotionError(
                f"{store.name}: run {previous.run_id[:8]}, the champion before, has no version in "
                "this store: go back where it was promoted"
            )
        move_alias(store, version)
        replace_list(folder, promotions, rolling_back=True)
        prune(folder)
        replace_list(folder, promotions)
        return previous


def check_no_worse(store: Store, run: Run) -> None:
    """Raise `PromotionError` when a run loses to the champion beyond noise, or cannot be compared.

    It loses when the interval of a dimension's main score lies below that of the champion.
    """
    champion = store.champion()
    if champion in (None, run.id):
        return
    try:
        comparison = compare_runs(store, store.find(str(champion)), run)
    except ClassifyError as err:
        raise PromotionError(
            f"{run} cannot be compared with the champion: {err}; --force promotes it all the same"
        ) from err
    for d in comparison.differences:
        if d.main and d.high < 0:
            raise PromotionError(
                f"{run} is worse than the champion, {comparison.a}, on {d.dimension}: {d.metric} "
                f"{d.in_points()}; --force promotes it all the same"
            )


def bring_model(store: Store, run: Run, folder: Path) -> tuple[str, str]:
    """Copy a run's model to the champions, check it, and return its folder's name and digest."""
    with _writing(folder):
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
    try:
        fetched = store.fetch_model(run, temporary)
        sha256 = load_artifact(fetched).sha256
        if run.model_sha256 not in ("", sha256):
            raise PromotionError(
                f"{run}: its model has digest {sha256[:12]}, but the run trained "
                f"{run.model_sha256[:12]}: train it anew"
            )
        name = sha256[:16]
        with _writing(folder):
            place_model(fetched, folder / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return name, sha256


def place_model(fetched: Path, target: Path) -> None:
    """Rename a complete model for good; a damaged one of that name is removed first."""
    if target.exists():
        try:
            load_artifact(target)
        except ArtifactError:
            _remove(target)
        else:
            return
    for path in fetched.iterdir():
        _sync(path)
    put_in_place(fetched, target)
    _sync(target.parent)


def register(store: Store, run: Run) -> str:
    """Return the version of a run's model in the registry, registered where it is not yet."""
    return store.register(run)


def move_alias(store: Store, version: str) -> None:
    """Point the alias of the champion at a version."""
    store.set_champion(version)


def replace_list(folder: Path, promotions: list[Promotion], *, rolling_back: bool = False) -> None:
    """Replace the list of promotions in one stroke: from here on its last model is in use."""
    with _writing(folder):
        handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(format_promotions(promotions, rolling_back=rolling_back))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        put_in_place(Path(name), folder / PROMOTIONS)
        _sync(folder)


def prune(folder: Path) -> None:
    """Remove models that the list does not name, and temporary folders of killed promotions."""
    kept = {promotion.folder for promotion in read_promotions(folder)}
    for path in sorted(folder.iterdir()):
        if path.name in kept or not _OURS.fullmatch(path.name):
            continue
        with suppress(OSError):  # in use, on Windows: the next promotion tries again
            if path.is_dir():
                _remove(path)
            else:
                path.unlink()


def _remove(path: Path) -> None:
    """Remove the folder of a model; a kill leaves no part of a model under its name."""
    aside = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=path.parent))
    path.rename(aside / path.name)
    shutil.rmtree(aside, ignore_errors=True)


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    if sys.platform == "win32":
        return  # neither folders nor files open for reading can be flushed there
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder of champions; the system frees it when the process ends, however it ends."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = ExitStack()
        try:
            lock.enter_context(locked(folder / _LOCK))
        except BlockingIOError as err:
            raise PromotionError(
                f"{folder}: another promotion is under way: try again when it has ended"
            ) from err
    with lock:
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise PromotionError(f"{folder}: cannot be written: {err.strerror}") from err
