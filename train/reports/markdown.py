"""The report on an evaluation as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from depeche.labels.formats.markdown import markdown_text
from depeche.labels.schema import Schema
from depeche.train.reports.content import report_sections
from depeche.train.reports.parts import Between, Cell, Mistake, Name, Section, Table, log_odds


def markdown_report(evaluation: Mapping[str, Any], schema: Schema, *, title: str) -> str:
    """Return the report on an evaluation as GitHub's Markdown, which has tables."""
    lines = [f"# {markdown_text(title)}", ""]
    for section in report_sections(evaluation, schema):
        lines += _section(section)
    return "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    quote = "> " if section.urgent else ""
    yield from (
        f"## {markdown_text(section.title)}",
        "",
        f"{quote}{markdown_text(section.sentence)}",
        "",
    )
    if section.notes:
        yield from (f"- {markdown_text(note)}" for note in section.notes)
        yield ""
    for table in section.tables:
        yield from _table(table)
    if section.signature:
        yield from (f"Signature: `{section.signature.replace('`', '')}`", "")
    for number, mistake in enumerate(section.mistakes, start=1):
        yield from _mistake(number, mistake)


def _table(table: Table) -> Iterator[str]:
    if table.name:
        yield from (f"### {_cell(table.name)}", "")
    rule = ["---", *["---:"] * (len(table.head) - 1)]
    for line in ([markdown_text(name) for name in table.head], rule, *map(_cells, table.rows)):
        yield f"| {' | '.join(line)} |"
    yield ""


def _cells(row: Sequence[Cell]) -> list[str]:
    return [_cell(cell) for cell in row]


def _cell(cell: Cell) -> str:
    if isinstance(cell, Name):
        return (
            markdown_text(cell.fr)
            if cell.fr == cell.id
            else f"{markdown_text(cell.fr)} (`{cell.id}`)"
        )
    if isinstance(cell, Between):
        return f"{cell.low:.3f} to {cell.high:.3f}"
    return markdown_text(cell)


def _mistake(number: int, mistake: Mistake) -> Iterator[str]:
    indent = " " * len(f"{number}. ")  # what belongs to an item starts under its text
    words = ", ".join(
        f"{markdown_text(word)} {log_odds(value)}" for word, value in mistake.evidence
    )
    yield (
        f"{number}. **{_cell(mistake.label)} {mistake.error}**, score {mistake.score} "
        f"({markdown_text(mistake.source)}, {markdown_text(mistake.id)})"
    )
    yield from ("", f"{indent}> {markdown_text(mistake.text)}", "")
    if words:
        yield from (f"{indent}Words: {words}", "")
