"""How well pages in the manner of real sites are read never falls below its floors."""

import json
from pathlib import Path

import pytest

from benchmarks import page_scores
from depeche.model.reading.reader import read_article

PAGES = page_scores.pages()


def test_pages_are_read_no_worse_than_their_floors() -> None:
    floors = json.loads(page_scores.FLOORS.read_text())
    assert floors["pages"] == page_scores.digest_of_pages(), (
        "the pages have changed: python benchmarks/reading.py --floors"
    )
    scores = page_scores.score_pages(page_scores.read_ours, PAGES)
    assert {name: s for name, s in scores.items() if s < floors["floors"][name]} == {}
    assert scores["segment_f1"] >= 0.95
    assert scores["word_precision"] >= 0.97


def test_gate_has_many_pages_and_knows_a_bad_reader() -> None:
    assert len(PAGES) >= 30
    nothing = page_scores.score_pages(lambda _: page_scores.Reading(text=""), PAGES)
    assert set(nothing.values()) - {nothing["date"], nothing["author"]} == {0.0}
    everything = page_scores.score_pages(
        lambda path: page_scores.Reading(text=path.read_text(errors="replace")), PAGES
    )
    assert everything["segment_f1"] < 0.7


def test_floors_go_down_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_scores, "FLOORS", tmp_path / "floors.json")
    page_scores.write_floors({"title": 0.9, "date": 0.9}, lower=False)
    with pytest.raises(ValueError, match=r"give --lower to lower them: title"):
        page_scores.write_floors({"title": 0.8, "date": 0.95}, lower=False)
    page_scores.write_floors({"title": 0.8, "date": 0.95}, lower=True)
    assert json.loads(page_scores.FLOORS.read_text())["floors"] == {"title": 0.8, "date": 0.95}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_is_read_as_one_article(path: Path) -> None:
    article = read_article(path)
    gold = json.loads(path.with_suffix(".json").read_text())
    assert article.note is None
    assert (article.language, article.encoding) == ("fr", gold["encoding"])
    for passage in article.passages:
        assert article.text[passage.start : passage.end] == passage.text
