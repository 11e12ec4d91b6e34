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
        The result of `evaluate.evaluate`. A section whose field it lacks, such as `learning`, is
        left out.
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
        "labels: expect lower scores on new paragraphs.",
        urgent=True,
    )


def _warnings(evaluation: Mapping[str, Any]) -> Section | None:
    if not evaluation["warnings"]:
        return None
    return Section(
        id="warnings",
        title="Warnings",
        sentence="Read these before you rely on the scores.",
        urgent=True,
        notes=evaluation["warnings"],
    )


def _calibration(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    rows = [
        [name, errors["method"], score_text(errors["before"]), score_text(errors["after"])]
        for key, name in label_names(schema).items()
        for errors in [evaluation["calibration"][key]]
    ]
    return Section(
        id="calibration",
        title="Calibration",
        sentence="Of the paragraphs scored 0.7 for a label, 70 % should have it: the error is the "
        f"mean distance from that, over {N_BINS} bins of equal mass.",
        tables=[
            Table(head=["label", "method", "error before", "error after"], rows=rows),
        ],
        figures={
            f"reliability_{d.id}.png": f"{d.fr}: share with the label by score, before and "
            "after calibration"
            for d in schema.dimensions
        },
    )


def _promises(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "promises" not in evaluation:
        return None
    promises = evaluation["promises"]
    levels = {percent(float(level)): shares for level, shares in promises.items()}

    def table(title: str, keys: Mapping[str, str]) -> Table:
        """Return one row per label that has the keys, with one column per level and key."""
        return Table(
            name=title,
            head=["label", *(f"{level}: {name}" for level in levels for name in keys.values())],
            rows=[
                [label, *(percent(shares[name].get(k)) for shares in levels.values() for k in keys)]
                for name, label in label_names(schema).items()
                if all(keys.keys() <= shares[name].keys() for shares in levels.values())
            ],
        )

    tables = [
        table("A precision is asked for", {"precision": "precision", "recall": "recall"}),
        table("A coverage is asked for", {"review": "to review", "covered": "covered"}),
    ]
    return Section(
        id="promises",
        title="Decisions: what was asked for and what was reached",
        sentence="Asked for a precision, the model gives a label only where it is that sure; "
        "recall is the share of right labels that are still given. Asked for a coverage, it "
        "leaves some paragraphs to a person, so that this share of the paragraphs with the label "
        "is either given it or left to review. Each fold was decided by the other folds.",
        tables=[shown for shown in tables if shown.rows],
    )


def _leakage(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "leakage" not in evaluation:
        return None
    leakage = evaluation["leakage"]
    splits = [key for key in leakage if key != "gap"]
    rows: list[list[Cell]] = [
        [
            Name(d.fr, d.id),
            *(score_text(leakage[key][d.id]) for key in splits),
            f"{100 * leakage['gap'][d.id]:+.1f}".replace("-", "−"),
        ]
        for d in schema.dimensions
    ]
    head = [key if key == "random" else f"by {key}" for key in splits]
    return Section(
        id="leakage",
        title="Leakage",
        sentence="A random split puts paragraphs of one article on both sides. The gap is what a "
        "model seems to gain by having seen them; the scores above do not contain it.",
        tables=[Table(head=["dimension", *head, "gap in points"], rows=rows)],
    )


def _learning(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    if "learning" not in evaluation:
        return None
    learning = evaluation["learning"]
    return Section(
        id="learning",
        title="What more labels would bring",
        sentence="The same training on parts of the paragraphs shows how much the scores still "
        "rise with more paragraphs.",
        notes=[
            f"{NEXT} more paragraphs of the same kind would raise {Name(d.fr, d.id)} by about "
            f"{100 * learning['next'][d.id]:.1f} points."
            for d in schema.dimensions
        ],
        tables=[
            Table(
                head=["training paragraphs", *(d.fr for d in schema.dimensions)],
                rows=[
                    [f"{point['n']}", *(score_text(point[d.id]) for d in schema.dimensions)]
                    for point in learning["points"]
                ],
            )
        ],
        figures={"learning_curve.png": "Scores by number of training paragraphs"},
    )


def _mistakes(evaluation: Mapping[str, Any], schema: Schema) -> Section | None:
    names = label_names(schema)
    if not evaluation["errors"]:
        return None
    return Section(
        id="mistakes",
        title="The wrong decisions of which it was surest",
        sentence="Each is a mistake of the model or of the label: read it to see which. The words "
        "are those that moved the score most, with what each adds to the log-odds in the final "
        "model, which may have learned from the paragraph since.",
        mistakes=[
            Mistake(
                label=names[error["label"]],
                error=error["error"],
                score=score_text(error["score"]),
                source=error["source"] or "unknown",
                id=error["id"],
                text=error["text"],
                evidence=[(word, float(value)) for word, value in error["evidence"]],
            )
            for error in evaluation["errors"]
        ],
    )
