"""The command line as a user meets it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, Classify
from made_terminal import on_terminal

from depeche.model.champion import Promotion, format_promotions
from depeche.model.tagging import SHIPPED

ARTICLE = SEEDS / "004_f09b997ef4421a0e.txt"
MARKED = [json.loads(x) for x in (ROOT / "labels" / "seeds.jsonl").read_text().splitlines()]
HEAVY = [
    "sklearn",
    "scipy",
    "pandas",
    "mlflow",
    "torch",
    "transformers",
    "pyarrow",
    "matplotlib",
    "lxml",
    "trafilatura",
    "markdown_it",
    "textual",
    "ray",
    "optuna",
    "datasets",
    "onnxruntime",
    "tokenizers",
]


def test_seeds_give_five_records_with_every_body_line_alone(classify: Classify) -> None:
    done = classify("seeds", "--format", "jsonl", cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["id"] for r in records] == sorted(str(p.relative_to(ROOT)) for p in SEEDS.glob("*"))
    for record in records:
        raw = (ROOT / record["id"]).read_bytes().decode()
        marked = [r for r in MARKED if r["article"] == Path(record["id"]).name]
        body = [r["text"] for r in marked if r["kind"] == "body"]
        assert [p["text"] for p in record["paragraphs"]] == body
        skipped = [r["text"] for r in marked if r["kind"] != "body"]
        assert [p["text"] for p in record["skipped"]] == skipped
        for passage in record["paragraphs"] + record["skipped"]:
            assert raw[passage["start"] : passage["end"]] == passage["text"]


def test_tag_is_the_default_command_and_reads_standard_input(classify: Classify) -> None:
    direct, named = classify(ARTICLE), classify("tag", ARTICLE)
    piped = classify("-", stdin=ARTICLE.read_bytes())
    assert direct.stdout == named.stdout
    records = [json.loads(done.stdout) for done in (direct, piped)]
    assert records[0] | {"id": "-"} == records[1]


def test_json_is_one_record_for_one_article_and_a_list_for_several(classify: Classify) -> None:
    one = json.loads(classify(ARTICLE, "--format", "json").stdout)
    other = SEEDS / "000_b367d460ec9ad0bd.txt"
    many = json.loads(classify(ARTICLE, other, ARTICLE, "--format", "json").stdout)
    assert many[0] == one
    assert [record["id"] for record in many] == [str(ARTICLE), str(other)]  # each once


def test_terminal_shows_a_table_within_its_width() -> None:
    for width in (50, 80, 140):
        shown = on_terminal(ROOT, ARTICLE, status=0, COLUMNS=str(width)).decode()
        assert "\x1b[" in shown
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
        assert max(len(line.rstrip()) for line in lines) <= width
        text = " ".join(" ".join(lines).split())
        for expected in ("Kim Jong Un", "thèmes", "diplomatie", "█", "position", "favorable", "§1"):
            assert expected in text
        assert "32 heading or boilerplate lines skipped" in text


def test_no_color_is_respected_and_pipes_get_no_colours(classify: Classify) -> None:
    shown = on_terminal(ROOT, ARTICLE, status=0, NO_COLOR="1").decode()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)
    assert "\x1b" not in classify(ARTICLE, "--format", "table").stdout


def test_escape_sequences_of_a_text_do_not_reach_the_terminal(tmp_path: Path) -> None:
    text = "Le ministre \x1b[2J\x1b]0;pris\x07 a signé le traité avec son homologue.\n"
    (tmp_path / "a.txt").write_text(text)
    shown = on_terminal(tmp_path, "a.txt", status=0, NO_COLOR="1").decode()
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown


def test_explain_adds_evidence_to_records(classify: Classify) -> None:
    plain, explained = (
        json.loads(classify(ARTICLE, *args).stdout)["paragraphs"][0]
        for args in ((), ("--explain",))
    )
    assert "evidence" not in plain
    assert plain == {key: value for key, value in explained.items() if key != "evidence"}
    assert explained["evidence"]["diplomacy"][0][1] > 0


def test_output_file_is_written_whole(classify: Classify, tmp_path: Path) -> None:
    done = classify(SEEDS, "--output", "out.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "out.jsonl").read_text() == classify(SEEDS).stdout
    before = (tmp_path / "out.jsonl").read_bytes()
    assert classify("none.txt", "--output", "out.jsonl").returncode == 1
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"out.jsonl", ".depeche"}
    for inputs in (SEEDS, ARTICLE):
        assert classify(inputs, "--output", "no/such/x.jsonl").stderr == (
            "classify: no/such/x.jsonl: cannot be written: no folder no/such: make it first\n"
        )


def test_output_follows_links_writes_to_pipes_and_refuses_folders(
    classify: Classify, tmp_path: Path
) -> None:
    (tmp_path / "real.jsonl").write_text("old")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    assert classify(ARTICLE, "--output", "link.jsonl").returncode == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert json.loads((tmp_path / "real.jsonl").read_text())["id"] == str(ARTICLE)
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert classify(ARTICLE, "--output", "pipe").returncode == 0
    assert json.loads(reader.communicate()[0])["id"] == str(ARTICLE)
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "folder").mkdir()
    done = classify(ARTICLE, "--output", "folder")
    assert (done.returncode, done.stderr) == (
        1,
        "classify: folder: a folder: give the name of a file to write\n",
    )


def test_records_are_utf8_whatever_the_locale(classify: Classify) -> None:
    done = classify(ARTICLE, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Corée" in done.stdout


def test_model_in_use_is_the_option_then_the_variable_then_the_champion(
    classify: Classify, tmp_path: Path
) -> None:
    champion = tmp_path / "mlruns" / "champion"
    champion.mkdir(parents=True)  # a promotion that was killed early leaves no more
    assert json.loads(classify("info", "--json").stdout)["folder"] == str(SHIPPED)
    sha256 = json.loads((SHIPPED / "manifest.json").read_text())["sha256"]
    folder = f"mlruns/champion/{sha256[:16]}"
    shutil.copytree(SHIPPED, tmp_path / folder)
    promotion = Promotion(
        folder=sha256[:16], run_id="r", model_sha256=sha256, version="1", date="2024-06-19"
    )
    (champion / "promotions.json").write_text(format_promotions([promotion]))
    info = json.loads(classify("info", "--json").stdout)
    assert (info["folder"], info["run_id"]) == (folder, "r")
    info = json.loads(classify("info", "--model", "mlruns/champion", "--json").stdout)
    assert (info["folder"], info["run_id"]) == (folder, "r")
    info = json.loads(classify("info", "--json", CLASSIFY_MODEL=str(SHIPPED)).stdout)
    assert (info["folder"], info["run_id"]) == (str(SHIPPED), None)
    (tmp_path / folder / "idf.npy").unlink()
    done = classify(ARTICLE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{folder}/idf.npy: a file of the model cannot be read" in done.stderr
    assert classify(ARTICLE, "--model", SHIPPED).returncode == 0


def test_info_names_schema_data_and_digest(classify: Classify) -> None:
    info = json.loads(classify("info", "--json").stdout)
    assert info["data"]["n_paragraphs"] == 5741
    assert set(info["thresholds"]) >= {"military", "space", "diplomacy", "sanctions"}
    shown = classify("info").stdout
    assert info["sha256"] in shown
    assert "topics (multi): military, space, diplomacy, sanctions" in shown


@pytest.mark.parametrize("args", [("--version",), ("tag", ARTICLE), ("info",)])
def test_no_heavy_library_is_imported(args: tuple[object, ...], tmp_path: Path) -> None:
    code = (
        "import sys; from depeche import classify\n"
        f"sys.argv = ['classify', *{list(map(str, args))!r}]\n"
        "try:\n    classify.main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set({HEAVY!r}) & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stderr.strip() == "[]"
