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

from depeche.labels.errors import InputError, MissingExtraError
from depeche.labels.options import OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, Schema, check_same_schema, read_schema
from depeche.labels.system.language import Language, language_of_locale
from depeche.labels.system.terminal import show_lines, tell
from depeche.model.options import ModelOption, tell_model
from depeche.train import MOST_SEED
from depeche.train.active.mix import Mix, parse_mix

if TYPE_CHECKING:
    from depeche.labels.labelling.messages import Texts
    from depeche.labels.labelling.session import Session
    from depeche.train.active.pool import Pool
    from depeche.train.active.suggestions import Suggestions


_PROGRESS_S = 3.0  # seconds between two lines of progress

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
    labels: Annotated[Path, typer.Option(help="Labels file to write or to continue.")],
    annotator: Annotated[str, typer.Option(help="Who labels: goes into each record.")],
    schema: SchemaOption = DEFAULT_SCHEMA,
    model: ModelOption = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Show the model's suggestion before the decision.")
    ] = False,
    blind: Annotated[
        bool,
        typer.Option("--blind", help="Label POOL, a labels file, again without seeing its labels."),
    ] = False,
    lang: LangOption = None,
    mix: Annotated[
        str,
        typer.Option(
            help="Shares of the paragraphs to come: those of which the model is uncertain, those "
            "for rare labels, and random ones; random=1 is plain random order.",
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

    Each decision is on disk before the next paragraph shows. The model's suggestion shows after
    your decision, so that it does not sway you; --suggest shows it before. Meanwhile a model learns
    from your labels, and the next paragraphs are those that would teach it most.

    Example: classify label crawl/ --labels mine.jsonl --annotator anne

    Example: classify label mine.jsonl --blind --labels again.jsonl --annotator paul
    """
    if blind and suggest:
        raise typer.BadParameter("--blind shows no suggestions: leave --suggest out")
    _check("classify label", [Path(pool)], labels, annotator)
    from depeche.train.active.opening import open_labels
    from depeche.train.active.request import LabelRequest

    request = LabelRequest(
        pool=pool,
        annotator=annotator,
        schema=read_schema(schema),
        mix=parse_mix(mix),
        seed=seed,
        suggests="never" if blind else "always" if suggest else "after",
        text_column=text_column,
        id_column=id_column,
        orangesum=orangesum,
    )
    texts = _texts(lang)
    suggestions = None if blind else _suggestions(model, request.schema)
    with open_labels(labels, request.schema) as file:
        paragraphs = request.read_pool(file.records, report=_progress(pool))
        _report(paragraphs, pool)
        can_learn = request.uses_model and _can_learn()
        session = request.make_session(paragraphs, file, texts.why, suggestions, can_learn)
        _run(session, texts)
    show_lines([f"classify: {labels}: {len(file.records)} labelled, {session.n_new} of them now"])
    if paragraphs.failures:
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
    labels: Annotated[Path, typer.Option(help="File of settled labels to write or to continue.")],
    annotator: Annotated[str, typer.Option(help="Who settles: goes into each record.")],
    schema: SchemaOption = DEFAULT_SCHEMA,
    lang: LangOption = None,
    orangesum: OrangesumOption = None,
) -> None:
    """Settle in the terminal the labels on which annotators differ; ? there shows the keys.

    Each label shows who gave it; labels on which all agree are chosen already. The paragraphs with
    the widest disagreement come first. Each record keeps the votes.

    Example: classify adjudicate anna.jsonl bruno.jsonl --labels settled.jsonl --annotator carla
    """
    _check("classify adjudicate", files, labels, annotator)
    from depeche.labels.labelling.session import Session
    from depeche.train.active.opening import open_labels
    from depeche.train.active.order import PoolOrder
    from depeche.train.active.pool import read_disputed_pool

    codebook = read_schema(schema)
    with open_labels(labels, codebook) as file:
        disputed = read_disputed_pool(files, file.records, codebook, orangesum)
        _report(disputed, ", ".join(map(str, files)), what="paragraph in dispute")
        session = Session(
            items=disputed.items,
            queue=PoolOrder(disputed.items, file.records),
            file=file,
            schema=codebook,
            annotator=annotator,
        )
        _run(session, _texts(lang))
    n_open = len(disputed.items) - session.n_done
    show_lines(
        [
            f"classify: {labels}: {session.n_done} of {len(disputed.items)} settled, "
            f"{session.n_new} of them now; {n_open} left"
        ]
    )


def _texts(lang: Language | None) -> Texts:
    """Return what the app says, in a language or that of the locale."""
    from depeche.labels.labelling.messages import TEXTS

    return TEXTS[lang or language_of_locale()]


def _run(session: Session, texts: Texts) -> None:
    from depeche.labels.labelling.screens.app import LabelApp

    gc.freeze()  # the pool stays until the end: collecting it takes longer than drawing a screen
    LabelApp(session, texts).run()


def _check(command: str, inputs: list[Path], labels: Path, annotator: str) -> None:
    """Raise an error for what cannot work, before anything is read."""
    if find_spec("textual") is None:
        raise MissingExtraError("textual", "label")
    if not annotator.strip():
        raise typer.BadParameter("give the annotator a name")
    for path in inputs:
        if labels.resolve() == path.resolve():
            raise InputError(f"{path}: is also --labels: give the labels a file of their own")
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise InputError(f"{command} needs a terminal, for input and output")


def _can_learn() -> bool:
    """Return whether models can be fitted here, and say so if they cannot."""
    can_learn = find_spec("sklearn") is not None
    if not can_learn:
        tell("random order: to ask first for what teaches most, pip install 'depeche[train]'")
    return can_learn


def _suggestions(folder: Path | None, schema: Schema) -> Suggestions | None:
    """Return the suggestions of a model; None if the model in use has another schema."""
    from depeche.model.tagging import load_model
    from depeche.train.active.suggestions import Suggestions

    model = load_model(folder)
    tell_model(folder, model)
    if folder is not None:
        check_same_schema(schema, model.schema, ours_is="--schema", theirs_is=str(folder))
    return Suggestions(model) if model.schema.digest == schema.digest else None


def _progress(pool: str) -> Callable[[int], None]:
    """Return a function that says on stderr, every few seconds, how much of a pool is read."""
    last = time.monotonic()

    def report(n_paragraphs: int) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_S:
            last = time.monotonic()
            tell(f"reading {pool}: {n_paragraphs} paragraphs")

    return report


def _report(pool: Pool, where: str, what: str = "paragraph to label") -> None:
    """Say what could not be read, and refuse a pool without paragraphs."""
    for failure in pool.failures:
        tell(f"{failure.where}: {failure.reason}")
    if pool.n_failed > len(pool.failures):
        tell(f"{pool.n_failed} failed in all")
    if pool.n_without_text:
        tell(f"{pool.n_without_text} paragraphs need OrangeSum's texts (--orangesum DIR)")
    if not pool.items:
        raise InputError(f"{where}: no {what} in it")
