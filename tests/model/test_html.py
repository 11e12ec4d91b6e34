"""The report of a batch as a page: what it shows, and that nothing in the data can do anything."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depeche.model.outputs.html import CHUNK, write_page
from depeche.model.outputs.html_data import inert_json

if TYPE_CHECKING:
    pass


from made_pages import SCHEMA, blocks, make_record, page_of, twelve


@given(st.text(st.characters(codec=None)))
def test_text_survives_and_is_inert(text: str) -> None:
    written = inert_json({"text": text})
    assert not set(written) & set("<>&\u2028\u2029\r\n")
    written.encode()
    assert json.loads(written) == {"text": text}


def test_same_records_give_the_same_bytes_and_blocks_hold_them_in_order() -> None:
    records = [
        make_record(SCHEMA, [f"p{i}"], {"s": "s0"}, id=f"a{i}") for i in range(2 * CHUNK + 1)
    ]
    page = page_of(records)
    assert page == page_of(records)
    assert [x for b in blocks(page, "index") for x in b["id"]] == [r["id"] for r in records]
    assert [len(b) for b in blocks(page, "texts")] == [CHUNK, CHUNK, 1]


def test_policy_allows_the_one_script_and_the_one_style_only() -> None:
    page = page_of(twelve())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "<!--" not in content
    assert "innerHTML" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"source": "AFP", "site": "x.fr"}, "AFP"),
        ({"source": None, "site": "x.fr"}, "x.fr"),
        ({"id": "a/b/c.txt"}, "a/b"),
        ({"id": "a\\b\\c.txt"}, "a\\b"),
        ({"id": "c.txt"}, ""),
    ],
)
def test_source_is_the_column_else_the_site_else_the_folder(
    fields: dict[str, Any], source: str
) -> None:
    page = page_of([make_record(SCHEMA, ["p"], {"s": "s0"}, **fields)])
    assert blocks(page, "index")[0]["source"] == [source]


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2024-02-29", "2024-02-29"),
        ("2024-02-29T10:00:00Z", "2024-02-29"),
        ("2024-03", "2024-03"),
        ("2024", "2024"),
        ("2023-02-29", ""),
        ("20240229", ""),
        ("hier", ""),
        (None, ""),
    ],
)
def test_date_is_placed_in_time_as_far_as_it_says(date: str | None, day: str) -> None:
    page = page_of([make_record(SCHEMA, ["p"], {"s": "s0"}, date=date)])
    assert blocks(page, "index")[0]["day"] == [day]


def test_failures_are_counted_once_all_records_were_read() -> None:
    failed: list[str] = []

    def records() -> Iterator[dict[str, Any]]:
        yield twelve()[0]
        failed.append("b.txt")

    file = io.StringIO()
    write_page(records(), SCHEMA, file, title="Essai", n_failed=lambda: len(failed))
    assert blocks(file.getvalue(), "about")[0]["n_failed"] == 1
