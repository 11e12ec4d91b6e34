"""Any bytes end in a record or in one clear error."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from depeche import load_model
from depeche.labels.errors import InputError
from depeche.model.reading.reader import FORMS, Form, parse_article
from depeche.model.tagging import SHIPPED

MODEL = load_model(SHIPPED)
TEXTS = sorted((ROOT / "seeds").glob("*.txt"))
PAGES = sorted((ROOT / "tests" / "gold" / "pages").glob("*.html"))
SOURCES = [(path.read_bytes(), FORMS[path.suffix]) for path in (*TEXTS, *PAGES)]


def tag(data: bytes, form: Form | None) -> None:
    refusal = ""
    try:
        article = parse_article(data, id="x", form=form)
    except InputError as err:
        refusal = str(err)
    if refusal:
        assert refusal.startswith("x: ")
        assert "\n" not in refusal
        return
    record = MODEL.records([article])[0]
    for passage in record["paragraphs"] + record["skipped"]:
        assert article.text[passage["start"] : passage["end"]] == passage["text"]


def mutated(rng: random.Random) -> tuple[bytes, Form | None]:
    """Return a seed or a page with some bytes changed, dropped, doubled or moved."""
    source, form = rng.choice(SOURCES)
    data = bytearray(source)
    for _ in range(rng.randrange(1, 12)):
        start, n = rng.randrange(len(data) + 1), rng.randrange(1, 400)
        change = rng.randrange(5)
        if change == 0:
            data[start : start + n] = b""
        elif change == 1:
            data[start:start] = data[start : start + n] * rng.randrange(1, 5)
        elif change == 2:
            data[start:start] = bytes(rng.randrange(256) for _ in range(n // 20 + 1))
        elif change == 3:
            data[start:start] = rng.choice(
                [b"\n", b"\r", b"\xe2\x80\xa8", b"<", b"&#0;", b"\xff", b"</p>"]
            )
        else:
            cut = rng.randrange(len(data) + 1)
            data = data[cut:] + data[:cut]
    return bytes(data), rng.choice([form, form, form, None, "text", "html", "markdown"])


@given(st.binary(max_size=300), st.sampled_from([None, "text", "html", "markdown"]))
def test_random_bytes_end_in_a_record_or_one_error(data: bytes, form: Form | None) -> None:
    tag(data, form)


@given(st.text(max_size=300), st.sampled_from([None, "text", "html", "markdown"]))
def test_random_text_ends_in_a_record_or_one_error(text: str, form: Form | None) -> None:
    tag(text.encode("utf-8", "surrogatepass"), form)


def test_mutated_seeds_and_pages_end_in_a_record_or_one_error() -> None:
    rng = random.Random(0)
    for _ in range(300):
        tag(*mutated(rng))


@pytest.mark.slow
def test_ten_thousand_mutated_inputs_end_in_a_record_or_one_error_without_hanging() -> None:
    rng = random.Random(1)
    for _ in range(10_000):
        data, form = mutated(rng)
        start = time.monotonic()
        tag(data, form)
        assert time.monotonic() - start < 30, (form, data[:200])  # once, dateparser loads for 3 s


def is_text(data: bytes) -> bool:
    """Return whether bytes are in UTF-8 and without NUL: others are refused, at no cost."""
    return b"\0" not in data and data.decode("utf-8", "ignore").encode() == data


PEAK = """
import re, sys
from pathlib import Path
from depeche import load_model
from depeche.model.reading.reader import read_article
from depeche.model.tagging import SHIPPED

def kilobytes():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

model, small, large = load_model(SHIPPED), *map(Path, sys.argv[1:3])
model.records([read_article(small)] * 200)  # what is fixed: imports, the model, its tables
before = kilobytes()
assert model.records([read_article(large)])[0]["paragraphs"]
print((kilobytes() - before) * 1024 / large.stat().st_size)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux states it")
@pytest.mark.parametrize("form", ["txt", "html"])
def test_mutated_megabytes_take_at_most_twenty_times_their_size(tmp_path: Path, form: str) -> None:
    rng = random.Random(2)
    small, large = tmp_path / f"small.{form}", tmp_path / f"large.{form}"
    for _ in range(3):
        data, wanted = b"", FORMS[f".{form}"]
        while len(data) < 1_500_000:
            piece, its_form = mutated(rng)
            data += piece if its_form == wanted and is_text(piece) else b"\n"
        small.write_bytes(next(source for source, its_form in SOURCES if its_form == wanted))
        large.write_bytes(data)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, small, large],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        assert float(done.stdout) < 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux states it")
@pytest.mark.parametrize("pump", ["word", "*a* ", "[a](b) ", "&eacute; "])
@pytest.mark.parametrize("form", ["txt", "md", "html"])
def test_one_line_of_megabytes_takes_bounded_memory(tmp_path: Path, form: str, pump: str) -> None:
    small, large = tmp_path / f"small.{form}", tmp_path / f"large.{form}"
    rng = random.Random(4)
    small.write_text("Le ministre a annoncé lundi un accord avec la Russie.")
    words = ("".join(rng.choices("aeilnorst", k=7)) for _ in range(700_000))
    line = " ".join(words) if pump == "word" else pump * (5_000_000 // len(pump))
    large.write_text(f"<html><body><article><p>{line}</p></article>" if form == "html" else line)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, small, large], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < (40 if form == "html" else 20)  # README says so
