"""The messages of the labelling app, in English and in French."""

from __future__ import annotations

from dataclasses import dataclass

from depeche.labels.paragraphs import Kind
from depeche.labels.schema import Dimension, Label
from depeche.labels.system.language import Language
from depeche.labels.system.terminal import plain


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The messages of one language; what stands in braces is filled in."""

    language: Language
    commands: tuple[tuple[str, str], ...]  # key and word, the most useful first
    kinds: dict[Kind, str]
    which: tuple[str, str, str, str]  # in the order of `session.WHICH`
    paragraph: str
    decided: str
    changed: str
    unsure: str
    any_number: str
    exactly_one: str
    votes_differ: str
    model_says: str
    model_agrees: str
    no_suggestion: str
    blind: str
    missing: str
    missing_many: str
    undone: str
    nothing_to_undo: str
    first: str
    only_one: str
    pace: str
    all_done: str
    all_done_more: str
    comment: str
    comment_hint: str
    search: str
    search_hint: str
    n_listed: str
    close_hint: str
    keys_title: str
    keys: tuple[tuple[str, str], ...]
    definitions: str
    why: dict[str, str]  # by the reason that a queue gives

    def name(self, thing: Dimension | Label) -> str:
        """Return the name of a dimension or a label in this language."""
        return plain(thing.fr if self.language == "fr" else thing.en)

    def number(self, value: float) -> str:
        """Return a number with at least two digits."""
        text = f"{value:.0f}" if value >= 10 else f"{value:.1f}"
        return text.replace(".", ",") if self.language == "fr" else text


EN = Texts(
    language="en",
    commands=(
        ("Enter", "keep"),
        ("u", "undo"),
        ("?", "guide"),
        ("→", "skip"),
        ("/", "search"),
        ("!", "unsure"),
        ("c", "comment"),
        ("b", "not body"),
        ("s", "model"),
        ("←", "back"),
        ("q", "quit"),
    ),
    kinds={"body": "body", "heading": "heading", "boilerplate": "boilerplate"},
    which=("all", "open", "labelled", "marked"),
    paragraph="paragraph {number} of {total}",
    decided="labelled by {name}",
    changed="changed: Enter keeps it",
    unsure="unsure",
    any_number="any number",
    exactly_one="one",
    votes_differ="the votes differ",
    model_says="model: {what}",
    model_agrees="the model agrees",
    no_suggestion="There is no model to ask.",
    blind="Labelling blind: no suggestions.",
    missing="Still to choose: {what} ({keys}).",
    missing_many="Still to choose: {what} (Tab, {keys}).",
    undone="Taken back.",
    nothing_to_undo="There is nothing to take back.",
    first="This is the first one.",
    only_one="No other paragraph is left.",
    pace="{pace} a minute",
    all_done="Every paragraph is labelled.",
    all_done_more="← goes back to correct one, / searches, q ends.",
    comment="Comment",
    comment_hint="Enter keeps it with the decision · Esc leaves it as it was",
    search="Words in the paragraph",
    search_hint="Tab {which} · Enter goes there · Esc closes",
    n_listed="{n} of {total} paragraphs",
    close_hint="↑ ↓ scroll · Esc closes",
    keys_title="Keys",
    keys=(
        ("the key beside a label", "gives it or takes it back"),
        ("Tab", "goes to the next question that takes one answer"),
        ("Enter", "keeps the decision, on the disk, and goes on"),
        ("u", "takes the last decision back, as often as you like"),
        ("→ ←", "skips, or goes along the paragraphs seen"),
        ("↑ ↓", "scrolls the text"),
        ("b", "not a body paragraph: boilerplate, then heading"),
        ("!", "marks it as unsure"),
        ("c", "adds a comment"),
        ("s", "shows what the model suggests"),
        ("/", "searches, and goes to any paragraph"),
        ("q", "ends; all that was kept is on the disk"),
    ),
    definitions="Definitions",
    why={
        "random": "at random",
        "diverse": "unlike the others",
        "uncertain": "the model is unsure",
        "rare": "for a rare label",
    },
)

FR = Texts(
    language="fr",
    commands=(
        ("Entrée", "garder"),
        ("u", "annuler"),
        ("?", "guide"),
        ("→", "passer"),
        ("/", "chercher"),
        ("!", "doute"),
        ("c", "note"),
        ("b", "hors texte"),
        ("s", "modèle"),
        ("←", "revenir"),
        ("q", "quitter"),
    ),
    kinds={"body": "corps", "heading": "titre", "boilerplate": "hors texte"},
    which=("tous", "à faire", "étiquetés", "marqués"),
    paragraph="paragraphe {number} sur {total}",
    decided="étiqueté par {name}",
    changed="modifié : Entrée le garde",
    unsure="doute",
    any_number="autant que nécessaire",
    exactly_one="un seul choix",
    votes_differ="les votes diffèrent",
    model_says="modèle : {what}",
    model_agrees="le modèle est d’accord",
    no_suggestion="Il n’y a pas de modèle à interroger.",
    blind="À l’aveugle : pas de suggestion.",
    missing="Reste à choisir : {what} ({keys}).",
    missing_many="Reste à choisir : {what} (Tab, {keys}).",
    undone="Annulé.",
    nothing_to_undo="Il n’y a rien à annuler.",
    first="C’est le premier.",
    only_one="Il ne reste pas d’autre paragraphe.",
    pace="{pace} par minute",
    all_done="Tous les paragraphes sont étiquetés.",
    all_done_more="← revient en corriger un, / cherche, q quitte.",
    comment="Note",
    comment_hint="Entrée la garde avec la décision · Échap la laisse telle quelle",
    search="Mots du paragraphe",
    search_hint="Tab {which} · Entrée y aller · Échap fermer",
    n_listed="{n} paragraphes sur {total}",
    close_hint="↑ ↓ défiler · Échap fermer",
    keys_title="Touches",
    keys=(
        ("la touche d’une étiquette", "la donne ou la retire"),
        ("Tab", "passe à la question à choix unique suivante"),
        ("Entrée", "garde la décision, sur le disque, et continue"),
        ("u", "annule la dernière décision, autant de fois que voulu"),
        ("→ ←", "passe, ou parcourt les paragraphes déjà vus"),
        ("↑ ↓", "fait défiler le texte"),
        ("b", "pas un paragraphe de l’article : hors texte, puis titre"),
        ("!", "marque un doute"),
        ("c", "ajoute une note"),
        ("s", "montre ce que le modèle suggère"),
        ("/", "cherche, et va à n’importe quel paragraphe"),
        ("q", "quitte ; tout ce qui est gardé est sur le disque"),
    ),
    definitions="Définitions",
    why={
        "random": "au hasard",
        "diverse": "différent des autres",
        "uncertain": "le modèle hésite",
        "rare": "étiquette rare",
    },
)

TEXTS: dict[Language, Texts] = {"en": EN, "fr": FR}
