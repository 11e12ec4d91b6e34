"""Promotion: the old champion or the new one at any moment, whatever ends the process."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Classify, put_no_file, run_classify
from made_scorers import linear_scorer

from depeche import load_model
from depeche.labels.errors import ArtifactError, PromotionError, TrackingError
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.champion import PROMOTIONS, read_promotions
from depeche.model.scoring.features import FeatureSettings
from depeche.model.scoring.linear import LinearScorer
from depeche.model.tagging import SHIPPED
from depeche.train.tracking.promotion import promote, replace_list, roll_back
from depeche.train.tracking.store import Run

# Every step of a promotion, and the calls by which it changes the disk.
POINTS = [
    f"{name}:{when}"
    for name in (
        *("check_no_worse", "bring_model", "place_model", "register", "move_alias"),
        *("replace_list", "prune", "_remove", "_sync", "Path.rename", "Path.replace"),
        "shutil.rmtree",
    )
    for when in ("before", "after")
]


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
        found = self._read()
        if run.id not in found["versions"]:
            found["versions"].append(run.id)
            self.registry.write_text(json.dumps(found))
        return str(found["versions"].index(run.id) + 1)

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


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the models of runs a to g, of which a is the champion."""
    folder = tmp_path_factory.mktemp("shelf")
    artifact, features = load_artifact(SHIPPED), FeatureSettings(table_bits=4)
    scorer = linear_scorer(artifact)
    arrays = (scorer.idf[:32], scorer.weights[:32], scorer.bias)
    small = replace(
        artifact,
        scorer=LinearScorer(features, *arrays),
        settings=artifact.settings | {"features": asdict(features)},
        seen=artifact.seen[:9],
    )
    for name in "abcdefg":
        save_artifact(replace(small, name=name), folder / name, card=name)
    promote_to(folder, "a")
    return folder


@pytest.fixture
def folder(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf, tmp_path / "shelf"))


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


def killed(points: dict[str, Path], action: str, cwd: Path) -> set[str]:
    """Return the points at which the action was killed indeed."""
    names = {point: str(folder) for point, folder in points.items()}
    code = f"import test_promotion; test_promotion.drive({names!r}, {action!r})"
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "tests" / "train"), str(ROOT)])
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
        seen.add(found := in_use(folder))
        assert found in {digest(folder, "a"), digest(folder, "b")}, point
        if found == digest(folder, old) or action == "promote":
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


def test_last_five_are_kept_and_rollback_goes_back_one_by_one(folder: Path) -> None:
    for name in "bcdefg":
        promote_to(folder, name)
    champion = folder / "champion"
    assert [p.run_id for p in read_promotions(champion)] == list("cdefg")
    assert sum(path.is_dir() for path in champion.iterdir()) == 5
    for name in "fedc":
        go_back(folder)
        assert in_use(folder) == digest(folder, name)
        assert FakeStore(folder).champion() == name
    with pytest.raises(PromotionError, match="no earlier promotion to go back to"):
        go_back(folder)


def test_promoting_the_champion_again_changes_nothing_and_mends_its_model(folder: Path) -> None:
    (promotion,) = read_promotions(folder / "champion")
    (folder / "champion" / promotion.folder / "idf.npy").unlink()
    promote_to(folder, "a", force=False)
    assert read_promotions(folder / "champion") == [promotion]
    assert in_use(folder) == digest(folder, "a")


def test_damaged_model_is_refused_and_the_champion_stays(folder: Path) -> None:
    with (folder / "b" / "bias.npy").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ArtifactError, match=r"bias\.npy: changed since the model was saved"):
        promote_to(folder, "b")
    assert in_use(folder) == digest(folder, "a")
    assert not [p for p in (folder / "champion").iterdir() if p.name.startswith(".promotion.")]


def test_run_that_cannot_be_compared_is_refused_without_force(folder: Path) -> None:
    with pytest.raises(PromotionError, match=r"cannot be compared with the champion: .* --force"):
        promote_to(folder, "b", force=False)
    assert in_use(folder) == digest(folder, "a")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs flock, which Unix has")
def test_second_promotion_at_once_is_refused_and_a_dead_one_does_not_block(folder: Path) -> None:
    code = (
        "import fcntl, sys\n"
        f"file = open({str(folder / 'champion' / '.lock')!r}, 'a+b')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(PromotionError, match="another promotion is under way"):
            promote_to(folder, "b")
        holder.kill()
    promote_to(folder, "b")
    assert in_use(folder) == digest(folder, "b")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1, "promotions": []}', '{"format": 2, "promotions": []}',
     '{"format": 1, "promotions": [{"folder": "../../x"}]}', "\udcff"],
)  # fmt: skip
def test_broken_list_of_promotions_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / PROMOTIONS).write_text(text, errors="surrogateescape")
    with pytest.raises(ArtifactError, match=r"promotions\.json: .*list of promotions"):
        load_model(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names, which Unix has")
@pytest.mark.parametrize("what", ["fifo", "device", "folder", "deep", "large"])
def test_list_of_promotions_that_is_no_file_of_one_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / PROMOTIONS
    if what in ("fifo", "device", "folder"):
        put_no_file(path, what)
    else:
        path.write_text("[" * (100_000 if what == "deep" else 2_000_000))
    with pytest.raises(ArtifactError, match=r"promotions\.json: .*list of promotions"):
        load_model(tmp_path)


def test_folder_in_the_list_is_a_name_and_no_path(folder: Path) -> None:
    path = folder / "champion" / PROMOTIONS
    data = json.loads(path.read_text())
    data["promotions"][0]["folder"] = "../a"
    path.write_text(json.dumps(data))
    with pytest.raises(ArtifactError, match="is not the folder of a promoted model"):
        load_model(folder / "champion")


def test_promote_without_a_store_or_a_run_is_said(classify: Classify) -> None:
    done = classify("promote", "abcd")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "classify: mlruns/mlflow.db: no run yet: classify train makes one\n"
    assert classify("promote").returncode == 2
    assert classify("promote", "abcd", "--rollback").returncode == 2


@pytest.fixture
def store(runs: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder with made runs; its artifacts stay where they were logged."""
    return Path(shutil.copytree(runs, tmp_path / "store"))


def sha256_in_use(folder: Path) -> str:
    done = run_classify("info", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["sha256"])


@pytest.mark.slow
def test_promote_refuses_the_worse_and_rollback_restores(store: Path) -> None:
    done = run_classify("promote", "good", "--json", cwd=store)
    assert (done.returncode, done.stderr) == (0, "")
    good = json.loads(done.stdout)
    assert sha256_in_use(store) == good["model_sha256"]
    assert f"run     {good['run_id']}, champion since" in run_classify("info", cwd=store).stdout
    for name, reason in (("shuffled", "is worse than the champion"), ("other", "cannot be compar")):
        done = run_classify("promote", name, cwd=store)
        assert (done.returncode, done.stdout) == (1, "")
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert sha256_in_use(store) == good["model_sha256"]
    assert run_classify("promote", "shuffled", "--force", cwd=store).returncode == 0
    assert sha256_in_use(store) != good["model_sha256"]
    assert run_classify("compare", "champion", "shuffled", cwd=store).returncode == 0
    done = run_classify("promote", "--rollback", cwd=store)
    assert (done.returncode, done.stderr) == (0, "")
    assert sha256_in_use(store) == good["model_sha256"]
    starred = [x for x in run_classify("runs", cwd=store).stdout.splitlines() if x[0:1] == "*"]
    assert starred[0].split()[2] == "good"
    done = run_classify("promote", "--rollback", cwd=store)
    assert done.stderr == "classify: mlruns/champion: no earlier promotion to go back to\n"


@pytest.mark.slow
@pytest.mark.parametrize("point", ["move_alias:after", "replace_list:after"])
def test_killed_command_is_completed_by_the_same_command(store: Path, point: str) -> None:
    first = json.loads(run_classify("promote", "shuffled", "--json", cwd=store).stdout)
    code = (
        f"import sys, test_promotion, classify\ntest_promotion.kill_at({point!r})\n"
        "sys.argv = ['classify', 'promote', 'good']\nclassify.main()"
    )
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "tests" / "train"), str(ROOT)])
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CLASSIFY_", "MLFLOW_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=store, env=env | {"PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    before = sha256_in_use(store)
    assert (before == first["model_sha256"]) == (point != "replace_list:after")
    again = json.loads(run_classify("promote", "good", "--json", cwd=store).stdout)
    assert again["version"] == "2"
    assert sha256_in_use(store) == again["model_sha256"] != first["model_sha256"]


@pytest.fixture
def project(shelf: Path, tmp_path: Path) -> Path:
    """Return a folder whose mlruns/champion holds a champion, without a store beside it."""
    folder = tmp_path / "project"
    shutil.copytree(shelf / "champion", folder / "mlruns" / "champion")
    (folder / "a.txt").write_text("Un accord de coopération a été signé lundi à Paris.")
    return folder


def test_model_that_no_option_names_is_told(project: Path) -> None:
    here = "classify: model: mlruns/champion/"
    done = run_classify("a.txt", "--format", "json", cwd=project)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(here)
    assert "(a 0.1.0, promoted 20" in done.stderr
    assert "no mlruns/mlflow.db is beside it: it was promoted elsewhere" in done.stderr
    (project / "mlruns" / "mlflow.db").touch()
    done = run_classify("tag", "a.txt", "--output", "t.csv", cwd=project)
    assert done.stderr.startswith(here)
    assert "elsewhere" not in done.stderr
    named = run_classify("tag", "a.txt", "--model", "mlruns/champion", cwd=project)
    assert "model:" not in named.stderr
    (project / "mlruns" / "champion" / PROMOTIONS).unlink()
    assert "model:" not in run_classify("tag", "a.txt", cwd=project).stderr


def test_model_of_the_environment_is_told(folder: Path, project: Path) -> None:
    done = run_classify("tag", "a.txt", cwd=project, CLASSIFY_MODEL=str(folder / "b"))
    assert done.stderr == f"classify: model: {folder / 'b'} (b 0.1.0, named by $CLASSIFY_MODEL)\n"


def test_champion_of_another_user_is_not_used_unasked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("CLASSIFY_MODEL", raising=False)
    owner = os.geteuid()
    for part in ("mlruns/champion", f"mlruns/champion/{PROMOTIONS}"):
        with monkeypatch.context() as patch:
            if owner == 0:
                os.chown(part, 12345, -1)
            else:
                patch.setattr(os, "geteuid", lambda: owner + 1)
            with pytest.raises(ArtifactError, match="belongs to another user"):
                load_model()
            assert load_model(Path("mlruns/champion")).artifact.name == "a"
            if owner == 0:
                os.chown(part, 0, -1)
    assert load_model().artifact.name == "a"
