"""The commands `classify label` and `classify adjudicate`."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from depeche.labels.cli import OrangesumOption, SchemaOption
from depeche.labels.errors import InputError, LabelsError, MissingExtraError
from depeche.labels.labelling.messages import TEXTS, Language, language_of_locale
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, check_same_schema, read_schema
from depeche.labels.system.terminal import show_lines, tell
from depeche.model.options import ModelOption, tell_model
from depeche.train import MOST_SEED
from depeche.train.active.mix import Mix, parse_mix

if TYPE_CHECKING:
    from depeche.labels.labelling.session import Session
    from depeche.train.active.pool import Pool
    from depeche.train.active.suggestions import Suggestions


_TELL_S = 3.0  # between two lines on how far the reading has come

LangOption = Annotated[
    Language | None,
    typer.Option(help="Language of the screen.", show_default="the locale's"),
]


def label(
    pool: Annotated[
        str,
        typer.Argument(
            help="What to label: articles, folders, tables, as classify tag takes them; with "
            "--blind, a file of labelled paragraphs.",
            show_default=False,
        ),
    ],
    labels: Annotated[Path, typer.Option(help="Labels file to write, or to go on with.")],
    annotator: Annotated[str, typer.Option(help="Who labels: goes into each record.")],
    schema: SchemaOption = DEFAULT_SCHEMA,
    model: ModelOption = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Show the model's suggestion before the decision.")
    ] = False,
    blind: Annotated[
        bool,
        typer.Option("--blind", help="Label POOL, a labels file, anew without seeing its labels."),
    ] = False,
    lang: LangOption = None,
    mix: Annotated[
        str,
        typer.Option(
            help="Shares of what is asked for: paragraphs of which the model is uncertain, for "
            "labels that are rare, and at random; random=1 is plain random order.",
        ),
    ] = str(Mix()),
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Fixes the random order.")] = 0,
    text_column: Annotated[
        str | None, typer.Option(help="Column of a table's texts.", show_default="by its name")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="Column of their ids.", show_default="by its name")
    ] = None,
    orangesum: OrangesumOption = None,
) -> None:
    """Label paragraphs in the terminal, one after the other; ? there shows the keys.

    Each decision is on the disk before the next paragraph shows. The model's suggestion shows once
    a paragraph is decided, so that it does not sway; --suggest shows it at once. A model learns
    from the labels beside the app, and what comes next is what would teach it most.

    Example: classify label crawl/ --labels mine.jsonl --annotator anne

    Example: classify label mine.jsonl --blind --labels again.jsonl --annotator paul
    """
    if blind and suggest:
        raise typer.BadParameter("--blind shows no suggestions: leave --suggest out")
    _check("classify label", [Path(pool)], labels, annotator)
    from depeche.labels.labelling.session import Session
    from depeche.model.inputs.inputs import Inputs
    from depeche.train.active.opening import open_labels
    from depeche.train.active.order import PoolOrder, RandomOrder
    from depeche.train.active.pool import read_labelled_pool, read_pool
    from depeche.train.active.queue import ActiveQueue

    chosen, shares = read_schema(schema), parse_mix(mix)
    lang = lang or language_of_locale()
    suggestions = None if blind else _suggestions(model, chosen)
    with open_labels(labels, chosen) as file:
        if blind:
            found, others = read_labelled_pool(Path(pool), file.records, chosen, orangesum)
            if annotator in others:
                raise LabelsError(f"{pool}: labelled by {annotator!r}: give another --annotator")
        else:
            inputs = Inputs([pool], text_column=text_column, id_column=id_column)
            found = read_pool(inputs, file.records, source=_source(pool), report=_progress(pool))
        _report(found, pool)
        queue: ActiveQueue | PoolOrder
        if blind:
            queue = PoolOrder(found.items, file.records)
        elif shares.random == 1 or not _can_learn():
            queue = RandomOrder(found.items, file.records, seed=seed, suggest=suggestions)
        else:
            queue = ActiveQueue(
                found.items,
                file.records,
                schema=chosen,
                mix=shares,
                seed=seed,
                words=TEXTS[lang].why,
                suggest=suggestions,
            )
        session = Session(
            items=found.items,
            queue=queue,
            file=file,
            schema=chosen,
            annotator=annotator,
            suggests="never" if blind else "always" if suggest else "after",
            notes=queue.notes,
        )
        _run(session, lang)
    show_lines([f"classify: {labels}: {len(file.records)} labelled, {session.n_new} of them now"])
    if found.failures:
        raise typer.Exit(3)


def adjudicate(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The annotators' files, as classify agreement takes them; or one file of "
            "disputes that it wrote.",
            show_default=False,
        ),
    ],
    labels: Annotated[Path, typer.Option(help="File of settled labels to write or go on with.")],
    annotator: Annotated[str, typer.Option(help="Who settles: goes into each record.")],
    schema: SchemaOption = DEFAULT_SCHEMA,
    lang: LangOption = None,
    orangesum: OrangesumOption = None,
) -> None:
    """Settle in the terminal the labels on which annotators differ; ? there shows the keys.

    Beside each label stands who gave it; what all agree on is chosen already. Those that differ
    most come first. Each record keeps the votes.

    Example: classify adjudicate anna.jsonl bruno.jsonl --labels settled.jsonl --annotator carla
    """
    _check("classify adjudicate", files, labels, annotator)
    from depeche.labels.labelling.session import Session
    from depeche.train.active.opening import open_labels
    from depeche.train.active.order import PoolOrder
    from depeche.train.active.pool import read_disputed_pool

    chosen = read_schema(schema)
    with open_labels(labels, chosen) as file:
        found = read_disputed_pool(files, file.records, chosen, orangesum)
        _report(found, ", ".join(map(str, files)), what="paragraph in dispute")
        session = Session(
            items=found.items,
            queue=PoolOrder(found.items, file.records),
            file=file,
            schema=chosen,
            annotator=annotator,
        )
        _run(session, lang or language_of_locale())
    n_open = len(found.items) - session.n_done
    show_lines(
        [
            f"classify: {labels}: {session.n_done} of {len(found.items)} settled, "
            f"{session.n_new} of them now; {n_open} left"
        ]
    )


def _run(session: Session, lang: Language) -> None:
    from depeche.labels.labelling.screens.app import LabelApp

    gc.freeze()  # what is read stays: to look through it for garbage takes longer than to draw
    LabelApp(session, TEXTS[lang]).run()


def _check(command: str, inputs: list[Path], labels: Path, annotator: str) -> None:
    """Refuse what cannot work, before anything is read."""
    if find_spec("textual") is None:
        raise MissingExtraError("textual", "label")
    if not annotator.strip():
        raise typer.BadParameter("give the annotator a name")
    for path in inputs:
        if labels.resolve() == path.resolve():
            raise InputError(f"{path}: is --labels as well: give the labels a file of their own")
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise InputError(f"{command} is used in a terminal: what it reads and writes is none")


def _can_learn() -> bool:
    """Return whether models can be fitted here; say it where they cannot."""
    found = find_spec("sklearn") is not None
    if not found:
        tell("random order: to ask for what teaches most, pip install 'depeche[train]'")
    return found


def _suggestions(folder: Path | None, schema: Schema) -> Suggestions | None:
    """Return those of the model; none where the model in use is of another schema."""
    from depeche.model.tagging import load_model
    from depeche.train.active.suggestions import Suggestions

    model = load_model(folder)
    tell_model(folder, model)
    if folder is not None:
        check_same_schema(schema, model.schema, ours_is="--schema", theirs_is=str(folder))
    return Suggestions(model) if model.schema.digest == schema.digest else None


def _source(pool: str) -> str:
    """Return the name of a folder or file, as the source of articles that state none."""
    path = Path(pool)
    return path.stem if path.is_file() else (path if path.is_dir() else path.parent).resolve().name


def _progress(pool: str) -> Callable[[int], None]:
    """Return what tells on stderr, every few seconds, how much of a large pool is read."""
    told = time.monotonic()

    def report(n_paragraphs: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            tell(f"reading {pool}: {n_paragraphs} paragraphs")

    return report


def _report(pool: Pool, where: str, what: str = "paragraph to label") -> None:
    """Say what could not be read; refuse a pool without paragraphs."""
    for failure in pool.failures:
        tell(f"{failure.where}: {failure.reason}")
    if pool.n_failed > len(pool.failures):
        tell(f"{pool.n_failed} failed in all")
    if pool.n_without_text:
        tell(f"{pool.n_without_text} paragraphs need OrangeSum's texts (--orangesum DIR)")
    if not pool.items:
        raise InputError(f"{where}: no {what} in it")
