"""The front door: mounts the rooms' commands, nothing else."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Annotated, Any

from depeche.labels.system import stopping

if stopping.is_program("classify", __name__):
    stopping.exit_at_once()  # before what takes long to import
# Before numpy is imported: its matrices here are small, and more threads than --jobs asks for spend
# three times the processor's time on them for nothing.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ.get("OPENBLAS_NUM_THREADS", "1")


import typer
from typer.core import TyperGroup

import depeche.labels.cli
import depeche.labels.exchange.cli
import depeche.model.cli
import depeche.train.active.cli
import depeche.train.audit.cli
import depeche.train.cli
import depeche.train.tracking.cli
import depeche.train.tuning.cli
from depeche.labels.errors import ClassifyError
from depeche.labels.system.terminal import escaped, let_print, show_lines, tell

# Click's or, from typer 0.26 on, that of typer's own copy of click.
_UsageError: Any = typer.BadParameter.__base__
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, wherever a command meets it


class _FrontDoor(TyperGroup):
    """Takes `classify PATH…` for `classify tag PATH…`, and ends errors and Ctrl-C in one line."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options = {name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        if args and args[0] not in self.commands and args[0] not in options:
            args = ["tag", *args]
        with _plain_usage_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _plain_usage_errors(), stopping.interruptible(ClassifyError, typer.Exit):
                return super().invoke(ctx)
        except ClassifyError as err:
            for line in err.lines:
                tell(line)
            ctx.exit(1)
        except MemoryError:
            tell("the memory that this process may have is full: give it smaller files, or fewer")
            ctx.exit(1)
        except KeyboardInterrupt:
            tell(stopping.MESSAGE, start="")
            ctx.exit(stopping.STATUS)


@contextmanager
def _plain_usage_errors() -> Iterator[None]:
    """Let no usage error pass on a control character of the arguments, which typer would print."""
    try:
        yield
    except _UsageError as err:
        err.message = escaped(err.message)
        raise


app = typer.Typer(
    cls=_FrontDoor,
    name="classify",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        show_lines([f"depeche {version('depeche')}"])
        raise typer.Exit


@app.callback()
def _front_door(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Tag French news: topics and stance, with reasons. `classify PATH` is `classify tag PATH`."""


app.command()(depeche.model.cli.tag)
app.command()(depeche.model.cli.info)
app.add_typer(depeche.labels.cli.schema_app, name="schema")
app.command()(depeche.train.active.cli.label)
app.command()(depeche.labels.cli.agreement)
app.command()(depeche.train.active.cli.adjudicate)
app.command()(depeche.model.cli.export)
app.command("import")(depeche.labels.exchange.cli.import_)
app.command()(depeche.train.audit.cli.audit)
app.command()(depeche.train.cli.train)
app.command()(depeche.train.tuning.cli.tune)
app.command()(depeche.train.cli.evaluate)
app.command()(depeche.train.tracking.cli.runs)
app.command()(depeche.train.tracking.cli.compare)
app.command()(depeche.train.tracking.cli.promote)
app.command()(depeche.train.tracking.cli.ui)
app.command()(depeche.train.tracking.cli.serve)


def main() -> None:
    """Run the command line."""
    sys.excepthook = _tell_fault
    let_print()
    try:
        # Not app(), which puts a hook of typer's in the place of ours.
        typer.main.get_command(app)()
    except OSError as err:
        if err.errno not in _FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed finds no room
        tell(f"{err.filename or 'what is written'}: cannot be written: {err.strerror}")
        sys.exit(1)


def _tell_fault(
    kind: type[BaseException], fault: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of a fault of the program itself, which may quote a stranger's text."""
    for line in "".join(traceback.format_exception(kind, fault, trace)).split("\n"):
        tell(line, start="")


if __name__ == "__main__":
    main()
