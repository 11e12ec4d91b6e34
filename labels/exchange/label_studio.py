"""Label Studio: tasks with their labelling configuration, and exports as JSON and JSON_MIN."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from depeche.labels.errors import LabelsError
from depeche.labels.exchange.about import KEY, about, from_about
from depeche.labels.exchange.formats import Entry, Export, Exported, Prediction, Reading
from depeche.labels.exchange.json_files import read_objects
from depeche.labels.exchange.label_config import TEXT, labelling_config
from depeche.labels.exchange.names import put_labels
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.schema import Schema

_OURS = ("id", "article", "source", "date", "annotator", "kind")
_THEIRS = (
    "annotation_id",
    "created_at",
    "updated_at",
    "lead_time",
    "agreement",
)
_NOTE = (
    "Label Studio names whoever imports these annotations as their author: the annotators are in "
    f"the {KEY} of the tasks"
)


def write(export: Export, name: str) -> Exported:
    """Return the tasks, and the labelling configuration that a project needs for them."""
    predictions: Sequence[Prediction | None] = export.predictions or [None] * len(export.paragraphs)
    tasks = [
        _task(paragraph, prediction, export.schema)
        for paragraph, prediction in zip(export.paragraphs, predictions, strict=True)
    ]
    config = f"{PurePath(name).stem}.config.xml"
    named = any(paragraph.annotator for paragraph in export.paragraphs)
    return Exported(
        files={
            name: json.dumps(tasks, ensure_ascii=False, indent=1) + "\n",
            config: labelling_config(export.schema),
        },
        notes=(f"labelling configuration for the project: {config}", *((_NOTE,) if named else ())),
    )


def _task(
    paragraph: LabelledParagraph, prediction: Prediction | None, schema: Schema
) -> dict[str, Any]:
    data = {"text": paragraph.text, "id": paragraph.id, "article": paragraph.article}
    task: dict[str, Any] = {"data": data | {KEY: about(paragraph, schema)}, "annotations": []}
    if paragraph.kind == "body":
        task["annotations"] = [{"result": _results(paragraph.labels, schema)}]
        if prediction is not None:
            task["predictions"] = [_prediction(prediction, schema)]
    return task


def _results(labels: dict[str, tuple[str, ...]], schema: Schema) -> list[dict[str, Any]]:
    """Return the results of the dimensions with labels; without labels, empty ones of all.

    Label Studio takes an annotation without results for one that is not made.
    """
    answered = [d for d in schema.dimensions if labels[d.id]] or list(schema.dimensions)
    return [
        {
            "from_name": dimension.id,
            "to_name": TEXT,
            "type": "choices",
            "value": {"choices": list(labels[dimension.id])},
        }
        for dimension in answered
    ]


def _prediction(prediction: Prediction, schema: Schema) -> dict[str, Any]:
    """Return a pre-annotation; its score is the lowest one of the model's answers."""
    sure = [1.0]
    for dimension in schema.dimensions:
        values = prediction.scores[dimension.id].values()
        sure += [max(values)] if dimension.kind == "single" else [max(x, 1 - x) for x in values]
    results = _results(prediction.labels, schema)
    for result in results:
        scores = prediction.scores[result["from_name"]]
        given = [scores[label] for label in result["value"]["choices"]]
        if given:
            result["score"] = round(min(given), 4)
    return {"model_version": prediction.model, "score": round(min(sure), 4), "result": results}


def read(path: Path, schema: Schema) -> Reading:
    """Return the annotations of a file that Label Studio exported as JSON or as JSON_MIN."""
    reading = Reading()
    for number, (_, task) in enumerate(read_objects(path), start=1):
        place = f"task {number}"
        if not isinstance(task, dict):
            raise LabelsError(f"{path}: {place}: not an object {{…}}: export as JSON or JSON_MIN")
        if "data" in task:
            _read_task(task, place, schema, reading)
        else:
            reading.entries.append(_read_min(task, place, schema, reading))
    return reading


def _read_task(task: dict[str, Any], place: str, schema: Schema, reading: Reading) -> None:
    """Add the annotations of a task of the format JSON to a reading."""
    data = task["data"] if isinstance(task["data"], dict) else {}
    known = {"text", KEY, *_OURS}
    reading.not_kept.update(f"data.{key}" for key in data.keys() - known)
    annotations = task.get("annotations", task.get("completions")) or []
    if not isinstance(annotations, list) or not all(isinstance(x, dict) for x in annotations):
        reading.entries.append(
            Entry(place=place, record={}, faults=("annotations: must be a list of objects",))
        )
        return
    if _is_unlabelled_kind(data, annotations):
        faults: list[str] = []
        record = from_about(data.get("text"), _facts(data), faults)
        reading.entries.append(Entry(place=place, record=record, faults=tuple(faults)))
        return
    if not annotations:
        reading.leave_out("without annotation", place)
    for number, annotation in enumerate(annotations, start=1):
        here = f"{place}, annotation {number}"
        reason = _left_out(annotation)
        if reason:
            reading.leave_out(reason, here)
        else:
            reading.entries.append(_read_annotation(annotation, data, here, schema))


def _left_out(annotation: dict[str, Any]) -> str | None:
    """Return why an annotation is no labelled paragraph, None where it is one."""
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        return "skipped"
    return None if annotation.get("result") else "empty"


def _is_unlabelled_kind(data: dict[str, Any], annotations: list[dict[str, Any]]) -> bool:
    """Return whether a task is a heading or boilerplate, which nobody labelled."""
    is_body = _facts(data).get("kind", "body") == "body"
    return not is_body and not any(annotation.get("result") for annotation in annotations)


def _read_annotation(
    annotation: dict[str, Any], data: dict[str, Any], place: str, schema: Schema
) -> Entry:
    faults: list[str] = []
    facts = _facts(data) | _annotator(annotation.get("completed_by"))
    record = from_about(data.get("text"), facts, faults)
    given: dict[str, list[str]] = {}
    for name, choices in _iter_choices(annotation["result"], schema, faults):
        if name in given:
            faults.append(f"{name}: given twice")
        given[name] = choices
    put_labels(record, given, schema)
    return Entry(place=place, record=record, faults=tuple(faults))


def _iter_choices(
    results: Any, schema: Schema, faults: list[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield each dimension that has an answer, with its choices."""
    allowed = [dimension.id for dimension in schema.dimensions]
    if not isinstance(results, list):
        faults.append(f"result: must be a list, not {results!r:.80}")
        return
    for result in results:
        name = result.get("from_name") if isinstance(result, dict) else None
        if name not in allowed:
            faults.append(f"from_name: unknown {name!r:.80}; allowed: {', '.join(allowed)}")
            continue
        value = result.get("value")
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list) or not all(isinstance(x, str) for x in choices):
            faults.append(f"{name}: no list of choices; its type is {result.get('type')!r:.80}")
            continue
        yield name, choices


def _read_min(row: dict[str, Any], place: str, schema: Schema, reading: Reading) -> Entry:
    """Return the annotation of a row of JSON_MIN: a choice is a text, several are an object."""
    faults: list[str] = []
    names = {dimension.id for dimension in schema.dimensions}
    known = {"text", KEY, *_OURS, *_THEIRS}
    faults += [
        f"{key}: unknown name of choices; allowed: {', '.join(d.id for d in schema.dimensions)}"
        for key in sorted(row.keys() - known - names)
        if isinstance(row[key], dict) and "choices" in row[key]
    ]
    reading.not_kept.update(row.keys() - names - (known - {*_THEIRS}))
    facts = _facts(row) | _annotator(row.get("annotator"))
    record = from_about(row.get("text"), facts, faults)
    given: dict[str, list[str]] = {}
    for name in row.keys() & names:
        value = row[name]
        choices = value.get("choices") if isinstance(value, dict) else value
        choices = [choices] if isinstance(choices, str) else choices
        if isinstance(choices, list) and all(isinstance(x, str) for x in choices):
            given[name] = choices
        else:
            faults.append(f"{name}: must be a choice or {{'choices': […]}}, not {value!r:.80}")
    put_labels(record, given, schema)
    return Entry(place=place, record=record, faults=tuple(faults))


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in the fields of a task, and those in its metadata, which come first."""
    facts = {key: data[key] for key in _OURS if data.get(key) is not None}
    metadata = data.get(KEY)
    return facts | metadata if isinstance(metadata, dict) else facts


def _annotator(user: Any) -> dict[str, str]:
    """Return who annotated: the address of the user where there is one, else the number."""
    if isinstance(user, dict):
        user = user.get("email") or user.get("id")
    return {} if user is None else {"annotator": str(user)}
