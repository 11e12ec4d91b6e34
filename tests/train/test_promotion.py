"""Promotion and roll-back: what they refuse, what they keep, and which model is in use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Classify, put_no_file, run_classify
from made_promotions import (
    FakeStore,
    digest,
    go_back,
    in_use,
    make_shelf,
    promote_to,
    sha256_in_use,
)

from depeche import load_model
from depeche.labels.errors import ArtifactError, PromotionError
from depeche.model.champion import PROMOTIONS, read_promotions


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def folder(shelf: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf, tmp_path / "shelf"))


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


@pytest.mark.slow
def test_promote_refuses_the_worse_and_rollback_restores(run_store: Path) -> None:
    done = run_classify("promote", "good", "--json", cwd=run_store)
    assert (done.returncode, done.stderr) == (0, "")
    good = json.loads(done.stdout)
    assert sha256_in_use(run_store) == good["model_sha256"]
    assert f"run     {good['run_id']}, champion since" in run_classify("info", cwd=run_store).stdout
    for name, reason in (("shuffled", "is worse than the champion"), ("other", "cannot be compar")):
        done = run_classify("promote", name, cwd=run_store)
        assert (done.returncode, done.stdout) == (1, "")
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert sha256_in_use(run_store) == good["model_sha256"]
    assert run_classify("promote", "shuffled", "--force", cwd=run_store).returncode == 0
    assert sha256_in_use(run_store) != good["model_sha256"]
    assert run_classify("compare", "champion", "shuffled", cwd=run_store).returncode == 0
    done = run_classify("promote", "--rollback", cwd=run_store)
    assert (done.returncode, done.stderr) == (0, "")
    assert sha256_in_use(run_store) == good["model_sha256"]
    starred = [x for x in run_classify("runs", cwd=run_store).stdout.splitlines() if x[0:1] == "*"]
    assert starred[0].split()[2] == "good"
    done = run_classify("promote", "--rollback", cwd=run_store)
    assert done.stderr == "classify: mlruns/champion: no earlier promotion to go back to\n"


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
