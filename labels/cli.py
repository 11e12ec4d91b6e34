"""The labels room's commands `agreement` and `schema`, and the options that rooms share."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from depeche.labels.errors import SchemaError
from depeche.labels.files import check_output, check_outputs, open_output
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.terminal import show_json, show_lines, tell

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SchemaOption = Annotated[
    Path, typer.Option(help="Schema of the labels.", show_default="labels/schema.toml")
]
OrangesumOption = Annotated[
    Path | None,
    typer.Option(
        envvar="CLASSIFY_ORANGESUM",
        help="Clone of github.com/Tixierae/OrangeSum, for the texts of stand-off paragraphs.",
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace OUTPUT where it is already there.")
]


def agreement(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of labelled paragraphs, one an annotator, or told apart by the field "
            "annotator; paragraphs are matched by id.",
            show_default=False,
        ),
    ],
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    show: Annotated[int, typer.Option(min=0, help="Show so many disputes at most.")] = 5,
    disputes: Annotated[
        Path | None,
        typer.Option(help="File for all paragraphs in dispute with their votes, as JSON lines."),
    ] = None,
    agreed: Annotated[
        Path | None,
        typer.Option(help="File for the paragraphs that all label alike, as JSON lines."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far annotators agree on each dimension and label, and on what they do not.

    Example: classify agreement anna.jsonl bruno.jsonl --disputes disputes.jsonl

    Cohen's kappa, Krippendorff's alpha, positive and observed agreement, each with its 95 %
    interval by article; the labels that agree least stand first.
    """
    from depeche.labels.agreement.agreement import measure_agreement
    from depeche.labels.agreement.disputes import agreed_paragraphs, write_paragraphs
    from depeche.labels.agreement.report import agreement_lines, dispute_lines
    from depeche.labels.agreement.votes import read_votes

    texts = [orangesum] if orangesum else []
    check_outputs((disputes, agreed), inputs=[*files, schema, *texts])
    known = read_schema(schema)
    votes = read_votes(files, known, orangesum=orangesum)
    found = measure_agreement(votes)
    for note in found.notes:
        tell(note)
    in_dispute = votes.disputes
    if as_json:
        show_json(found.to_dict())
    else:
        width = _width()
        show_lines(agreement_lines(found, width=width))
        if show:
            lines = dispute_lines(in_dispute, known, n_shown=show, width=width)
            show_lines(["", *lines])
    for path, paragraphs in ((disputes, in_dispute), (agreed, agreed_paragraphs(votes))):
        if path is not None:
            write_paragraphs(path, paragraphs, known)
            tell(f"{len(paragraphs)} paragraphs in {path}")


schema_app = typer.Typer(
    no_args_is_help=True, help="Check a schema, or write a new one by answering questions."
)


@schema_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Schema, a TOML file.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Check a schema: say what it defines, and what in it is likely a slip.

    Example: classify schema check my_schema.toml
    """
    from depeche.labels.codebook.check import schema_lines, schema_warnings

    known = read_schema(file)
    warnings = schema_warnings(known)
    if as_json:
        found = {"digest": known.digest, **known.to_dict(), "warnings": warnings}
        show_json(found)
        return
    show_lines(schema_lines(known, width=_width()))
    show_lines(["", *(f"warning: {x}" for x in warnings or ["none"])])


@schema_app.command()
def new(
    file: Annotated[
        Path, typer.Argument(help="File to write, such as my_schema.toml.", show_default=False)
    ],
) -> None:
    """Write a schema by answering questions, in French or in English as the locale has it.

    Example: classify schema new my_schema.toml

    Answers may be piped in, a line each.
    """
    from depeche.labels.codebook.check import schema_warnings
    from depeche.labels.codebook.file import schema_toml
    from depeche.labels.codebook.form import Form

    check_output(file)
    form = Form(ask=_ask, say=_say, language=_language())
    if file.exists() and not form.confirm(file):
        raise SchemaError(f"{file}: exists, and is left as it was: give another name")
    made = form.schema(default_name=file.stem)
    with open_output(file) as out:
        out.write(schema_toml(made, form.language))
    for warning in schema_warnings(made):
        tell(f"{file}: {warning}")
    show_lines([f"{file}: {made.name} {made.digest[:12]}; use it with --schema {file}"])


def _say(text: str) -> None:
    for line in text.split("\n"):
        tell(line, start="")


def _ask(question: str) -> str:
    """Return the line that answers a question; questions go to stderr, as they are not data."""
    tell(question, start="", end="")
    try:
        answer = input()
        answer.encode()  # what is not UTF-8 may have come in as halves of characters
    except (EOFError, RuntimeError) as err:  # RuntimeError: standard input is closed
        tell("", start="")
        raise SchemaError(
            f"no answer to {question.strip(' :')!r}: answer all questions; nothing is written"
        ) from err
    except UnicodeError as err:
        raise SchemaError("the answers are not UTF-8: nothing is written") from err
    except KeyboardInterrupt:
        tell("", start="")
        raise
    if not sys.stdin.isatty():
        tell(answer, start="")
    return answer


def _language() -> Literal["fr", "en"]:
    """Return the language of the user's messages, by POSIX's order of variables."""
    chosen = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "fr" if chosen.lower().startswith("fr") else "en"


def _width() -> int:
    return max(shutil.get_terminal_size().columns, 80)
