"""The record of an article as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from depeche.labels.schema import Dimension, Schema
from depeche.labels.system.terminal import plain
from depeche.model.outputs.record import scores_key

_BAR = 20  # most cells of a score of 1
_BESIDE_BAR = 46  # cells of a line for all the rest
_MOST_PARAGRAPHS = 5  # shown below the tags; the records have them all
_MOST_WORDS = 4  # of evidence for a label
_EXCERPT = 240  # characters of a paragraph


def article_table(record: dict[str, Any], schema: Schema, width: int) -> RenderableType:
    """Return a record with evidence as a page of `width` cells for `rich.console.Console.print`.

    Title, each dimension's labels with bars, then the paragraphs that carry them and the words
    that spoke for each tag. Control characters of the text are not passed on.
    """
    about = [record["id"] if record["title"] else None, record["site"], record["date"]]
    shown = sorted(_carriers(record, schema))
    n_skipped = len(record["skipped"])
    foot = f"{_count(len(record['paragraphs']), 'paragraph')}, {len(shown)} shown"
    if n_skipped:
        foot += f"; {_count(n_skipped, 'heading or boilerplate line')} skipped"
    if record["language"] != "fr":
        foot += f"; language {record['language']}, not French: do not rely on the tags"
    return Group(
        _text(record["title"] or record["id"], "bold"),
        _text(" · ".join(filter(None, about)), "dim"),
        _tags(record, schema, max(4, min(_BAR, width - _BESIDE_BAR))),
        *(_paragraph(record["paragraphs"][i], schema) for i in shown),
        _text(foot, "dim"),
    )


def _tags(record: dict[str, Any], schema: Schema, n_cells: int) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "left", "right", "right"):
        grid.add_column(justify=justify, no_wrap=True)
    grid.add_column(style="dim")  # the one that wraps where the terminal is narrow
    for dimension in schema.dimensions:
        name = _text(dimension.fr, "dim")
        if dimension.kind == "multi":
            for entry in record[dimension.id]:
                carriers = " ".join(f"§{i + 1}" for i in entry["paragraphs"])
                share = f"{entry['share']:.0%}".replace("%", " %")
                grid.add_row(
                    name, *_bar(dimension, entry["label"], entry["score"], n_cells), share, carriers
                )
                name = _text()
            if not record[dimension.id]:
                grid.add_row(name, _text("–"))
        else:
            scores = record[dimension.id]["scores"]
            for label in sorted(scores, key=lambda key: -scores[key]):
                style = "" if label == record[dimension.id]["label"] else "dim"
                grid.add_row(name, *_bar(dimension, label, scores[label], n_cells, style))
                name = _text()
    return Padding(grid, (0, 0, 1, 0))


def _bar(
    dimension: Dimension, label: str, score: float, n_cells: int, style: str = ""
) -> Iterator[Text]:
    """Yield a label's name, bar and score."""
    name = next(entry.fr for entry in dimension.labels if entry.id == label)
    yield _text(name, style or "bold")
    yield _text("█" * round(score * n_cells) or "▏", style or "cyan")
    yield _text(f"{score:.2f}", style)


def _carriers(record: dict[str, Any], schema: Schema) -> list[int]:
    """Return the paragraphs to show: the strongest of each label given, then the next ones."""
    ranked = []
    for dimension in schema.dimensions:
        key = scores_key(schema, dimension)
        given = record[dimension.id]
        labels = (
            [entry["label"] for entry in given] if dimension.kind == "multi" else [given["label"]]
        )
        for label in labels:
            carriers = [p for p in record["paragraphs"] if label in _given(p, dimension)]
            carriers.sort(key=lambda p: -p[key][label])
            ranked += [(rank, p["index"]) for rank, p in enumerate(carriers)]
    return list(dict.fromkeys(index for _, index in sorted(ranked)))[:_MOST_PARAGRAPHS]


def _paragraph(paragraph: dict[str, Any], schema: Schema) -> RenderableType:
    """Return one paragraph: its tags, its first words, and why it was given each tag."""
    head = _text(f"§{paragraph['index'] + 1}", "bold")
    names = iter(schema.label_names)
    why = _text()
    for dimension in schema.dimensions:
        scores = paragraph[scores_key(schema, dimension)]
        given = _given(paragraph, dimension)
        for label in dimension.labels:
            name = next(names)
            if label.id not in given:
                continue
            head.append_text(_text(f"  {label.fr} ", "cyan")).append(f"{scores[label.id]:.2f}")
            if name in paragraph["review"]:
                head.append(" ?", style="yellow")
            words = paragraph["evidence"].get(name, [])[:_MOST_WORDS]
            if words:
                reasons = ", ".join(f"{text} {value:+.1f}" for text, value in words)
                why.append_text(_text(f"{label.fr}: ", "cyan")).append_text(_text(reasons))
                why.append("\n")
    text = plain(paragraph["text"].replace("\r\n", "\n"))
    if len(text) > _EXCERPT:
        text = text[:_EXCERPT].rsplit(" ", 1)[0] + " […]"
    why.rstrip()
    return Padding(
        Group(head, Padding(_text(text), (0, 0, 0, 3)), Padding(why, (0, 0, 0, 3))), (0, 0, 1, 0)
    )


def _given(paragraph: dict[str, Any], dimension: Dimension) -> list[str]:
    """Return the labels that a paragraph is given, of either kind of dimension."""
    value = paragraph[dimension.id]
    return [value] if dimension.kind == "single" else value


def _text(text: str = "", style: str = "") -> Text:
    """Return a text to be drawn, plain whoever wrote it; every one comes from here."""
    return Text(plain(text), style)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("s" if n != 1 else "")
