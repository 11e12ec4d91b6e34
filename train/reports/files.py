"""The files of a report on an evaluation: a page, Markdown and JSON, all of the same scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from depeche.labels.schema import Schema
from depeche.train.reports.drawing import Figure
from depeche.train.reports.html import html_report
from depeche.train.reports.markdown import markdown_report

REPORT_FILES = ("evaluation.html", "evaluation.md", "evaluation.json")


def report_files(
    evaluation: Mapping[str, Any], schema: Schema, figures: Mapping[str, Figure], model: str
) -> dict[str, str]:
    """Return an evaluation as a page, as Markdown and as JSON, by file name."""
    title = f"Evaluation of {model}"
    texts = (
        html_report(evaluation, schema, title=title, figures=figures),
        markdown_report(evaluation, schema, title=title),
        json.dumps(evaluation, ensure_ascii=False, indent=1) + "\n",
    )
    return dict(zip(REPORT_FILES, texts, strict=True))
