"""Schemas with made labels."""

from __future__ import annotations

from depeche.labels.schema import Schema, parse_schema


def make_schema(dimensions: dict[str, tuple[str, int]], *, keywords: bool = False) -> Schema:
    """Return a schema with labels `x0`, `x1` of a dimension `x`, their French names `Nom x0`."""
    return parse_schema(
        {
            "name": "test",
            "version": 1,
            "dimension": [
                {
                    "id": name,
                    "kind": kind,
                    "fr": f"Question {name}",
                    "en": name,
                    "label": [
                        {
                            **dict.fromkeys(("id", "en", "definition"), f"{name}{i}"),
                            "fr": f"Nom {name}{i}",
                            "keywords": [f"mot{i}"] if keywords else [],
                        }
                        for i in range(n)
                    ],
                }
                for name, (kind, n) in dimensions.items()
            ],
        },
        where="test",
    )
