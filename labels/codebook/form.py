"""A form whose questions and answers make a new schema, in French or in English."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, cast

from depeche.labels.schema import ID, KINDS, RESERVED, Dimension, Label, Schema
from depeche.labels.system.language import Language

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "intro": "A schema says what is asked of each paragraph (its dimensions), and which\n"
        "answers there are (their labels). Enter takes what stands in brackets;\n"
        "Ctrl-C stops, and nothing is written.\n",
        "name": "Name of the schema [{default}]: ",
        "dimension": "Dimension {n}, its id in files: ",
        "more_dimensions": "Dimension {n}, its id (Enter: no more): ",
        "fr": "{indent}in French [{default}]: ",
        "en": "{indent}in English [{default}]: ",
        "kind": "  any number of its labels (multi) or exactly one (single) [multi]: ",
        "label": "  Label {n}, its id in files: ",
        "more_labels": "  Label {n}, its id (Enter: no more): ",
        "definition": "    applies when (and not when): ",
        "keywords": "    keywords, with commas, * for any ending (Enter: none): ",
        "overwrite": "{path} exists: overwrite it? [y/N] ",
        "needed": "an answer is needed",
        "bad_id": "{answer!r}: only letters, digits, _ and - are allowed",
        "twice": "{answer!r} is already given",
        "field": "{answer!r} is a field of the records: take another word",
        "bad_kind": "{answer!r}: answer multi or single",
        "bad_text": "a character that does not print: write it anew",
        "bad_keyword": "{answer!r} is no word",
    },
    "fr": {
        "intro": "Un schéma dit ce qu'on demande de chaque paragraphe (ses dimensions), et\n"
        "quelles réponses il y a (leurs étiquettes). Entrée prend ce qui est entre crochets ;\n"
        "Ctrl-C arrête, et rien n'est écrit.\n",
        "name": "Nom du schéma [{default}] : ",
        "dimension": "Dimension {n}, son identifiant dans les fichiers : ",
        "more_dimensions": "Dimension {n}, son identifiant (Entrée : c'est tout) : ",
        "fr": "{indent}en français [{default}] : ",
        "en": "{indent}en anglais [{default}] : ",
        "kind": "  autant d'étiquettes qu'on veut (multi) ou une seule (single) [multi] : ",
        "label": "  Étiquette {n}, son identifiant dans les fichiers : ",
        "more_labels": "  Étiquette {n}, son identifiant (Entrée : c'est tout) : ",
        "definition": "    s'applique quand (et pas quand) : ",
        "keywords": "    mots-clés, avec des virgules, * pour toute fin (Entrée : aucun) : ",
        "overwrite": "{path} existe : l'écraser ? [o/N] ",
        "needed": "il faut une réponse",
        "bad_id": "{answer!r} : seulement des lettres, des chiffres, _ et -",
        "twice": "{answer!r} est déjà donné",
        "field": "{answer!r} est un champ des fichiers : prenez un autre mot",
        "bad_kind": "{answer!r} : répondez multi ou single",
        "bad_text": "un caractère qui ne s'affiche pas : récrivez",
        "bad_keyword": "{answer!r} n'est pas un mot",
    },
}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that asks each question through `ask`, and says what is wrong through `say`."""

    ask: Callable[[str], str]
    say: Callable[[str], None]
    language: Language

    def schema(self, default_name: str) -> Schema:
        """Ask all questions and return the schema that the answers make."""
        self.say(self._text("intro"))
        name = self._answer("name", default=default_name)
        dimensions: list[Dimension] = []
        while dimension := self._dimension(dimensions):
            dimensions.append(dimension)
        return Schema(name=name, version=1, dimensions=tuple(dimensions))

    def confirm(self, path: object) -> bool:
        """Ask whether a file may be overwritten."""
        answer = self.ask(self._text("overwrite", path=path)).strip().casefold()
        return answer in ("y", "yes", "o", "oui")

    def _dimension(self, earlier: list[Dimension]) -> Dimension | None:
        ids = {d.id for d in earlier}
        taken = ids | {f"{x}_scores" for x in ids} | {x.removesuffix("_scores") for x in ids}
        question = "more_dimensions" if earlier else "dimension"
        name = self._id(question, len(earlier) + 1, taken, RESERVED, needed=not earlier)
        if not name:
            return None
        fr = self._answer("fr", default=name, indent="  ")
        en = self._answer("en", default=name, indent="  ")
        kind = self._kind()
        least = 1 if kind == "multi" else 2
        labels: list[Label] = []
        while label := self._label(labels, needed=len(labels) < least):
            labels.append(label)
        return Dimension(id=name, kind=kind, fr=fr, en=en, labels=tuple(labels))

    def _label(self, earlier: list[Label], *, needed: bool) -> Label | None:
        question = "label" if needed else "more_labels"
        name = self._id(question, len(earlier) + 1, {x.id for x in earlier}, (), needed=needed)
        if not name:
            return None
        return Label(
            id=name,
            fr=self._answer("fr", default=name, indent="    "),
            en=self._answer("en", default=name, indent="    "),
            definition=self._answer("definition"),
            keywords=self._keywords(),
        )

    def _id(
        self, question: str, n: int, taken: set[str], fields: Collection[str], *, needed: bool
    ) -> str:
        """Ask until the answer is an id that is still free; return "" where none is needed."""
        while True:
            answer = self._answer(question, default=None if needed else "", n=n)
            if not answer:
                return ""
            if not ID.fullmatch(answer):
                self.say(self._text("bad_id", answer=answer))
            elif answer in taken:
                self.say(self._text("twice", answer=answer))
            elif answer in fields or f"{answer}_scores" in fields:
                self.say(self._text("field", answer=answer))
            else:
                return answer

    def _kind(self) -> Literal["multi", "single"]:
        while (answer := self._answer("kind", default="multi").casefold()) not in KINDS:
            self.say(self._text("bad_kind", answer=answer))
        return cast(Literal["multi", "single"], answer)

    def _keywords(self) -> tuple[str, ...]:
        while True:
            answer = self._answer("keywords", default="")
            keywords = [" ".join(x.split()) for x in answer.split(",") if x.strip()]
            bad = [x for x in keywords if not x.strip(" *")]
            if not bad:
                return tuple(dict.fromkeys(keywords))
            self.say(self._text("bad_keyword", answer=bad[0]))

    def _answer(self, question: str, *, default: str | None = None, **known: object) -> str:
        """Ask until the answer is text; an empty answer gives the default, unless that is None."""
        while True:
            answer = self.ask(self._text(question, default=default, **known)).strip()
            if not answer and default is None:
                self.say(self._text("needed"))
            elif not answer.isprintable():
                self.say(self._text("bad_text"))
            else:
                return answer or default or ""

    def _text(self, key: str, **known: object) -> str:
        return TEXTS[self.language][key].format(**known)
