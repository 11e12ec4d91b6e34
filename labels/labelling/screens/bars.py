"""The lines above and below the text: progress, place, messages, keys."""

from __future__ import annotations

from textual.content import Content

from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.session import Session
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.system.terminal import plain


def header(session: Session, texts: Texts, width: int) -> Content:
    """Return the file and the annotator, and how far the work has come."""
    left = Content.assemble(
        (" Dépêche ", "bold $primary"),
        (f" {plain(session.file.path.name)}", "bold"),
        (f" · {plain(session.annotator)}", "$text-muted"),
    )
    pace = session.pace
    told = texts.pace.format(pace=texts.number(pace)) + "  " if pace else ""
    right = Content.assemble(
        (told, "$text-disabled"),
        (f"{session.n_done}", "bold $success"),
        (f" / {len(session.items)} ", "$text-muted"),
    )
    return _apart(left, right, width)


def progress(session: Session, width: int) -> Content:
    """Return a line as long as what is done."""
    done = round(width * session.n_done / max(1, len(session.items)))
    return Content.assemble(("━" * done, "$success"), ("─" * (width - done), "$panel-lighten-2"))


def place(session: Session, texts: Texts, width: int) -> Content:
    """Return which paragraph it is and what stands about it."""
    item, decision = session.item, session.decision
    if item is None:
        return Content("")
    told = [plain(x) for x in (item.date, session.queue.why(item)) if x]
    if item.n_paragraphs > 1:
        told = [texts.paragraph.format(number=item.number, total=item.n_paragraphs), *told]
    right = Content("")
    if session.is_changed:
        right = Content.styled(f"{texts.changed} ", "bold $warning")
    elif decision is not None:
        name = plain(decision.annotator or "?")
        right = Content.styled(f"✓ {texts.decided.format(name=name)} ", "$success")
    end = " · ".join(told)
    room = width - right.cell_length - len(end) - 5
    article = plain(item.article)
    article = article if len(article) <= room else f"…{article[1 - room :]}"
    left = Content.assemble((f" {article}", "$text-muted"), (f" · {end}", "$text-disabled"))
    return _apart(left, right, width)


def marks(session: Session, texts: Texts) -> Content:
    """Return the kind, the flag and the comment of the draft, where there are any."""
    draft = session.draft
    parts = []
    if draft.kind != "body":
        parts.append(Content.styled(f" {texts.kinds[draft.kind]} ", "bold reverse $warning"))
    if draft.flag:
        parts.append(Content.styled(f" {texts.unsure} ", "bold reverse $warning"))
    if draft.comment:
        parts.append(Content.styled(f"“{plain(draft.comment)}”", "italic $warning"))
    return Content(" ").join(parts)


def kept(session: Session, texts: Texts) -> Content:
    """Return what was decided last, and what the model says of it."""
    item = session.last
    if item is None:
        return Content("")
    decision = session.file.records[item.id]
    what = _told(session, texts, decision)
    line = Content.assemble(("✓ ", "$success"), (what, "$text-muted"))
    suggestion = session.queue.suggest(item) if session.suggests != "never" else None
    if suggestion is None or decision.kind != "body":
        return line
    dimensions = session.schema.dimensions
    differing = [d for d in dimensions if set(suggestion.labels[d.id]) != set(_of(decision, d.id))]
    if not differing:
        return line + Content.styled(f" · {texts.model_agrees}", "$text-disabled")
    labels = [x for d in differing for x in d.labels if x.id in suggestion.labels[d.id]]
    said = ", ".join(texts.name(label) for label in labels) or "—"
    return line + Content.styled(f" · {texts.model_says.format(what=said)}", "$secondary")


def footer(texts: Texts, width: int) -> Content:
    """Return the commands, as many as there is room for, the most needed first."""
    line = Content("")
    for key, word in texts.commands:
        part = Content.assemble((f" {key}", "bold $accent"), (f" {word} ", "$text-muted"))
        if line.cell_length + part.cell_length <= width:
            line += part
    return line


def _told(session: Session, texts: Texts, decision: LabelledParagraph) -> str:
    if decision.kind != "body":
        return texts.kinds[decision.kind]
    names = [
        texts.name(label)
        for d in session.schema.dimensions
        for label in d.labels
        if label.id in _of(decision, d.id)
    ]
    return ", ".join(names) or "—"


def _of(decision: LabelledParagraph, dimension: str) -> tuple[str, ...]:
    return decision.labels.get(dimension, ())


def _apart(left: Content, right: Content, width: int) -> Content:
    room = width - left.cell_length - right.cell_length
    if room < 1:
        return left.truncate(max(0, width - right.cell_length - 1), ellipsis=True) + " " + right
    return left + " " * room + right
