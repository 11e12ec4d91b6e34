"""Reads the manifest of an artifact: each field is of its type and in its bounds, or refused.

A model folder may come from anyone, and its digests are no signature: whoever wrote it wrote them.
So a manifest may name plain files of its folder and nothing else, and all that it says is checked
here, once, before any of it is used.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from depeche.labels.errors import ArtifactError, SchemaError
from depeche.labels.formats.parsing import parse_json
from depeche.labels.schema import Schema, parse_schema
from depeche.labels.system.places import reason_of

FORMAT = 4
MANIFEST = "manifest.json"

_FIELDS = (
    "format", "name", "version", "backend", "schema", "schema_digest", "settings", "calibration",
    "data", "scores", "files", "sha256",
)  # fmt: skip
_TEXTS = ("name", "version", "backend", "schema_digest", "sha256")
_OBJECTS = ("schema", "settings", "calibration", "data", "scores", "files")
_FILE = re.compile(r"\w[\w.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_FILES = 64
_MOST_BYTES = 2 << 30  # of all files of a model; an ONNX file cannot be larger
_MOST_MANIFEST = 16 << 20  # bytes; that of the shipped model has 27 kB
_MOST = 1e9  # of a number of the calibration: far beyond those of any fit, far from an overflow
_FEATURES = {"table_bits": (1, 24), "char_min": (1, 32), "char_max": (1, 32)}


def read_manifest(folder: Path) -> tuple[dict[str, Any], Schema]:
    """Return the manifest of a model folder, each field of which was checked, and its schema.

    Raises
    ------
    ArtifactError
        With the path, the field, its value and what is allowed.
    """
    path = folder / MANIFEST
    try:
        data = read_plain(path, at_most=_MOST_MANIFEST)
    except OSError as err:
        raise ArtifactError(
            f"{folder}: not a model: {MANIFEST} cannot be read: {reason_of(err)}"
        ) from err
    try:
        manifest = parse_json(data)
    except ValueError as err:
        raise ArtifactError(f"{path}: not JSON: the file is damaged: {err}") from err
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise ArtifactError(f"{path}: not the manifest of a model")
    if manifest["format"] != FORMAT:
        raise ArtifactError(
            f"{path}: format {manifest['format']!r:.20}, but this version reads format {FORMAT}: "
            + ("update depeche" if manifest["format"] > FORMAT else "train the model anew")
        )
    missing = [field for field in _FIELDS if field not in manifest]
    if missing:
        raise ArtifactError(f"{path}: missing {', '.join(missing)}")
    if digest(manifest) != manifest["sha256"]:
        raise ArtifactError(f"{path}: changed since the model was saved: its digest differs")
    try:
        return manifest, _checked_schema(manifest, str(path))
    except ValueError as err:
        raise ArtifactError(f"{path}: not a model of this version: {err}") from err


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without this digest, but with those of its files."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_files(folder: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a model by name, each proved by its digest.

    Raises
    ------
    ArtifactError
        When one is missing, no plain file of the folder, changed, or all are too large together.
    """
    files, room = {}, _MOST_BYTES
    for name, expected in digests.items():
        path = folder / name
        try:
            data = read_plain(path, at_most=room)
        except OSError as err:
            raise ArtifactError(
                f"{path}: a file of the model cannot be read: {reason_of(err)}"
            ) from err
        if hashlib.sha256(data).hexdigest() != expected:
            raise ArtifactError(f"{path}: changed since the model was saved: its digest differs")
        files[name] = data
        room -= len(data)
    return files


def read_plain(path: Path, *, at_most: int) -> bytes:
    """Return the bytes of a plain file.

    A link to one is followed, since each file is a link in the cache of the Hugging Face hub; the
    digest proves what it leads to.

    Raises
    ------
    OSError
        When it cannot be read, is another thing than a file, or is too large.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a plain file")
    if status.st_size > at_most:
        raise OSError(f"it has {status.st_size:,} bytes, where {at_most:,} are allowed")
    with path.open("rb") as file:
        return file.read(status.st_size)


def _checked_schema(manifest: dict[str, Any], where: str) -> Schema:
    """Return the schema of a manifest whose fields are as they should be; else `ValueError`."""
    for field in _TEXTS:
        _check(isinstance(manifest[field], str), field, manifest[field], "a text")
    for field in _OBJECTS:
        _check(isinstance(manifest[field], dict), field, manifest[field], "an object {…}")
    _check_files(manifest["files"])
    _check_settings(manifest["settings"])
    _check_data(manifest["data"])
    try:
        schema = parse_schema(manifest["schema"], where="schema")
    except SchemaError as err:
        raise ValueError(str(err)) from err
    if schema.digest != manifest["schema_digest"]:
        raise ArtifactError(f"{where}: the schema is not the one of its schema_digest")
    _check_calibration(manifest["calibration"], schema.n_labels)
    _check_scores(manifest["scores"], schema)
    return schema


def _check_files(files: dict[str, Any]) -> None:
    if len(files) > _MOST_FILES:
        raise ValueError(f"files: {len(files)} of them; {_MOST_FILES} are allowed")
    for name, sha256 in files.items():
        if not _FILE.fullmatch(name):
            raise ValueError(f"files: {name!r:.80} is not the name of a file of its folder")
        is_digest = isinstance(sha256, str) and bool(_SHA256.fullmatch(sha256))
        _check(is_digest, f"files: {name}", sha256, "64 hexadecimal digits")


def _check_settings(settings: dict[str, Any]) -> None:
    n_folds = settings.get("n_folds")
    _check(_is_count(n_folds), "settings: n_folds", n_folds, "a whole number")
    length, overlap = settings.get("max_length", 0), settings.get("overlap", 0)
    _check(_is_count(length), "settings: max_length", length, "a whole number")
    is_share = type(overlap) in (int, float) and 0 <= overlap < 1
    _check(is_share, "settings: overlap", overlap, "a share of a window")
    features = settings.get("features")
    if features is None:  # a backend that reads texts in another way
        return
    is_complete = isinstance(features, dict) and features.keys() == _FEATURES.keys()
    _check(is_complete, "settings: features", features, f"an object of {', '.join(_FEATURES)}")
    for name, (low, high) in _FEATURES.items():
        value = features[name]
        is_one = _is_count(value) and low <= value <= high
        _check(is_one, f"settings: features: {name}", value, f"a whole number, {low} to {high}")
    lengths = features["char_min"], features["char_max"]
    _check(lengths[0] <= lengths[1], "settings: features: char_min", lengths[0], "up to char_max")


def _check_data(data: dict[str, Any]) -> None:
    _check(isinstance(data.get("digest"), str), "data: digest", data.get("digest"), "a text")
    for name in ("n_paragraphs", "n_articles"):
        _check(_is_count(data.get(name)), f"data: {name}", data.get(name), "a whole number")
    files = data.get("files")
    is_table = isinstance(files, dict) and all(isinstance(x, str) for x in files.values())
    _check(is_table, "data: files", files, "an object of names and digests")


def _check_calibration(fields: dict[str, Any], n_labels: int) -> None:
    method = fields.get("method")
    is_method = isinstance(method, list) and all(isinstance(name, str) for name in method)
    is_method = is_method and len(method or ()) == n_labels
    _check(is_method, "calibration: method", method, f"a list of {n_labels} names")
    for name in ("slope", "offset", "threshold"):
        numbers = fields.get(name)
        is_vector = _are_numbers(numbers) and len(numbers or ()) == n_labels
        _check(is_vector, f"calibration: {name}", numbers, f"a list of {n_labels} numbers")
    knots = fields.get("knots")
    _check(isinstance(knots, dict), "calibration: knots", knots, "an object {…}")
    columns = set(map(str, range(n_labels)))
    what = "two lists, as long as one another, of numbers that rise"
    for column, curve in (knots or {}).items():
        _check(column in columns, "calibration: knots", column, "the number of a label")
        _check(_is_curve(curve), f"calibration: knots: {column}", curve, what)


def _is_curve(value: object) -> bool:
    """Return whether a value is two lists of rising numbers, of the same length."""
    if not isinstance(value, list) or len(value) != 2 or not all(map(_are_numbers, value)):
        return False
    logits, calibrated = value
    return 0 < len(logits) == len(calibrated) and all(sorted(part) == part for part in value)


def _check_scores(scores: dict[str, Any], schema: Schema) -> None:
    signature = scores.get("signature")
    _check(isinstance(signature, str), "scores: signature", signature, "a text")
    for dimension in schema.dimensions:
        of_dimension = scores.get(dimension.id)
        is_object = isinstance(of_dimension, dict)
        _check(is_object, f"scores: {dimension.id}", of_dimension, "an object {…}")


def _are_numbers(value: object) -> bool:
    """Return whether a value is a list of numbers, none beyond what a calibration has."""
    return isinstance(value, list) and all(
        type(number) in (int, float) and abs(number) <= _MOST for number in value
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _check(is_right: bool, field: str, value: object, allowed: str) -> None:
    if not is_right:
        raise ValueError(f"{field} is {value!r:.60}; it must be {allowed}")
