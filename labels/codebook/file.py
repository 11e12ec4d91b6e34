"""A schema as a TOML file whose comments explain each part, in French or in English."""

from __future__ import annotations

import json
import textwrap

from depeche.labels.schema import Dimension, Label, Schema
from depeche.labels.system.language import Language

_COMMENTS: dict[Language, dict[str, str]] = {
    "en": {
        "file": "What is asked of each paragraph of an article. Pass this file with --schema; "
        "`classify schema check` says whether it is right.",
        "version": "Raise it when the meaning of a label changes: labels and models of another "
        "version are then refused, as they are when ids, kinds or their order change. Names, "
        "definitions and keywords may be mended at any time.",
        "multi": "A question with any number of answers, none allowed. `id` is the field of label "
        "files and records; `fr` and `en` are what people read.",
        "single": "A question with exactly one answer. `id` is the field of label files and "
        "records; `fr` and `en` are what people read.",
        "label": "`definition` is what annotators judge by: say when the label applies, and when "
        "not. `keywords` (optional) are what one would search for, `*` for any ending: the rules "
        "that a model is measured against.",
    },
    "fr": {
        "file": "Ce qu'on demande de chaque paragraphe d'un article. Donnez ce fichier avec "
        "--schema ; `classify schema check` dit s'il est juste.",
        "version": "À augmenter quand le sens d'une étiquette change : les étiquettes et les "
        "modèles d'une autre version sont alors refusés, comme quand un identifiant, un genre ou "
        "leur ordre change. Noms, définitions et mots-clés se corrigent à tout moment.",
        "multi": "Une question à nombre quelconque de réponses, aucune permise. `id` est le champ "
        "des fichiers ; `fr` et `en` sont ce qu'on lit.",
        "single": "Une question à exactement une réponse. `id` est le champ des fichiers ; `fr` "
        "et `en` sont ce qu'on lit.",
        "label": "`definition` est ce dont jugent les annotateurs : dites quand l'étiquette "
        "s'applique, et quand non. `keywords` (facultatif) est ce qu'on chercherait, `*` pour "
        "toute fin : les règles auxquelles un modèle se mesure.",
    },
}


def schema_toml(schema: Schema, language: Language) -> str:
    """Return the text of a TOML file that `schema.read_schema` reads as this schema."""
    comments = _COMMENTS[language]
    lines = [
        *_comment(comments["file"]),
        "",
        f"name = {_quoted(schema.name)}",
        "",
        *_comment(comments["version"]),
        f"version = {schema.version}",
    ]
    explained: set[str] = set()
    for dimension in schema.dimensions:
        lines += ["", *([] if dimension.kind in explained else _comment(comments[dimension.kind]))]
        lines += _dimension_lines(dimension)
        for number, label in enumerate(dimension.labels):
            first = not explained and number == 0
            lines += ["", *(_comment(comments["label"]) if first else []), *_label_lines(label)]
        explained.add(dimension.kind)
    return "\n".join(lines) + "\n"


def _dimension_lines(dimension: Dimension) -> list[str]:
    fields = {"id": dimension.id, "kind": dimension.kind, "fr": dimension.fr, "en": dimension.en}
    return ["[[dimension]]", *(f"{key} = {_quoted(value)}" for key, value in fields.items())]


def _label_lines(label: Label) -> list[str]:
    fields = {"id": label.id, "fr": label.fr, "en": label.en, "definition": label.definition}
    lines = ["[[dimension.label]]", *(f"{key} = {_quoted(x)}" for key, x in fields.items())]
    if label.keywords:
        lines.append(f"keywords = [{', '.join(map(_quoted, label.keywords))}]")
    return lines


def _quoted(text: str) -> str:
    """Return a TOML basic string: a JSON string with one more character escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 88, initial_indent="# ", subsequent_indent="# ")
