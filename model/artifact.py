"""The artifact: a trained model as a folder, saved completely or not at all, checked in each byte.

```
manifest.json   format, backend, schema, settings, calibration, data, scores, SHA-256 of each file
idf.npy weights.npy bias.npy   what the `tfidf` backend scores with
vector_words.npy vector_directions.npy vector_lengths.npy   word vectors, empty where it has none
form_linear.npy form_quadratic.npy   what it makes of them
encoder.onnx tokenizer.json    what the `camembert` backend scores with
seen.npy        digests of the paragraphs it was trained on, so that nobody scores it on them
held_out_proba.npy held_out_labels.npy   their out-of-fold scores, from which decisions follow
README.md       the model card
```
Nothing in it is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from depeche.labels.errors import ArtifactError
from depeche.labels.files import check_folder, check_writable
from depeche.labels.schema import Schema
from depeche.labels.system.places import is_file, put_in_place, reason_of, status_of
from depeche.model.deciding.calibration import DIGITS, Calibration, Knots
from depeche.model.deciding.decisions import HeldOut
from depeche.model.locks import locked
from depeche.model.manifest import FORMAT, MANIFEST, digest, read_files, read_manifest
from depeche.model.scoring.backends import load_scorer
from depeche.model.scoring.npy import format_npy, parse_npy
from depeche.model.scoring.scorer import Scorer

CARD = "README.md"

_SCALE = 10**DIGITS  # scores are kept as they are shown, in whole numbers
# Fields of the manifest that an artifact has as they are.
_AS_WRITTEN = ("name", "version", "backend", "settings", "data", "scores", "sha256")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A model with everything that was recorded when it was trained.

    `settings` holds what it was trained with (the features' under `features`), `data` the digests
    of the files it was trained on, `seen` the sorted `text_digest` of each paragraph, uint64, and
    `scores` its out-of-fold scores with their signature. `sha256` identifies the artifact; it is
    empty until the artifact is saved.
    """

    name: str
    version: str
    backend: str
    schema: Schema
    scorer: Scorer
    calibration: Calibration
    settings: dict[str, Any]
    data: dict[str, Any]
    seen: NDArray[np.uint64]
    held_out: HeldOut
    scores: dict[str, Any]
    sha256: str = ""

    @property
    def prevalence(self) -> NDArray[np.float64]:
        """Share of the scored paragraphs that have each label, (n_labels,), never quite 0 or 1.

        Smoothed by half a paragraph (Krichevsky and Trofimov 1981): a label that no paragraph has
        may still come up elsewhere.
        """
        Y, shares = self.held_out.Y, np.empty(self.schema.n_labels)
        for dimension, span in self.schema.columns():
            n_answers = 2 if dimension.kind == "multi" else len(dimension.labels)
            shares[span] = (Y[:, span].sum(axis=0) + 0.5) / (len(Y) + 0.5 * n_answers)
        return shares


def text_digest(text: str) -> int:
    """Return 64 bits that tell a paragraph from others; spaces and case make no difference."""
    plain = " ".join(text.casefold().split())
    return int.from_bytes(hashlib.sha256(plain.encode()).digest()[:8], "big")


def check_destination(folder: Path) -> None:
    """Refuse a folder that exists and is no model, or that cannot be made; write nothing.

    Raises
    ------
    ArtifactError
        When it exists and is no model, and so is not replaced.
    InputError
        When it cannot be made.
    """
    if status_of(folder) is None:
        check_folder(folder)
        return
    if not is_file(folder / MANIFEST):
        raise ArtifactError(f"{folder}: exists and is not a model; choose another folder")
    check_writable(folder)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock the folder of a model for one training, from before its work until its run is logged.

    Raises
    ------
    ArtifactError
        When another training holds it, or nothing can be written there.
    """
    missing = [path for path in folder.parents if not path.exists()]
    try:
        with ExitStack() as lock:
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                lock.enter_context(locked(folder.with_name(f".{folder.name}.lock")))
            except BlockingIOError as err:
                raise ArtifactError(
                    f"{folder}: another classify train is writing it: wait for it, or give another "
                    "--output"
                ) from err
            except (OSError, ValueError) as err:  # the latter of a folder without a name
                raise ArtifactError(f"{folder}: cannot be written: {reason_of(err)}") from err
            yield
    finally:
        with suppress(OSError):  # of a training that left something there
            for path in missing:
                path.rmdir()


def save_artifact(artifact: Artifact, folder: Path, *, card: str) -> Artifact:
    """Write the artifact to a folder, replacing it if it exists, and return it with its digest.

    Raises
    ------
    ArtifactError
        When the folder exists and is not an artifact, or cannot be written.
    """
    check_destination(folder)
    files = artifact.scorer.files()
    files["seen.npy"] = format_npy(artifact.seen)
    shown = (artifact.held_out.proba * _SCALE).round().astype(np.uint16)
    files["held_out_proba.npy"] = format_npy(shown)
    files["held_out_labels.npy"] = format_npy(artifact.held_out.Y.astype(np.uint8))
    files[CARD] = card.encode()
    manifest = _manifest(artifact, files)
    files[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as err:
        raise ArtifactError(f"{folder}: cannot be written: {err.strerror}") from err
    try:
        for name, data in files.items():
            _write(temporary / name, data)
        temporary.chmod(0o755)
        _swap(temporary, folder)
    except OSError as err:
        raise ArtifactError(f"{folder}: cannot be written: {err.strerror}") from err
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return replace(artifact, sha256=manifest["sha256"])


def load_artifact(folder: Path) -> Artifact:
    """Return the artifact of a folder.

    Raises
    ------
    ArtifactError
        When a file is missing, a byte has changed, or the format is not this version's.
    """
    manifest, schema = read_manifest(folder)
    try:
        files = read_files(folder, manifest["files"])
        calibration = _parse_calibration(manifest["calibration"])
        held_out = HeldOut(
            proba=parse_npy(files["held_out_proba.npy"], np.uint16) / _SCALE,
            Y=parse_npy(files["held_out_labels.npy"], np.uint8) > 0,
        )
        seen = parse_npy(files["seen.npy"], np.uint64)
        scorer = load_scorer(manifest["backend"], files, manifest["settings"], schema)
    except (KeyError, TypeError, ValueError) as err:
        raise ArtifactError(f"{folder}: not a model of this version: {_reason(err)}") from err
    except (MemoryError, RecursionError) as err:
        raise ArtifactError(f"{folder}: takes more memory than there is") from err
    _check_arrays(folder, held_out, seen, schema)
    return Artifact(
        schema=schema,
        scorer=scorer,
        calibration=calibration,
        seen=seen,
        held_out=held_out,
        **{name: manifest[name] for name in _AS_WRITTEN},
    )


def _check_arrays(
    folder: Path, held_out: HeldOut, seen: NDArray[np.uint64], schema: Schema
) -> None:
    shapes = [held_out.proba.shape, held_out.Y.shape]
    if shapes != [(len(held_out.Y), schema.n_labels)] * 2:
        raise ArtifactError(f"{folder}: arrays of shapes {shapes} do not fit the manifest")
    if held_out.proba.max(initial=0) > 1 or seen.ndim != 1:
        raise ArtifactError(f"{folder}: what its arrays hold is not what models keep there")


def _manifest(artifact: Artifact, files: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "name": artifact.name,
        "version": artifact.version,
        "backend": artifact.backend,
        "schema": artifact.schema.to_dict(),
        "schema_digest": artifact.schema.digest,
        "settings": artifact.settings,
        "calibration": _calibration_fields(artifact.calibration),
        "data": artifact.data,
        "scores": artifact.scores,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    manifest["sha256"] = digest(manifest)
    return manifest


def _calibration_fields(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON-ready data, the inverse of `_parse_calibration`."""
    return {
        "method": list(calibration.method),
        "slope": calibration.slope.tolist(),
        "offset": calibration.offset.tolist(),
        "threshold": calibration.threshold.tolist(),
        "knots": {
            str(column): [knots.logits.tolist(), knots.calibrated.tolist()]
            for column, knots in calibration.knots.items()
        },
    }


def _parse_calibration(fields: dict[str, Any]) -> Calibration:
    return Calibration(
        method=fields["method"],
        slope=np.array(fields["slope"]),
        offset=np.array(fields["offset"]),
        threshold=np.array(fields["threshold"]),
        knots={
            int(column): Knots(logits=np.array(logits), calibrated=np.array(calibrated))
            for column, (logits, calibrated) in fields["knots"].items()
        },
    )


def _reason(err: Exception) -> str:
    """Return the message of an error; that of a KeyError is but the name of what is missing."""
    return f"{err.args[0]} is missing" if isinstance(err, KeyError) else str(err)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _swap(temporary: Path, folder: Path) -> None:
    """Put `temporary` in the place of `folder`, which is kept aside until that has succeeded."""
    if not folder.exists():
        put_in_place(temporary, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    try:
        put_in_place(folder, old / folder.name)
        try:
            put_in_place(temporary, folder)
        except OSError:
            put_in_place(old / folder.name, folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
