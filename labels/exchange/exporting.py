"""A file of labelled paragraphs, made the file of another tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from depeche.labels.errors import InputError, LabelsError
from depeche.labels.exchange.formats import Export, Format, Prediction, exchange_of
from depeche.labels.files import (
    check_no_link,
    check_output,
    check_spared,
    check_writable,
    open_output,
    write_folder,
)
from depeche.labels.orangesum import hydrate
from depeche.labels.records import read_labels
from depeche.labels.schema import Schema
from depeche.labels.system.places import is_device

Predict = Callable[[Sequence[str]], Sequence[Prediction]]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How many paragraphs an export holds and lacks, and what a user should know of it."""

    n_paragraphs: int
    n_left_out: int
    notes: tuple[str, ...]


def export_labels(
    labels: Path,
    output: Path,
    form: Format,
    schema: Schema,
    *,
    orangesum: Path | None = None,
    predict: Predict | None = None,
    indicators: bool = False,
    force: bool = False,
    read: Sequence[Path] = (),
) -> Summary:
    """Write the paragraphs of a file in the format of another tool; stand-off ones need OrangeSum.

    Parameters
    ----------
    read
        What is read besides, as the schema and the model: no output replaces it.

    Raises
    ------
    LabelsError
        When the file breaks the format, or no paragraph has a text.
    InputError
        When the output is already there and `force` is not given, or cannot be written.
    """
    inputs = [labels, *read, *([orangesum] if orangesum else [])]
    if form is Format.huggingface:
        check_writable(output)
    else:  # before the model is asked
        check_output(output, inputs=inputs, replace=force)
    found = read_labels(labels, schema)
    paragraphs = [p for p in found if p.text]
    if orangesum is not None:
        paragraphs = hydrate(found, orangesum)
    if not paragraphs:
        raise LabelsError(f"{labels}: no paragraph with a text; {len(found)} need --orangesum DIR")
    predictions = None if predict is None else predict([p.text for p in paragraphs])
    export = Export(
        schema=schema, paragraphs=paragraphs, predictions=predictions, indicators=indicators
    )
    made = exchange_of(form).write(export, output.name)
    if made.is_folder:
        for name in made.files:
            check_spared(output / name, inputs)
        write_folder(output, made.files, replace=force)
    else:
        _write_files(output, made.files, inputs, replace=force)
    return Summary(
        n_paragraphs=len(paragraphs),
        n_left_out=len(found) - len(paragraphs),
        notes=made.notes,
    )


def _write_files(
    output: Path, files: Mapping[str, str | bytes], inputs: Sequence[Path], *, replace: bool
) -> None:
    targets = {output.parent / name: content for name, content in files.items()}
    if len(targets) > 1 and is_device(output):
        raise InputError(f"{output}: no file: give a name, for {len(targets)} are written")
    for target in targets:
        if target != output:
            check_no_link(target)
        check_output(target, inputs=inputs, replace=replace)
    for target, content in targets.items():
        with open_output(target) as file:
            file.write(str(content))
