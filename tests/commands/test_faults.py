"""What cannot be done is one clear line and an exit status."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, Classify

ARTICLE = SEEDS / "004_f09b997ef4421a0e.txt"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("none.txt", None, "no such file or folder, nor a command: see classify --help"),
        ("empty.txt", b"", "empty: there is no text to tag"),
        ("binary.txt", b"\x7fELF\0\1\2", "not a text file: it holds binary data"),
        ("line.txt", b"x" * 50_000_000, "larger than 10 MB, which no article is: split it into one "
         "file per article"),
        ("folder", ..., "no article in this folder (.txt, .html, .htm, .xhtml, .md, .markdown, "
         ".jsonl, .ndjson, .csv, .tsv, .parquet, all but the last also with .gz or .zst after it)"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_line_and_exit_status_one(
    classify: Classify, tmp_path: Path, name: str, data: object, reason: str
) -> None:
    if isinstance(data, bytes):
        (tmp_path / name).write_bytes(data)
    elif data is ...:
        (tmp_path / name).mkdir()
    done = classify(name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"classify: {name}: {reason}\n"


def test_good_inputs_beside_bad_ones_are_tagged_and_exit_status_is_three(
    classify: Classify, tmp_path: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "cp1252.txt").write_bytes(
        "L’été, le traité de paix fut signé à Évian.".encode("cp1252")
    )
    (tmp_path / "utf16.txt").write_bytes("Le traité de paix fut signé à Évian.".encode("utf-16"))
    done = classify("empty.txt", "cp1252.txt", "none.txt", "utf16.txt")
    assert done.returncode == 3
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [
        "cp1252.txt",
        "utf16.txt",
    ]
    assert done.stderr.splitlines() == [
        "classify: cp1252.txt: not UTF-8, read as Windows-1252",
        "classify: empty.txt: empty: there is no text to tag",
        "classify: none.txt: no such file or folder, nor a command: see classify --help",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize(
    ("command", "what"),
    [
        ((str(ARTICLE),), "standard output"),
        (("info",), "what is written"),
        (("info", "--json"), "what is written"),
        (("schema", "check", str(ROOT / "labels" / "schema.toml")), "what is written"),
        (("--version",), "what is written"),
        (("tag", "--help"), "what is written"),
    ],
)
def test_full_disk_is_one_line(command: tuple[str, ...], what: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "depeche.classify", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        f"classify: {what}: cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    "command",
    [
        ("agreement", "endless", "other"),
        ("export", "endless", "x.csv"),
        ("import", "endless", "x.jsonl", "--from", "doccano"),
        ("schema", "check", "endless"),
        ("tag", str(ARTICLE), "--prevalence", "endless"),
    ],
)
def test_file_larger_than_the_memory_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "other").symlink_to("/dev/zero")
    bound = 800 << 20
    done = subprocess.run(
        [sys.executable, "-m", "depeche.classify", *command],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, bound)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("classify: the memory that this process may have is full")
    assert done.stderr.count("\n") == 1


def test_empty_path_is_refused(classify: Classify) -> None:
    assert "an empty path" in classify("").stderr


def test_wrong_usage_is_exit_status_two(classify: Classify) -> None:
    assert classify(ARTICLE, "--format", "xml").returncode == 2
    assert classify("--nothing").returncode == 2


@pytest.mark.parametrize(
    ("command", "library", "extra"),
    [("train", "scikit-learn", "train"), ("label x --labels y --annotator z", "textual", "label")],
)
def test_missing_extra_is_reported_with_the_command_that_brings_it(
    command: str, library: str, extra: str, classify: Classify, tmp_path: Path
) -> None:
    hide = "sys.modules.update(sklearn=None, mlflow=None, matplotlib=None, textual=None)"
    (tmp_path / "sitecustomize.py").write_text(f"import sys\n{hide}\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = classify(*command.split(), PYTHONPATH=path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"classify: this needs {library}, which is not installed: pip install 'depeche[{extra}]' "
        f"(from a checkout: pip install '.[{extra}]')\n"
    )
