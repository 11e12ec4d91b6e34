"""The sections of a report that hold scores: overall, by label, by article, by source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from depeche.labels.schema import Schema
from depeche.train.evaluation.metrics import MEASURES, main_measure, main_scores
from depeche.train.reports.card import score_text
from depeche.train.reports.parts import Cell, Name, Section, Table, between


def headline(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    """Return the section with the main score of each dimension."""
    n = sum(source["n"] for source in evaluation["sources"].values())
    how = {
        None: ", each scored by a model that was fitted without it",
        0: ", none of which the model was trained on",
    }.get(evaluation.get("n_seen"), "")
    scores, spans = main_scores(dict(evaluation), schema), evaluation["intervals"]
    rows = [
        (
            Name(d.fr, d.id),
            MEASURES[main_measure(d)],
            score_text(scores[d.id]),
            between(spans[d.id][main_measure(d)]),
        )
        for d in schema.dimensions
    ]
    return Section(
        id="scores",
        title="Scores",
        sentence=f"Measured on {n} paragraphs of {evaluation['articles']['n']} articles{how}. "
        "With articles drawn anew, the score lies in the interval 95 times in 100.",
        signature=evaluation["signature"],
        tables=[Table(head=["dimension", "measure", "score", "95 % interval"], rows=rows)],
    )


def per_label(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    """Return the section with the scores of each label, beside the baselines."""
    baselines = evaluation["baselines"]
    measures = ("precision", "recall", "f1")
    head = ["label", "precision", "recall", "F1", "95 % interval of F1", "average precision"]
    head += ["support", *(f"F1 of {baseline}" for baseline in baselines)]
    tables, figures = [], {}
    for d in schema.dimensions:
        rows = []
        for label in d.labels:
            scores = evaluation[d.id]["labels"][label.id]
            rows.append(
                [
                    Name(label.fr, label.id),
                    *(score_text(scores[key]) for key in measures),
                    between(evaluation["intervals"][d.id]["labels"][label.id]["f1"]),
                    score_text(scores["average_precision"]),
                    str(scores["support"]),
                    *(score_text(b[d.id]["labels"][label.id]["f1"]) for b in baselines.values()),
                ]
            )
        tables.append(Table(name=Name(d.fr, d.id), head=head, rows=rows))
        figures[f"precision_recall_{d.id}.png"] = f"{d.fr}: precision against recall, by label"
        figures[f"confusion_{d.id}.png"] = f"{d.fr}: labels against what was given"
    return Section(
        id="labels",
        title="Labels",
        sentence="Precision is the share of given labels that are right, recall the share of right "
        "labels that are given, F1 their harmonic mean, and support the number of paragraphs that "
        f"have the label. {_baselines_explained(evaluation)}",
        tables=tables,
        figures=figures,
    )


def _baselines_explained(evaluation: Mapping[str, Any]) -> str:
    """Return a sentence on the baselines that the evaluation has."""
    meaning = {
        "constant": "constant always answers the same",
        "keywords": "keywords searches for the codebook's words",
    }
    known = [meaning.get(name, name) for name in evaluation["baselines"]]
    return f"A model must beat its baselines: {', '.join(known)}."


def overall(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    """Return the section with the overall scores of each dimension, beside the baselines."""
    baselines = evaluation["baselines"]
    rows = [
        [
            Name(d.fr, d.id),
            MEASURES[key],
            score_text(evaluation[d.id][key]),
            between(evaluation["intervals"][d.id].get(key)),
            *(score_text(scores[d.id].get(key)) for scores in baselines.values()),
        ]
        for d in schema.dimensions
        for key in MEASURES
        if key in evaluation[d.id]
    ]
    return Section(
        id="overall",
        title="Overall scores beside the baselines",
        sentence="In micro F1 every decision counts the same, in macro F1 every label. A baseline "
        "ranks nothing, so it has no average precision.",
        tables=[
            Table(head=["dimension", "measure", "model", "95 % interval", *baselines], rows=rows)
        ],
    )


def articles(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    """Return the section with the scores of articles beside those of paragraphs."""
    by_article, tables = evaluation["articles"], []
    for d in schema.dimensions:
        here, there = evaluation[d.id], by_article[d.id]
        rows: list[list[Cell]] = [
            [
                Name(label.fr, label.id),
                score_text(here["labels"][label.id]["f1"]),
                score_text(there["labels"][label.id]["f1"]),
                str(there["labels"][label.id]["support"]),
            ]
            for label in d.labels
        ]
        rows += [
            [name, score_text(here[key]), score_text(there[key]), "–"]
            for key, name in MEASURES.items()
            if key in here
        ]
        head = ["F1, then overall", "paragraphs", "articles", "support in articles"]
        tables.append(Table(name=Name(d.fr, d.id), head=head, rows=rows))
    return Section(
        id="articles",
        title="Articles beside paragraphs",
        sentence=f"Scores of {by_article['n']} articles: their labels and the model's tags are "
        "both rolled up from the labelled paragraphs, by the same rule.",
        tables=tables,
    )


def sources(evaluation: Mapping[str, Any], schema: Schema) -> Section:
    """Return the section with the main scores of each source."""
    return Section(
        id="sources",
        title="By source",
        sentence="The same scores on each source alone; a source with few paragraphs says little.",
        tables=[
            Table(
                head=[
                    "source",
                    "paragraphs",
                    *(f"{d.fr}: {MEASURES[main_measure(d)]}" for d in schema.dimensions),
                ],
                rows=[
                    [
                        source,
                        str(scores["n"]),
                        *map(score_text, main_scores(scores, schema).values()),
                    ]
                    for source, scores in evaluation["sources"].items()
                ],
            )
        ],
    )
