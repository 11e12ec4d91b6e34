"""The lines above and below the text: progress, place, messages and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from depeche.labels.labelling.messages import Texts
from depeche.labels.labelling.session import Session
from depeche.labels.schema import Dimension
from depeche.labels.system.terminal import plain


def header(session: Session, texts: Texts, width: int) -> Content:
    """Return the line with the file, the annotator, the pace and how much is done."""
    left = Content.assemble(
        (" Dépêche ", "bold $primary"),
        (f" {plain(session.file.path.name)}", "bold"),
        (f" · {plain(session.annotator)}", "$text-muted"),
    )
    pace = session.pace
    pace_text = texts.pace.format(pace=texts.number(pace)) + "  " if pace else ""
    right = Content.assemble(
        (pace_text, "$text-disabled"),
        (f"{session.n_done}", "bold $success"),
        (f" / {len(session.items)} ", "$text-muted"),
    )
    return _apart(left, right, width)


def progress(session: Session, width: int) -> Content:
    """Return a bar whose filled part is the share that is done."""
    done = round(width * session.n_done / max(1, len(session.items)))
    return Content.assemble(("━" * done, "$success"), ("─" * (width - done), "$panel-lighten-2"))


def place(session: Session, texts: Texts, width: int) -> Content:
    """Return the line with the article, the place in it, and why and by whom it is labelled."""
    item, decision = session.item, session.decision
    if item is None:
        return Content("")
    facts = [plain(x) for x in (item.date, session.queue.why(item)) if x]
    if item.n_paragraphs > 1:
        facts.insert(0, texts.paragraph.format(number=item.number, total=item.n_paragraphs))
    right = Content("")
    if session.is_changed:
        right = Content.styled(f"{texts.changed} ", "bold $warning")
    elif decision is not None:
        name = plain(decision.annotator or "?")
        right = Content.styled(f"✓ {texts.decided.format(name=name)} ", "$success")
    end = " · ".join(facts)
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
    """Return what was decided last, and what the model says about it."""
    item = session.last
    if item is None:
        return Content("")
    decision = session.file.records[item.id]
    dimensions = session.schema.dimensions
    names = _names(decision.labels, dimensions, texts)
    what = names if decision.kind == "body" else texts.kinds[decision.kind]
    line = Content.assemble(("✓ ", "$success"), (what, "$text-muted"))
    suggestion = session.queue.suggest(item) if session.suggests != "never" else None
    if suggestion is None or decision.kind != "body":
        return line
    differing = [
        d for d in dimensions if set(suggestion.labels[d.id]) != set(decision.labels.get(d.id, ()))
    ]
    if not differing:
        return line + Content.styled(f" · {texts.model_agrees}", "$text-disabled")
    says = texts.model_says.format(what=_names(suggestion.labels, differing, texts))
    return line + Content.styled(f" · {says}", "$secondary")


def footer(texts: Texts, width: int) -> Content:
    """Return as many commands as there is room for, the most useful first."""
    line = Content("")
    for key, word in texts.commands:
        part = Content.assemble((f" {key}", "bold $accent"), (f" {word} ", "$text-muted"))
        if line.cell_length + part.cell_length <= width:
            line += part
    return line


def _names(
    labels: Mapping[str, Sequence[str]], dimensions: Sequence[Dimension], texts: Texts
) -> str:
    """Return the names of the labels of some dimensions, in schema order."""
    names = [texts.name(x) for d in dimensions for x in d.labels if x.id in labels.get(d.id, ())]
    return ", ".join(names) or "—"


def _apart(left: Content, right: Content, width: int) -> Content:
    room = width - left.cell_length - right.cell_length
    if room < 1:
        return left.truncate(max(0, width - right.cell_length - 1), ellipsis=True) + " " + right
    return left + " " * room + right
