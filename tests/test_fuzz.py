"""Any bytes end in a record or in one clear error."""

import random
import time

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from labels.errors import InputError
from model import load_model
from model.reading import FORMS, Form, parse_article
from model.tagging import SHIPPED

MODEL = load_model(SHIPPED)
SOURCES = [
    *((path.read_bytes(), FORMS[".txt"]) for path in sorted((ROOT / "seeds").glob("*.txt"))),
    *(
        (path.read_bytes(), FORMS[".html"])
        for path in sorted((ROOT / "tests" / "gold" / "pages").glob("*.html"))
    ),
]


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
    record = MODEL.tag(article)
    for passage in record["paragraphs"] + record["skipped"]:
        assert article.text[passage["start"] : passage["end"]] == passage["text"]


def mutated(rng: random.Random) -> tuple[bytes, Form | None]:
    """Return a seed or a page with some bytes changed, dropped, doubled or moved."""
    source, form = rng.choice(SOURCES)
    data = bytearray(source)
    for _ in range(rng.randrange(1, 12)):
        at, n = rng.randrange(len(data) + 1), rng.randrange(1, 400)
        change = rng.randrange(5)
        if change == 0:
            data[at : at + n] = b""
        elif change == 1:
            data[at:at] = data[at : at + n] * rng.randrange(1, 5)
        elif change == 2:
            data[at:at] = bytes(rng.randrange(256) for _ in range(n // 20 + 1))
        elif change == 3:
            data[at:at] = rng.choice(
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
def test_twenty_thousand_mutated_inputs_end_in_a_record_or_one_error_without_hanging() -> None:
    rng = random.Random(1)
    for _ in range(20_000):
        data, form = mutated(rng)
        start = time.monotonic()
        tag(data, form)
        assert time.monotonic() - start < 10, (form, data[:200])
