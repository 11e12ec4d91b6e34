"""What a model is: its schema, data, scores and digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from depeche.model.champion import find_promotion
from depeche.model.tagging import Model, load_model, model_in_use


def model_info(folder: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Return what the model of a folder is, or the one in use: JSON-ready, and as lines.

    Raises
    ------
    ArtifactError
        When the folder is not a complete, unchanged model of this version.
    """
    folder = model_in_use(folder)
    promotion = find_promotion(folder)
    model = load_model(folder)
    about = {
        "folder": str(folder),
        "run_id": promotion.run_id if promotion else None,
        **model.identity,
        **_contents(model),
    }
    lines = [f"{about['name']} {about['version']} ({about['backend']}) in {folder}"]
    if promotion:
        lines.append(f"run     {promotion.run_id}, champion since {promotion.date[:10]}")
    lines.append(f"digest  {about['sha256']}")
    return about, lines + _schema_lines(model) + _data_lines(model)


def _contents(model: Model) -> dict[str, Any]:
    artifact = model.artifact

    def by_label(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(model.schema.label_names, values, strict=True))

    return {
        "backend": artifact.backend,
        "labels": {d.id: list(d.label_ids) for d in model.schema.dimensions},
        "thresholds": by_label(artifact.calibration.threshold.tolist()),
        "calibration": by_label(artifact.calibration.method),
        "prevalence": by_label(artifact.prevalence.round(4).tolist()),
        "settings": artifact.settings,
        "data": artifact.data,
        "scores": artifact.scores,
    }


def _schema_lines(model: Model) -> list[str]:
    lines = [f"schema  {model.schema.name} {model.schema.digest[:12]}"]
    for dimension in model.schema.dimensions:
        labels = ", ".join(dimension.label_ids)
        lines.append(f"        {dimension.id} ({dimension.kind}): {labels}")
    return lines


def _data_lines(model: Model) -> list[str]:
    data, scores = model.artifact.data, model.artifact.scores
    lines = [f"data    {data['n_paragraphs']} paragraphs of {data['n_articles']} articles"]
    for name, digest in data["files"].items():
        lines.append(f"        {name} {digest[:12]}")
    for dimension in model.schema.dimensions:
        numbers = [
            f"{name} {value:.3f}"
            for name, value in scores[dimension.id].items()
            if isinstance(value, float)
        ]
        lines.append(f"scores  {dimension.id}: {', '.join(numbers)}")
    lines.append(f"        {scores['signature']}")
    return lines
