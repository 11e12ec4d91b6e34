"""What a report on an evaluation shows, and in which order: the same for every format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from depeche.labels.schema import Schema
from depeche.train.diagnostics import NEXT
from depeche.train.evaluation.metrics import N_BINS
from depeche.train.reports.card import score_text
from depeche.train.reports.parts import Cell, Mistake, Name, Section, Table, label_names, percent
from depeche.train.reports.scores import articles, headline, overall, per_label, sources


def report_sections(evaluation: Mapping[str, Any], schema: Schema) -> list[Section]:
    """Return the sections of the report on an evaluation.

    Parameters
    ----------
    evaluation
        As of `evaluate.evaluate`; sections of what it lacks, such as `learning`, are left out.
    """
    sections = [
        _seen(evaluation),
        headline(evaluation, schema),
        _warnings(evaluation),
        per_label(evaluation, schema),
        overall(evaluation, schema),
        _calibration(evaluation, schema),
        _promises(evaluation, schema),
        _leakage(evaluation, schema),
        _learning(evaluation, schema),
        articles(evaluation, schema),
        sources(evaluation, schema),
        _mistakes(evaluation, schema),
    ]
    return [section for section in sections if section is not None]


def _seen(evaluation: Mapping[str, Any]) -> Section | None:
    n_seen, n = evaluation.get("n_seen", 0), evaluation.get("n_paragraphs", 0)
    if not n_seen:
        return None
    return Section(
        id="seen",
        title="These scores are not out of sample",
        sentence=f"The model was trained on {n_seen} of these {n} paragraphs and knows their "
        "labels: on new paragraphs expect less.",
        urgent=True,
    )


def _warnings(evaluation: Mapping[str, Any]) -> Section | None:
    if not evaluation["warnings"]:
        return None
    return Section(
        id="warnings",
        title="Warnings",
        sentence="Know these before relying on the scores.",
        urgent=True,
        notes=evaluation["warnings"],
    )


def _calibration(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    rows = [
        [name, found["method"], score_text(found["before"]), score_text(found["after"])]
        for key, name in label_names(schema).items()
        for found in [evaluation["calibration"][key]]
    ]
    return Section(
        id="calibration",
        title="Calibration",
        sentence="Of the paragraphs scored 0.7 for a label, 70 % should have it: the error is the "
        f"mean distance from that, over {N_BINS} bins of equal mass.",
        tables=[
            Table(head=["label", "method", "expected error before", "and after"], rows=rows),
        ],
        figures={
            f"reliability_{d.id}.png": f"{d.fr}: share with the label against score, before and "
            "after calibration"
            for d in schema.dimensions
        },
    )


def _promises(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "promises" not in evaluation:
        return None
    asked = {percent(float(level)): found for level, found in evaluation["promises"].items()}

    def table(title: str, keys: Mapping[str, str]) -> Table:
        """Return a row a label that has the keys, and a column a key and level."""
        return Table(
            name=title,
            head=["label", *(f"{level}: {name}" for level in asked for name in keys.values())],
            rows=[
                [label, *(percent(found[key].get(k)) for found in asked.values() for k in keys)]
                for key, label in label_names(schema).items()
                if all(keys.keys() <= found[key].keys() for found in asked.values())
            ],
        )

    tables = [
        table("A precision is asked for", {"precision": "precision", "recall": "recall"}),
        table("A coverage is asked for", {"review": "to review", "covered": "covered"}),
    ]
    return Section(
        id="promises",
        title="Decisions: what is asked for and what is got",
        sentence="Asked for a precision, the model gives a label only where it is that sure, and "
        "recall tells what is left; asked for a coverage, it leaves enough paragraphs to a person "
        "that of those with the label that share is either given or left to review. Each fold was "
        "decided by the other folds.",
        tables=[found for found in tables if found.rows],
    )


def _leakage(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "leakage" not in evaluation:
        return None
    found = evaluation["leakage"]
    splits = [key for key in found if key != "gap"]
    rows: list[list[Cell]] = [
        [
            Name(d.fr, d.id),
            *(score_text(found[key][d.id]) for key in splits),
            f"{100 * found['gap'][d.id]:+.1f}".replace("-", "−"),
        ]
        for d in schema.dimensions
    ]
    head = [key if key == "random" else f"by {key}" for key in splits]
    return Section(
        id="leakage",
        title="Leakage",
        sentence="A random split puts paragraphs of one article on both sides: the gap is what a "
        "model seems to gain by having seen them, and no part of the scores above.",
        tables=[Table(head=["dimension", *head, "gap in points"], rows=rows)],
    )


def _learning(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "learning" not in evaluation:
        return None
    found = evaluation["learning"]
    return Section(
        id="learning",
        title="What more labels would bring",
        sentence="The same training on parts of the paragraphs shows how far the scores still rise "
        "with more of them.",
        notes=[
            f"{NEXT} more paragraphs of the same kind would raise {Name(d.fr, d.id)} by about "
            f"{100 * found['next'][d.id]:.1f} points."
            for d in schema.dimensions
        ],
        tables=[
            Table(
                head=["paragraphs fitted on", *(d.fr for d in schema.dimensions)],
                rows=[
                    [f"{point['n']}", *(score_text(point[d.id]) for d in schema.dimensions)]
                    for point in found["points"]
                ],
            )
        ],
        figures={"learning_curve.png": "Scores against the number of paragraphs fitted on"},
    )


def _mistakes(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    names = label_names(schema)
    if not evaluation["errors"]:
        return None
    return Section(
        id="mistakes",
        title="The wrong decisions it was surest of",
        sentence="Each is a mistake of the model or of the label: reading them tells which. The "
        "words are those that moved the score most, with what each adds to its log-odds in the "
        "final model, which may have learned from the paragraph since.",
        mistakes=[
            Mistake(
                label=names[found["label"]],
                error=found["error"],
                score=score_text(found["score"]),
                source=found["source"] or "unknown",
                id=found["id"],
                text=found["text"],
                evidence=[(word, float(value)) for word, value in found["evidence"]],
            )
            for found in evaluation["errors"]
        ],
    )
