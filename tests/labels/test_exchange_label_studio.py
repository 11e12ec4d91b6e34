"""Label Studio: tasks, annotations and predictions, to it and back."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from conftest import Classify
from made_exchange import LABELS, SCHEMA, fault_of, imported, labels_of

from depeche.labels.exchange.exporting import export_labels
from depeche.labels.exchange.formats import Format, Prediction
from depeche.labels.records import read_labels


def choices(name: str, *labels: str) -> dict[str, Any]:
    # As Label Studio 1.x exports it.
    return {
        "id": "k3x",
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
        "value": {"choices": list(labels)},
    }


def task(text: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 7,
        "data": {"text": text, "article": "art", "id": text},
        "annotations": annotations,
        "drafts": [],
        "predictions": [],
        "meta": {},
        "created_at": "2026-01-02T03:04:05Z",
        "inner_id": 1,
        "total_annotations": 1,
        "cancelled_annotations": 0,
        "project": 1,
    }


def annotation(who: Any, *result: dict[str, Any], **fields: Any) -> dict[str, Any]:
    about = {"id": 12, "was_cancelled": False, "ground_truth": False, "lead_time": 4.2, "task": 7}
    return about | {"completed_by": who, "result": list(result)} | fields


def test_label_studio_annotators_of_one_task_get_a_file_each(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    neutral = choices("stance", "neutral")
    by_mail = {"id": 2, "email": "b@x.fr", "first_name": "", "last_name": ""}
    tasks = [
        task(
            "Un.",
            annotation(1, choices("topics", "space", "military"), neutral),
            annotation(by_mail, neutral),
        ),
        task("Deux.", annotation(1, neutral), annotation(by_mail, was_cancelled=True)),
        task("Trois."),
        task("Quatre.", annotation(1)),
    ]
    path.write_text(json.dumps(tasks))
    done = imported(path, Format.label_studio)
    assert [(f.name, len(paragraphs)) for f, paragraphs in done.files.items()] == [
        ("imported-1.jsonl", 2),
        ("imported-b@x.fr.jsonl", 1),
    ]
    first, _ = read_labels(tmp_path / "imported-1.jsonl", SCHEMA)
    assert first.labels == {"topics": ("space", "military"), "stance": ("neutral",)}
    assert (first.id, first.article, first.annotator) == ("Un.", "art", "1")
    assert done.notes == (
        "left out 1 skipped: task 2, annotation 2",
        "left out 1 without annotation: task 3",
        "left out 1 empty: task 4, annotation 1",
    )


def test_label_studio_json_min_and_completions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    about = {"annotation_id": 3, "created_at": "2026", "updated_at": "2026", "lead_time": 2.0}
    path.write_text(json.dumps([
        {"text": "Un.", "id": 1, "topics": "space", "stance": "critical", "annotator": 4, **about},
        {"text": "Deux.", "id": 2, "topics": {"choices": ["space", "sanctions"]},
         "stance": "neutral", "annotator": "b@x.fr", **about},
    ]))  # fmt: skip
    assert labels_of(path, Format.label_studio) == {
        "1": ("4", {"topics": ("space",), "stance": ("critical",)}, "Un."),
        "2": ("b@x.fr", {"topics": ("space", "sanctions"), "stance": ("neutral",)}, "Deux."),
    }
    old = task("Un.") | {"completions": [annotation(None, choices("stance", "neutral"))]}
    del old["annotations"]
    path.write_text(json.dumps([old]))
    assert labels_of(path, Format.label_studio, force=True)["Un."][1]["stance"] == ("neutral",)


def test_label_studio_faults_name_task_annotation_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    both = choices("stance", "neutral", "critical")
    path.write_text(json.dumps([
        task("Un.", annotation(1, choices("topics", "militaire"), both)),
        task("Deux.", annotation(1, choices("sujets", "space"), choices("topics", "space"))),
        task("", annotation(1, choices("stance", "neutral"))),
        task("x", annotation(1, choices("stance", "neutral")),
             annotation(1, choices("stance", "neutral"))),
    ]))  # fmt: skip
    assert fault_of(path, Format.label_studio).splitlines() == [
        f"{path}: task 1, annotation 1: topics: unknown label 'militaire'; "
        "allowed: military, space, diplomacy, sanctions",
        f"{path}: task 1, annotation 1: stance: must be one label, not ['neutral', 'critical']; "
        "allowed: supportive, neutral, critical",
        f"{path}: task 2, annotation 1: from_name: unknown 'sujets'; allowed: topics, stance",
        f"{path}: task 2, annotation 1: stance: must be one label, not None; "
        "allowed: supportive, neutral, critical",
        f"{path}: task 3, annotation 1: text: empty",
        f"{path}: task 4, annotation 2: id: 'x' is already task 4, annotation 1, annotator '1'",
    ]


def test_label_studio_configuration_shows_names_and_keeps_ids(tmp_path: Path) -> None:
    export_labels(LABELS / "seeds.jsonl", tmp_path / "t.json", Format.label_studio, SCHEMA)
    view = ElementTree.fromstring((tmp_path / "t.config.xml").read_text())
    assert [(x.get("name"), x.get("choice")) for x in view.findall("Choices")] == [
        ("topics", "multiple"), ("stance", "single"),
    ]  # fmt: skip
    shown = {x.get("alias"): x.get("value") for x in view.iter("Choice")}
    assert shown["military"] == "militaire"
    assert set(shown) == set(SCHEMA.label_names)


def test_label_studio_predictions_say_how_sure_they_are(tmp_path: Path) -> None:
    def predict(texts: Any) -> list[Prediction]:
        scores = {"topics": dict.fromkeys(SCHEMA.dimensions[0].label_ids, 0.1)}
        scores["topics"]["space"] = 0.9
        scores["stance"] = {"supportive": 0.7, "neutral": 0.2, "critical": 0.1}
        given: dict[str, tuple[str, ...]] = {"topics": ("space",), "stance": ("supportive",)}
        return [Prediction(model="m 1", labels=given, scores=scores)] * len(texts)

    path = tmp_path / "t.json"
    export_labels(LABELS / "seeds.jsonl", path, Format.label_studio, SCHEMA, predict=predict)
    first, *_ = json.loads(path.read_text())
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("m 1", 0.7)
    assert [r["value"]["choices"] for r in prediction["result"]] == [["space"], ["supportive"]]


def test_export_asks_the_model_for_predictions(classify: Classify, tmp_path: Path) -> None:
    done = classify("export", LABELS / "seeds.jsonl", "tasks.json", "--predict")
    assert done.returncode == 0, done.stderr
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    n_body = sum(t["data"]["meta"]["kind"] == "body" for t in tasks)
    assert n_body == sum(bool(t.get("predictions")) for t in tasks) == 32
    done = classify("export", LABELS / "seeds.jsonl", "x.csv", "--predict")
    assert done.returncode == 2
    assert "label-studio" in done.stderr
