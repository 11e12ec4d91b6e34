"""The report as one self-contained HTML page: no network, no font file, no script."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from depeche.labels.schema import Schema
from depeche.train.reports.content import report_sections
from depeche.train.reports.parts import Between, Cell, Mistake, Name, Section, Table, log_odds
from depeche.train.reports.style import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 144  # shown at half its width, so that it is sharp on screens of double density

# Even if a text got through unescaped, this policy lets nothing run and nothing be fetched.
_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#report">Skip to the report</a>
<header><h1>{title}</h1></header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main id="report">
"""
_FOOT = "</main>\n</body>\n</html>\n"

_STEPS = (0.4, 0.8, 1.6)  # log-odds from which a word is marked darker


def html_report(
    evaluation: Mapping[str, Any],
    schema: Schema,
    *,
    title: str,
    figures: Mapping[str, Figure],
) -> str:
    """Return the report on an evaluation as a self-contained HTML page.

    Parameters
    ----------
    figures
        Figures by file name, as `plots.plots` returns them; each is shown in its section.
    """
    sections = report_sections(evaluation, schema)
    links = "".join(f'<li><a href="#{s.id}">{escape(s.title)}</a></li>' for s in sections)
    head = _HEAD.format(title=escape(title), style=STYLE, links=links)
    return head + "\n".join(_section(section, figures) for section in sections) + _FOOT


def _section(section: Section, figures: Mapping[str, Figure]) -> str:
    urgent = ' class="urgent"' if section.urgent else ""
    parts = [
        f'<section id="{section.id}"{urgent} aria-labelledby="{section.id}-title">',
        f'<h2 id="{section.id}-title">{escape(section.title)}</h2>',
        f"<p>{escape(section.sentence)}</p>",
    ]
    if section.notes:
        notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
        parts.append(f'<ul class="notes">{notes}</ul>')
    parts += [_table(table, section.title) for table in section.tables]
    if section.signature:
        parts.append(f"<p>Signature: <code>{escape(section.signature)}</code></p>")
    parts += [
        _figure(figures[name], described)
        for name, described in section.figures.items()
        if name in figures
    ]
    if section.mistakes:
        parts += ['<ol class="mistakes">', *map(_mistake, section.mistakes), "</ol>"]
    return "\n".join([*parts, "</section>"])


def _table(table: Table, title: str) -> str:
    """Return a table in a frame that scrolls where the window is narrow, by keyboard as well."""
    caption = f"<caption>{_cell(table.name)}</caption>" if table.name else ""
    named = table.name.fr if isinstance(table.name, Name) else table.name
    label = escape(f"{title}: {named}" if named else title)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "\n".join(_row(row) for row in table.rows)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{label}"><table>{caption}\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _row(row: Sequence[Cell]) -> str:
    first, *rest = row
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in rest)
    return f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    if isinstance(cell, Name):
        french = f'<span lang="fr">{escape(cell.fr)}</span>'
        return french if cell.fr == cell.id else f"{french} <small>{escape(cell.id)}</small>"
    if isinstance(cell, Between):
        return f"{cell.low:.3f} to {cell.high:.3f}"
    return escape(cell)


def _figure(figure: Figure, described: str) -> str:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    data = base64.b64encode(buffer.getvalue()).decode()
    caption = escape(described)
    return (
        f'<figure><div class="frame" role="region" tabindex="0" aria-label="{caption}">'
        f'<img alt="{caption}" src="data:image/png;base64,{data}"></div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _mistake(mistake: Mistake) -> str:
    words = "".join(
        f'<li><span lang="fr">{escape(word)}</span> {log_odds(value)}</li>'
        for word, value in mistake.evidence
    )
    return (
        f'<li><p class="what"><b>{_cell(mistake.label)} {escape(mistake.error)}</b>, score '
        f"{mistake.score} <small>{escape(mistake.source)}, {escape(mistake.id)}</small></p>\n"
        f'<blockquote lang="fr">{"".join(_marked(mistake.text, mistake.evidence))}</blockquote>\n'
        + (f'<ul class="words" aria-label="Words behind it">{words}</ul>' if words else "")
        + "</li>"
    )


def _marked(text: str, evidence: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Yield a text as HTML with its evidence marked; of overlapping words, the strongest one."""
    taken: list[tuple[int, int, float]] = []
    covered = bytearray(len(text))
    for word, value in sorted(evidence, key=lambda pair: -abs(pair[1])):
        for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            start, end = match.span()
            if not any(covered[start:end]):
                covered[start:end] = b"\1" * (end - start)
                taken.append((start, end, value))
    offset = 0
    for start, end, value in sorted(taken):
        sign, side = ("+", "pro") if value > 0 else ("−", "con")
        strength = sum(abs(value) >= step for step in _STEPS)
        yield escape(text[offset:start])
        yield (
            f'<mark class="{side} s{strength}" title="{log_odds(value)}">'
            f"{escape(text[start:end])}<sup>{sign}</sup></mark>"
        )
        offset = end
    yield escape(text[offset:])
