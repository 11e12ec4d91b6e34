"""What the command lines of the model and train rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from depeche.labels.errors import UsageError
from depeche.labels.system.terminal import tell

if TYPE_CHECKING:
    from depeche.model.tagging import Model

ModelOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the model.", show_default="the model in use: see classify info"),
]


@contextmanager
def usage_errors() -> Iterator[None]:
    """Show options that do not go together with the usage of the command, and end in status 2."""
    try:
        yield
    except UsageError as err:
        raise typer.BadParameter(str(err)) from err


def tell_model(asked: Path | None, loaded: Model) -> None:
    """Say on stderr which model is in use, if no option names it and it is not the shipped one."""
    from depeche.model.tagging import unnamed_model

    line = unnamed_model(loaded) if asked is None else None
    if line is not None:
        tell(line)
