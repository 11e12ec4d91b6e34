"""Files of labelled paragraphs: the shipped ones, their checks, and texts of OrangeSum."""

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT, write_rows

from depeche.labels.dataset import FOLDER, SHIPPED, load_labels
from depeche.labels.errors import LabelsError
from depeche.labels.orangesum import hydrate
from depeche.labels.records import read_labels
from depeche.labels.schema import read_schema

SCHEMA = read_schema()
GOOD = {"id": "a", "article": "x", "text": "Un mot.", "topics": ["space"], "stance": "neutral"}


def test_shipped_files_hold_what_the_dataset_card_says() -> None:
    kinds = {path.stem: Counter(p.kind for p in read_labels(path, SCHEMA)) for path in SHIPPED}
    assert kinds == {
        "seeds": {"body": 32, "boilerplate": 38, "heading": 8},
        "composed": {"body": 709, "boilerplate": 147, "heading": 122},
        "press": {"body": 5000},
    }
    card = (FOLDER / "README.md").read_text()
    assert "5,741" in card
    for path in SHIPPED:
        assert path.name in card


def test_seeds_labels_are_lines_of_the_seed_files() -> None:
    seeds = ROOT / "seeds"
    for paragraph in read_labels(FOLDER / "seeds.jsonl", SCHEMA):
        lines = (seeds / paragraph.article).read_text(encoding="utf-8").split("\n")
        assert lines[int(paragraph.id.split(":")[1]) - 1].strip() == paragraph.text


def test_press_file_ships_no_text() -> None:
    for line in (FOLDER / "press.jsonl").read_text().splitlines():
        assert "text" not in json.loads(line)


def test_all_faults_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "x.jsonl",
        [
            GOOD | {"topics": ["militaire"]},
            GOOD | {"id": "b", "text": " ", "stance": ["neutral"]},
            GOOD | {"id": "a", "kind": "title", "date": "12/03/2024"},
            GOOD | {"id": 3, "topics": "space"},
            GOOD | {"id": "h", "kind": "heading"},
            {k: v for k, v in GOOD.items() if k != "stance"} | {"id": "c", "topics": ["space"] * 2},
        ],
    )
    path.write_text(path.read_text() + "{oops\n[]\n")
    with pytest.raises(LabelsError) as caught:
        read_labels(path, SCHEMA)
    assert str(caught.value).splitlines() == [
        f"{path}:1: topics: unknown label 'militaire'; "
        "allowed: military, space, diplomacy, sanctions",
        f"{path}:2: text: empty",
        f"{path}:2: stance: must be one label, not ['neutral']; "
        "allowed: supportive, neutral, critical",
        f"{path}:3: date: '12/03/2024' is not of the form 2024-12-31",
        f"{path}:3: kind: unknown 'title'; allowed: body, heading, boilerplate",
        f"{path}:3: topics: only body paragraphs have labels; kind is 'title'",
        f"{path}:3: stance: only body paragraphs have labels; kind is 'title'",
        f"{path}:3: id: 'a' is already on line 1",
        f"{path}:4: id: must be a text that is not empty, not 3",
        f"{path}:4: topics: must be a list of labels, not 'space'; "
        "allowed: military, space, diplomacy, sanctions",
        f"{path}:5: topics: only body paragraphs have labels; kind is 'heading'",
        f"{path}:5: stance: only body paragraphs have labels; kind is 'heading'",
        f"{path}:6: topics: a label is given twice: space, space",
        f"{path}:6: stance: must be one label, not None; allowed: supportive, neutral, critical",
        f"{path}:7: not JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        f"{path}:8: not a JSON object {{…}}",
    ]


def test_same_id_in_two_files_is_refused(tmp_path: Path) -> None:
    one, two = (write_rows(tmp_path / name, [GOOD]) for name in ("1.jsonl", "2.jsonl"))
    with pytest.raises(LabelsError, match=r"2\.jsonl: id 'a' is also in .*1\.jsonl"):
        load_labels([one, two], SCHEMA)


def test_digest_of_a_set_does_not_depend_on_files_or_order(tmp_path: Path) -> None:
    rows = [GOOD, GOOD | {"id": "b", "stance": "critical"}]
    together = write_rows(tmp_path / "all.jsonl", rows)
    apart = [write_rows(tmp_path / f"{i}.jsonl", [row]) for i, row in enumerate(reversed(rows))]
    other = write_rows(tmp_path / "o.jsonl", [rows[0], rows[1] | {"stance": "neutral"}])
    digest = load_labels([together], SCHEMA).digest
    assert load_labels(apart, SCHEMA).digest == digest
    assert load_labels([other], SCHEMA).digest != digest


def test_paragraphs_without_their_text_are_left_out_and_counted() -> None:
    labels = load_labels([FOLDER / "seeds.jsonl", FOLDER / "press.jsonl"], SCHEMA)
    assert (len(labels.paragraphs), labels.n_left_out) == (32, 5000)


def test_spans_are_read_from_a_clone_and_proved_by_their_hash(
    tmp_path: Path, orangesum: Path
) -> None:
    press = read_labels(FOLDER / "press.jsonl", SCHEMA)[:3]
    for paragraph in hydrate(press, orangesum):
        assert paragraph.span is not None
        assert len(paragraph.text) == paragraph.span.end - paragraph.span.start
    documents = tmp_path / "data" / "docs" / "parsed"
    documents.mkdir(parents=True)
    for paragraph in press:
        name = f"{paragraph.span.doc}.json"  # type: ignore[union-attr]
        data = json.loads((orangesum / "data" / "docs" / "parsed" / name).read_text())
        (documents / name).write_text(json.dumps({"article": data["article"].upper()}))
    with pytest.raises(LabelsError, match="its hash differs"):
        hydrate(press, tmp_path)


def test_folder_that_is_no_clone_says_how_to_get_one(tmp_path: Path) -> None:
    press = read_labels(FOLDER / "press.jsonl", SCHEMA)[:1]
    with pytest.raises(LabelsError, match=r"not a clone of OrangeSum.*git clone https://github"):
        hydrate(press, tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id":"e","article":"x","text":"\\ud800","topics":[],"stance":"neutral"}', "half of a"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_hostile_line_is_a_fault_like_others(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(LabelsError, match=rf"x\.jsonl:1: .*{message}"):
        read_labels(path, SCHEMA)
