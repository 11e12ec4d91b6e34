"""Promotions and roll-backs that are killed: the old champion or the new one, at any moment."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run_classify
from made_promotions import (
    FakeStore,
    digest,
    go_back,
    in_use,
    make_shelf,
    promote_to,
    sha256_in_use,
)

from depeche.model.champion import PROMOTIONS, read_promotions
from depeche.train.tracking.promotion import replace_list

# Every step of a promotion, and the calls by which it changes the disk.
POINTS = [
    f"{name}:{when}"
    for name in (
        "check_no_worse",
        "bring_model",
        "place_model",
        "register",
        "move_alias",
        "replace_list",
        "prune",
        "_remove",
        "_sync",
        "Path.rename",
        "Path.replace",
        "shutil.rmtree",
    )
    for when in ("before", "after")
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def folder(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf, tmp_path / "shelf"))


def killed(points: dict[str, Path], action: str, cwd: Path) -> set[str]:
    """Return the points at which the action was killed indeed."""
    names = {point: str(folder) for point, folder in points.items()}
    code = f"import made_promotions; made_promotions.drive({names!r}, {action!r})"
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        check=True,
    )
    rows = dict(line.split() for line in done.stdout.splitlines())
    return {point for point, number in rows.items() if int(number) == signal.SIGKILL}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which Unix has")
@pytest.mark.parametrize("action", ["promote", "roll_back"])
def test_kill_at_any_step_leaves_the_old_or_the_new_and_repeating_completes(
    action: str, shelf: Path, tmp_path: Path
) -> None:
    points = {point: tmp_path / point.replace(":", "-") for point in POINTS}
    for folder in points.values():
        shutil.copytree(shelf, folder)
        (folder / "registry.json").write_text('{"versions": ["a"], "champion": null}')
        if action == "roll_back":
            promote_to(folder, "b")
        else:  # something to clear away
            shutil.copytree(folder / "c", folder / "champion" / "00112233445566ff")
    done = killed(points, action, tmp_path)
    mine = {"check_no_worse", "bring_model", "place_model", "register", "Path.rename"}
    rest = {p for p in POINTS if p.split(":")[0] not in mine}
    assert done >= (set(POINTS) if action == "promote" else rest)
    seen = set()
    old, new = ("a", "b") if action == "promote" else ("b", "a")
    for point, folder in points.items():
        seen.add(champion := in_use(folder))
        assert champion in {digest(folder, "a"), digest(folder, "b")}, point
        if champion == digest(folder, old) or action == "promote":
            promote_to(folder, "b") if action == "promote" else go_back(folder)
        assert in_use(folder) == digest(folder, new), point
        store = FakeStore(folder)
        assert store.champion() == new
        assert len(set(store._read()["versions"])) == len(store._read()["versions"])
        if action == "promote":
            names = {path.name for path in (folder / "champion").iterdir()}
            kept = {promotion.folder for promotion in read_promotions(folder / "champion")}
            assert names == kept | {PROMOTIONS}, point
            assert [p.run_id for p in read_promotions(folder / "champion")] == ["a", "b"]
    assert len(seen) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which Unix has")
def test_rollback_killed_at_any_step_and_given_again_goes_back_once(
    shelf: Path, tmp_path: Path
) -> None:
    names = ("move_alias", "replace_list", "prune", "_remove", "_sync", "Path.replace")
    places = [f"{name}:{when}" for name in names for when in ("before", "after")]
    points = {p: tmp_path / p.replace(":", "-") for p in [*places, "replace_list:before:2"]}
    for folder in points.values():
        shutil.copytree(shelf, folder)
        for name in "bcd":
            promote_to(folder, name)
    assert killed(points, "roll_back", tmp_path) == set(points)
    for point, folder in points.items():
        go_back(folder)
        assert in_use(folder) == digest(folder, "c"), point
        assert FakeStore(folder).champion() == "c", point
        assert [p.run_id for p in read_promotions(folder / "champion")] == ["a", "b", "c"]
        go_back(folder)  # one that is given once more goes on
        assert in_use(folder) == digest(folder, "b"), point


def test_promotion_after_a_killed_rollback_is_gone_back_from_as_any_other(folder: Path) -> None:
    promote_to(folder, "b")
    promote_to(folder, "c")
    champion = folder / "champion"
    replace_list(champion, read_promotions(champion)[:-1], rolling_back=True)
    promote_to(folder, "d")
    go_back(folder)
    assert in_use(folder) == digest(folder, "b")


@pytest.mark.slow
@pytest.mark.parametrize("point", ["move_alias:after", "replace_list:after"])
def test_killed_command_is_completed_by_the_same_command(run_store: Path, point: str) -> None:
    first = json.loads(run_classify("promote", "shuffled", "--json", cwd=run_store).stdout)
    code = (
        "import sys, made_promotions\nfrom depeche import classify\n"
        f"made_promotions.kill_at({point!r})\n"
        "sys.argv = ['classify', 'promote', 'good']\nclassify.main()"
    )
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=run_store, env=env | {"PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    before = sha256_in_use(run_store)
    assert (before == first["model_sha256"]) == (point != "replace_list:after")
    again = json.loads(run_classify("promote", "good", "--json", cwd=run_store).stdout)
    assert again["version"] == "2"
    assert sha256_in_use(run_store) == again["model_sha256"] != first["model_sha256"]
