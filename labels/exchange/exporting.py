"""Writes labelled paragraphs in the format of another tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from depeche.labels.errors import InputError, LabelsError
from depeche.labels.exchange.formats import Export, Exported, Format, Prediction, exchange_of
from depeche.labels.files import (
    check_no_link,
    check_output,
    check_spared,
    check_writable,
    open_output,
    write_folder,
)
from depeche.labels.orangesum import hydrate
from depeche.labels.paragraphs import LabelledParagraph
from depeche.labels.records import read_labels
from depeche.labels.schema import Schema
from depeche.labels.system.places import is_device

Predict = Callable[[Sequence[str]], Sequence[Prediction]]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How many paragraphs an export has and lacks, and notes for the user."""

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
    """Write the paragraphs of a file for another tool; stand-off ones need OrangeSum.

    Parameters
    ----------
    read
        Other files that no output may replace, such as the schema and the model.

    Raises
    ------
    LabelsError
        When the file breaks the format, or no paragraph has a text.
    InputError
        When the output exists and `force` is not given, or cannot be written.
    """
    inputs = [labels, *read, *([orangesum] if orangesum else [])]
    _check(output, form, inputs, replace=force)  # before the model is asked
    records = read_labels(labels, schema)
    paragraphs = _with_texts(records, labels, orangesum)
    export = Export(
        schema=schema,
        paragraphs=paragraphs,
        predictions=predict([p.text for p in paragraphs]) if predict else None,
        indicators=indicators,
    )
    exported = exchange_of(form).write(export, output.name)
    _write(exported, output, inputs, replace=force)
    n_left_out = len(records) - len(paragraphs)
    return Summary(n_paragraphs=len(paragraphs), n_left_out=n_left_out, notes=exported.notes)


def _with_texts(
    records: list[LabelledParagraph], path: Path, orangesum: Path | None
) -> list[LabelledParagraph]:
    """Return the paragraphs that have a text, those of OrangeSum too where it is at hand."""
    paragraphs = hydrate(records, orangesum) if orangesum else [p for p in records if p.text]
    if not paragraphs:
        n = len(records)
        raise LabelsError(f"{path}: no paragraph with a text; {n} need --orangesum DIR")
    return paragraphs


def _check(output: Path, form: Format, inputs: Sequence[Path], *, replace: bool) -> None:
    if form is Format.huggingface:
        check_writable(output)
    else:
        check_output(output, inputs=inputs, replace=replace)


def _write(exported: Exported, output: Path, inputs: Sequence[Path], *, replace: bool) -> None:
    if not exported.is_folder:
        _write_files(output, exported.files, inputs, replace=replace)
        return
    for name in exported.files:
        check_spared(output / name, inputs)
    write_folder(output, exported.files, replace=replace)


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
