"""Champions for tests of promotion: a store of small models, and kills at any step."""

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from conftest import run_classify
from made_scorers import small_artifact

from depeche import load_model
from depeche.labels.errors import TrackingError
from depeche.model.artifact import save_artifact
from depeche.train.tracking.promotion import promote, roll_back
from depeche.train.tracking.store import Run


class FakeStore:
    """A store whose runs are folders of models, with the registry in a file."""

    uri = "fake"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = folder / "registry.json"

    def _read(self) -> dict[str, Any]:
        if not self.registry.exists():
            return {"versions": [], "champion": None}
        registered: dict[str, Any] = json.loads(self.registry.read_text())
        return registered

    def champion(self) -> str | None:
        version = self._read()["champion"]
        return str(self._read()["versions"][int(version) - 1]) if version else None

    def fetch_model(self, run: Run, folder: Path) -> Path:
        return Path(shutil.copytree(self.folder / run.id, folder / "model"))

    def find(self, reference: str) -> Run:
        raise TrackingError(f"no run {reference!r}")

    def version(self, run_id: str) -> str | None:
        versions = self._read()["versions"]
        return str(versions.index(run_id) + 1) if run_id in versions else None

    def register(self, run: Run) -> str:
        registry = self._read()
        if run.id not in registry["versions"]:
            registry["versions"].append(run.id)
            self.registry.write_text(json.dumps(registry))
        return str(registry["versions"].index(run.id) + 1)

    def set_champion(self, version: str) -> None:
        self.registry.write_text(json.dumps(self._read() | {"champion": version}))


def run(name: str) -> Run:
    return Run(
        **dict.fromkeys(("date", "status", "backend", "data", "schema", "split"), ""),
        model_sha256="",
        id=name,
        name=name,
        n_paragraphs=None,
        scores={},
    )


def promote_to(folder: Path, name: str, *, force: bool = True) -> None:
    promote(FakeStore(folder), run(name), force=force, folder=folder / "champion")  # type: ignore[arg-type]


def go_back(folder: Path) -> None:
    roll_back(FakeStore(folder), folder=folder / "champion")  # type: ignore[arg-type]


def in_use(folder: Path) -> str:
    """Return the digest of the model in use, which loading checks byte by byte."""
    return load_model(folder / "champion").artifact.sha256


def digest(folder: Path, name: str) -> str:
    return str(json.loads((folder / name / "manifest.json").read_text())["sha256"])


def kill_at(point: str) -> None:
    """Make this process kill itself before or after a step of a promotion, the nth time."""
    name, when, *nth = point.split(":")
    left = [int(*nth) if nth else 1]
    module: Any = importlib.import_module("depeche.train.tracking.promotion")
    owner, _, attribute = name.rpartition(".")
    place = getattr(module, owner) if owner else module
    step: Callable[..., Any] = getattr(place, attribute)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        done = None if left[0] == 0 and when == "before" else step(*args, **kwargs)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(place, attribute, deadly)


def drive(points: dict[str, str], action: str) -> None:
    """Run an action in each folder, in a process that is killed at the folder's point."""
    for point, folder in points.items():
        child = os.fork()
        if not child:
            kill_at(point)
            if action == "promote":
                promote_to(Path(folder), "b", force=False)
            else:
                go_back(Path(folder))
            os._exit(0)
        sys.stdout.write(f"{point} {os.WTERMSIG(os.waitpid(child, 0)[1])}\n")


def make_shelf(folder: Path) -> Path:
    """Return a folder, filled with the models of runs a to g, of which a is the champion."""
    small = small_artifact()
    for name in "abcdefg":
        save_artifact(replace(small, name=name), folder / name, card=name)
    promote_to(folder, "a")
    return folder


def sha256_in_use(folder: Path) -> str:
    """Return the digest of the model in use in a folder, as `classify info` shows it."""
    done = run_classify("info", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["sha256"])
