"""Model folders from anyone: refused in one line that names file and field, whatever is in them."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Classify, put_no_file
from made_scorers import small_artifact

from depeche.labels.errors import ArtifactError
from depeche.labels.schema import read_schema
from depeche.model.artifact import load_artifact, save_artifact
from depeche.model.manifest import MANIFEST
from depeche.model.scoring.npy import format_npy
from depeche.model.tagging import Model


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small model."""
    folder = tmp_path_factory.mktemp("small") / "m"
    save_artifact(small_artifact(), folder, card="small")
    return folder


@pytest.fixture
def folder(small: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be forged."""
    return Path(shutil.copytree(small, tmp_path / "m"))


def signed(manifest: dict[str, Any]) -> str:
    """Return a manifest as a forger writes it, its digest right."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return json.dumps(rest | {"sha256": digest})


def forge(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    edit(manifest)
    (folder / MANIFEST).write_text(signed(manifest))


def forge_file(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    forge(folder, lambda m: m["files"].update({name: digest}))


def refusal(folder: Path) -> str:
    with pytest.raises(ArtifactError) as err:
        load_artifact(folder)
    message = str(err.value)
    assert str(folder) in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(folder))
    return message


STRANGE = ("/dev/zero", "/etc/hostname", "../m/bias.npy", "sub/bias.npy", "..", ".", "", "a\0b")


@pytest.mark.parametrize("name", [*STRANGE, "b" * 300])
def test_files_of_a_manifest_are_names_in_its_folder(folder: Path, name: str) -> None:
    forge(folder, lambda m: m["files"].update({name: "0" * 64}))
    assert "is not the name of a file of its folder" in refusal(folder)


@pytest.mark.parametrize("inside", ["files", "manifest"])
@pytest.mark.parametrize("what", ["fifo", "device", "folder", "sparse", "missing"])
def test_what_is_no_plain_file_of_the_folder_is_refused_unread(
    folder: Path, what: str, inside: str
) -> None:
    path = folder / ("bias.npy" if inside == "files" else MANIFEST)
    path.unlink()
    if what in ("fifo", "device", "folder"):
        put_no_file(path, what)
    elif what == "sparse":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    expected = {"sparse": "bytes, where", "missing": "No such file"}
    message = refusal(folder)
    assert expected.get(what, "not a plain file") in message
    assert path.name in message


def test_more_files_than_a_model_has_are_refused(folder: Path) -> None:
    forge(folder, lambda m: m["files"].update({f"f{i}": "0" * 64 for i in range(5000)}))
    assert "files: 5013 of them" in refusal(folder) or "of them; 64" in refusal(folder)


def test_folder_of_links_as_a_hub_caches_it_is_a_model(folder: Path) -> None:
    kept = folder.parent / "blobs"
    kept.mkdir()
    for path in list(folder.iterdir()):
        path.rename(kept / path.name)
        path.symlink_to(kept / path.name)
    assert load_artifact(folder).schema.digest == read_schema().digest


def test_link_to_a_file_that_is_none_of_the_model_is_refused(folder: Path) -> None:
    (folder.parent / "private").write_text("kept secret")
    (folder / "bias.npy").unlink()
    (folder / "bias.npy").symlink_to(folder.parent / "private")
    message = refusal(folder)
    assert "bias.npy: changed since the model was saved" in message
    assert "secret" not in message


WRONG: list[Any] = [None, [], {}, "text", True, -1, 10**400, 1e300, [[]], {"a": {}}, [None] * 7]
FIELDS = [
    "name", "version", "backend", "schema", "schema_digest", "settings", "calibration", "data",
    "scores", "files", "settings.n_folds", "settings.features", "settings.features.table_bits",
    "settings.features.char_max", "settings.overlap", "settings.max_length", "data.digest",
    "data.files", "data.n_paragraphs", "data.n_articles", "calibration.method",
    "calibration.slope", "calibration.offset", "calibration.threshold", "calibration.knots",
    "calibration.knots.0", "scores.signature", "scores.topics", "scores.stance",
    "schema.name", "schema.version", "schema.dimension", "files.bias.npy",
]  # fmt: skip
FINE = {  # a value that a field may have after all
    ("name", "text"), ("version", "text"), ("data.digest", "text"), ("data.files", "{}"),
    ("calibration.knots", "{}"), ("scores.signature", "text"), ("schema.name", "text"),
    ("scores.topics", "{}"), ("scores.stance", "{}"), ("settings.features", "None"),
    ("files", "{}"), ("scores.topics", "{'a': {}}"), ("scores.stance", "{'a': {}}"),
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_field_of_a_wrong_type_or_beyond_its_bounds_is_named(folder: Path, field: str) -> None:
    unchanged = (folder / MANIFEST).read_text()
    first, _, rest = field.partition(".")
    parts = [first, rest] if first == "files" and rest else field.split(".")
    for value in WRONG:
        (folder / MANIFEST).write_text(unchanged)
        if (field, str(value)) in FINE:
            continue

        def edit(manifest: dict[str, Any], value: Any = value) -> None:
            fields = manifest
            for part in parts[:-1]:
                fields = fields[part]
            fields[parts[-1]] = value

        forge(folder, edit)
        assert parts[-1] in refusal(folder) or parts[0] in refusal(folder), value


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "1e99", "-1e10", '"1"', "null", "true"]
)
@pytest.mark.parametrize("field", ["slope", "offset", "threshold"])
def test_calibration_of_what_is_no_number_is_refused(folder: Path, field: str, number: str) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        manifest["calibration"][field][0] = json.loads(number)

    forge(folder, edit)
    message = refusal(folder)
    assert MANIFEST in message
    assert field in message or "number" in message


@pytest.mark.parametrize("curve", [[[], []], [[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0], [0, 1]]])
def test_curve_that_does_not_rise_is_refused(folder: Path, curve: list[list[float]]) -> None:
    forge(folder, lambda m: m["calibration"]["knots"].update({"0": curve}))
    assert "knots: 0" in refusal(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "within one another"),
        ('{"a":' * 100_000, "within one another"),
        ('{"format": 4, "x": ' + "[" * 500 + "]" * 500 + "}", "within one another"),
        ('{"format": 4, "format": 4}', "'format' stands twice"),
        ('{"format": 4, "name": "\\ud800"}', "half of a character"),
        ('{"format": ' + "9" * 5000 + "}", "4300 digits"),
        ('{"format": true}', "not the manifest of a model"),
        ("[]", "not the manifest of a model"),
        ("\ufeff{}", "not JSON"),
        ("", "not JSON"),
    ],
)
def test_manifest_that_is_no_data_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    assert message in refusal(folder)


def npy(shape: str, dtype: str, data: bytes) -> bytes:
    """Return an array's file that says what it likes of its shape and type."""
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    "data",
    [
        npy("(10**11,)", "'<f4'", b""),
        npy("(100000000000,)", "'<f4'", b"\0" * 28),
        npy("(-7,)", "'<f4'", b"\0" * 28),
        npy("(-1, -7)", "'<f4'", b"\0" * 28),
        npy("(7, 0, 99999999999999999999999)", "'<f4'", b""),
        npy("(7,)", "'<f8'", b"\0" * 56),
        npy("(7,)", "'|O'", b"\0" * 56),
        npy("(7,)", "'|V2147483647'", b"\0" * 56),
        npy("(7,)", "[('a', '<f4')]", b"\0" * 28),
        npy("(7,)", "(" * 9000, b""),
        npy("(6,)", "'<f4'", b"\0" * 24),
        npy("(7,)", "'<f4'", b"\0" * 29),
        format_npy(np.full(7, np.nan, np.float32)),
        format_npy(np.array([np.inf] * 7, np.float32)),
        b"\x93NUMPY\x09\x00",
        b"\x80\x04cos\nsystem\n",
        b"PK\x03\x04",
        b"",
    ],
    ids=lambda data: hashlib.sha256(data).hexdigest()[:6],
)
def test_array_that_is_not_what_it_says_is_refused(folder: Path, data: bytes) -> None:
    forge_file(folder, "bias.npy", data)
    refusal(folder)


def test_held_out_scores_above_one_and_sorted_digests_of_another_shape_are_refused(
    folder: Path,
) -> None:
    scores = np.lib.format.read_array(io.BytesIO((folder / "held_out_proba.npy").read_bytes()))
    forge_file(folder, "held_out_proba.npy", format_npy(scores + np.uint16(20_000)))
    refusal(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a bound on memory, as Linux has")
def test_model_larger_than_the_memory_is_one_line(folder: Path, tmp_path: Path) -> None:
    with (folder / "weights.npy").open("wb") as file:
        file.truncate(1_900_000_000)
    (tmp_path / "a.txt").write_text("Un accord a été signé.")
    done = subprocess.run(
        ["bash", "-c", f"ulimit -v 1500000; {sys.executable} -m depeche.classify a.txt --model m"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "takes more memory than there is" in done.stderr


def test_hostile_model_is_one_line_of_the_command(
    folder: Path, tmp_path: Path, classify: Classify
) -> None:
    forge(folder, lambda m: m["files"].update({str(tmp_path / "fifo"): "0" * 64}))
    os.mkfifo(tmp_path / "fifo")
    for command in (("info",), ("tag", "-")):
        done = classify(*command, "--model", "m")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(
    find_spec("onnxruntime") is None or find_spec("tokenizers") is None,
    reason="needs the extra onnx",
)
@pytest.mark.parametrize("tokenizer", ["", "{}", "[" * 100_000, '{"model": 1}', "\ufeff", "é"])
def test_encoder_that_is_none_is_refused(folder: Path, tokenizer: str) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        manifest["backend"] = "camembert"
        manifest["settings"] |= {"max_length": 64, "overlap": 0.25}

    forge(folder, edit)
    assert "encoder.onnx" in refusal(folder) or "is missing" in refusal(folder)
    forge_file(folder, "encoder.onnx", b"\x08\x07garbage")
    forge_file(folder, "tokenizer.json", tokenizer.encode())
    refusal(folder)


def test_forged_model_that_is_in_order_tags(folder: Path) -> None:
    forge(folder, lambda m: m.update(name="another"))
    record = Model(load_artifact(folder)).tag(["Un accord a été signé lundi."])[0]
    assert record["model"]["name"] == "another"
