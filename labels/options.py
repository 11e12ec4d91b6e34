"""The options that several commands share, as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
