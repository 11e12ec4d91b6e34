"""The commands `classify agreement` and `classify schema`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from depeche.labels.errors import SchemaError
from depeche.labels.files import check_output, check_outputs, open_output
from depeche.labels.options import JsonOption, OrangesumOption, SchemaOption
from depeche.labels.schema import DEFAULT_SCHEMA, read_schema
from depeche.labels.system.language import language_of_locale
from depeche.labels.system.terminal import show_json, show_lines, tell


def agreement(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of labelled paragraphs: one file per annotator, or files whose field "
            "annotator names the annotators; paragraphs are matched by id.",
            show_default=False,
        ),
    ],
    schema: SchemaOption = DEFAULT_SCHEMA,
    orangesum: OrangesumOption = None,
    show: Annotated[int, typer.Option(min=0, help="Most disputes to show.")] = 5,
    disputes: Annotated[
        Path | None,
        typer.Option(
            help="File to write: all disputed paragraphs with their votes, as JSON lines."
        ),
    ] = None,
    agreed: Annotated[
        Path | None,
        typer.Option(help="File to write: the paragraphs that all label alike, as JSON lines."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far annotators agree on each dimension and label, and where they disagree.

    Example: classify agreement anna.jsonl bruno.jsonl --disputes disputes.jsonl

    Shows Cohen's kappa, Krippendorff's alpha, positive and observed agreement, each with its 95 %
    interval by article. The labels with the least agreement come first.
    """
    from depeche.labels.agreement.agreement import measure_agreement
    from depeche.labels.agreement.disputes import write_disputes_and_agreed
    from depeche.labels.agreement.report import report_lines
    from depeche.labels.agreement.votes import read_votes

    inputs = [*files, schema, *([orangesum] if orangesum else [])]
    check_outputs((disputes, agreed), inputs=inputs)
    votes = read_votes(files, read_schema(schema), orangesum=orangesum)
    agreement = measure_agreement(votes)
    for note in agreement.notes:
        tell(note)
    if as_json:
        show_json(agreement.to_dict())
    else:
        show_lines(report_lines(agreement, n_shown=show, width=_width()))
    for path, n_paragraphs in write_disputes_and_agreed(votes, disputes, agreed):
        tell(f"{n_paragraphs} paragraphs in {path}")


schema_app = typer.Typer(
    no_args_is_help=True, help="Check a schema, or write a new one by answering questions."
)


@schema_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Schema, a TOML file.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Check a schema: show what it defines, and warn of likely mistakes.

    Example: classify schema check my_schema.toml
    """
    from depeche.labels.codebook.check import schema_lines, schema_warnings

    known = read_schema(file)
    warnings = schema_warnings(known)
    if as_json:
        show_json({"digest": known.digest, **known.to_dict(), "warnings": warnings})
        return
    show_lines(schema_lines(known, width=_width()))
    show_lines(["", *(f"warning: {x}" for x in warnings or ["none"])])


@schema_app.command()
def new(
    file: Annotated[
        Path, typer.Argument(help="File to write, such as my_schema.toml.", show_default=False)
    ],
) -> None:
    """Write a schema by answering questions, in French or in English by the locale.

    Example: classify schema new my_schema.toml

    Answers may be piped in, one per line.
    """
    from depeche.labels.codebook.check import schema_warnings
    from depeche.labels.codebook.file import schema_toml
    from depeche.labels.codebook.form import Form

    check_output(file)
    form = Form(ask=_ask, say=_say, language=language_of_locale())
    if file.exists() and not form.confirm(file):
        raise SchemaError(f"{file}: exists, and is left as it was: give another name")
    schema = form.schema(default_name=file.stem)
    with open_output(file) as out:
        out.write(schema_toml(schema, form.language))
    for warning in schema_warnings(schema):
        tell(f"{file}: {warning}")
    show_lines([f"{file}: {schema.name} {schema.digest[:12]}; use it with --schema {file}"])


def _say(text: str) -> None:
    for line in text.split("\n"):
        tell(line, start="")


def _ask(question: str) -> str:
    """Return the line that answers a question. Questions go to stderr: they are not data."""
    tell(question, start="", end="")
    try:
        answer = input()
        answer.encode()  # bytes that are not UTF-8 were read as halves of characters
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


def _width() -> int:
    return max(shutil.get_terminal_size().columns, 80)
