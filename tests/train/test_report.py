"""The reports and plots: all that an evaluation holds, for any schema, and nothing unescaped."""

import html
import re
import time
from typing import Any

import pytest
from made_evaluations import SCHEMAS, Case, case_of, without
from markdown_it import MarkdownIt
from matplotlib.figure import Figure

from depeche.labels.errors import SchemaError
from depeche.labels.schema import parse_schema
from depeche.train.reports.card import _labels
from depeche.train.reports.html import _marked, html_report
from depeche.train.reports.markdown import markdown_report
from depeche.train.reports.parts import percent


@pytest.fixture(params=SCHEMAS)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.fixture
def two() -> Case:
    return case_of("two dimensions")


def page(case: Case, **changes: Any) -> str:
    return html_report(case.evaluation | changes, case.schema, title="Un <titre>", figures={})


def markdown(case: Case, **changes: Any) -> str:
    return markdown_report(case.evaluation | changes, case.schema, title="Un <titre>")


def titles_of_page(text: str) -> list[str]:
    return [html.unescape(title) for title in re.findall(r"<h2[^>]*>(.*?)</h2>", text)]


def test_both_formats_have_the_same_sections_in_order(case: Case) -> None:
    titles = titles_of_page(page(case))
    assert re.findall(r"(?m)^## (.*)$", markdown(case)) == titles
    order = ["Scores", "Labels", "Calibration", "Leakage", "By source"]
    assert [title for title in titles if title in order] == order


def test_every_label_has_a_row_with_its_french_name_and_scores(case: Case) -> None:
    md, web = markdown(case), page(case)
    for dimension in case.schema.dimensions:
        for label in dimension.labels:
            scores = case.evaluation[dimension.id]["labels"][label.id]
            first = f"{scores['precision']:.3f}"
            assert f"| {label.fr} (`{label.id}`) | {first} |" in md
            name = f'<span lang="fr">{label.fr}</span> <small>{label.id}</small>'
            assert f'<tr><th scope="row">{name}</th><td>{first}</td>' in web


def test_baselines_are_those_of_the_evaluation(case: Case) -> None:
    has_keywords = "keywords" in case.evaluation["baselines"]
    for text in (markdown(case), page(case)):
        assert "F1 of constant" in text
        assert ("F1 of keywords" in text) == has_keywords


def test_headline_has_score_interval_signature_and_size(two: Case) -> None:
    low, high = two.evaluation["intervals"]["t"]["micro_f1"]
    md = markdown(two)
    score = f"{two.evaluation['t']['micro_f1']:.3f}"
    assert f"| Question t (`t`) | micro F1 | {score} | {low:.3f} to {high:.3f} |" in md
    assert "60 paragraphs of 30 articles, each scored by a model that was fitted without it" in md
    assert "Signature: `data:abc|n:60`" in md


def test_numbers_are_written_alike(two: Case) -> None:
    md = markdown(two)
    assert (
        "500 more paragraphs of the same kind would raise Question t (t) by about 0.4 point" in md
    )
    assert "| Question t (`t`) | 0.800 | 0.788 | +1.2 |" in md
    assert "| Nom t0 (`t0`) | – | 37 % | – | 37 % |" in md
    assert "| Nom s0 (`s0`) | 12 % | 81 % | 12 % | 81 % |" in md
    shown = [percent(x) for x in (0, 0.001, 0.8, 0.999, 1, None)]
    assert shown == ["0 %", "< 1 %", "80 %", "> 99 %", "100 %", "–"]


def test_precision_is_not_promised_where_exactly_one_label_is_given() -> None:
    case = case_of("one of six, no keywords")
    assert "A precision is asked for" not in markdown(case)
    assert "A coverage is asked for" in markdown(case)


def test_sections_of_a_training_are_absent_for_an_existing_model(two: Case) -> None:
    evaluated = without(two, "promises", "leakage", "learning")
    left_out = {"Decisions: what was asked for and what was reached", "Leakage"}
    left_out |= {"What more labels would bring"}
    before, after = titles_of_page(page(two)), titles_of_page(page(evaluated, n_seen=0))
    assert set(before) - set(after) == left_out
    assert "none of which the model was trained on" in page(evaluated, n_seen=0)


def test_paragraphs_that_the_model_knows_are_said_first(two: Case) -> None:
    for text in (markdown(two, n_seen=7, n_paragraphs=60), page(two, n_seen=7, n_paragraphs=60)):
        assert text.index("not out of sample") < text.index("Measured on")
        assert "trained on 7 of these 60 paragraphs" in text
        assert "fitted without it" not in text


def test_warnings_come_before_the_labels_and_only_when_there_are_any(two: Case) -> None:
    assert "Warnings" not in titles_of_page(page(two, warnings=[]))
    titles = titles_of_page(page(two, warnings=["t0: only 3 <paragraphs> have it"]))
    assert titles[:3] == ["Scores", "Warnings", "Labels"]
    assert "t0: only 3 &lt;paragraphs&gt; have it" in page(
        two, warnings=["t0: only 3 <paragraphs> have it"]
    )


def test_page_escapes_all_that_is_read(two: Case) -> None:
    web = page(two)
    assert "<script" not in web
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in web
    assert "<titre>" not in web
    assert "journal<b>" not in web
    assert "p<0>" not in web


def test_markdown_escapes_all_that_is_read(two: Case) -> None:
    md = markdown(two)
    assert not re.search(r"(?<!\\)<script", md)
    shown = (
        r"Le \<script\>alert('x')\</script\> dit \& \*crie\* \| \`fort\` \[ici\](http://x.fr/a.js)"
    )
    assert shown in md
    assert "# Un \\<titre\\>" in md


def test_markdown_tables_have_as_many_cells_in_every_row(case: Case) -> None:
    width = 0
    for line in markdown(case).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not width or cells in (0, width), line
        width = cells


def test_markdown_keeps_the_mistakes_in_one_list(two: Case) -> None:
    rendered = MarkdownIt("commonmark").enable("table").render(markdown(two))
    assert len(two.evaluation["errors"]) > 10
    assert rendered.count("<ol") == 1
    assert (
        "<blockquote>\n<p>Le &lt;script&gt;alert('x')&lt;/script&gt; dit &amp; *crie*" in rendered
    )


def test_page_needs_nothing_else(two: Case) -> None:
    figures = {name: Figure(figsize=(1, 1)) for name in two.figures}
    web = html_report(two.evaluation, two.schema, title="x", figures=figures)
    assert web.count('src="data:image/png;base64,') == len(figures)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', web)
    assert not re.findall(r"url\(|@import|<link|<script", web)


def test_links_of_the_page_have_targets_and_ids_are_unique(case: Case) -> None:
    web = page(case)
    ids = re.findall(r' id="([^"]+)"', web)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', web)) <= set(ids)
    assert "<th>" not in web


def test_evidence_is_marked_strongest_first_with_its_sign_in_text(two: Case) -> None:
    web = page(two)
    assert '<mark class="pro s3" title="+2.3">fusée<sup>+</sup></mark>' in web
    assert '<mark class="con s1" title="−0.5">dit<sup>−</sup></mark>' in web
    assert ">à la fusée<sup>" not in web  # overlaps a stronger word
    assert '<span lang="fr">à la fusée</span> +1.1' in web


@pytest.mark.parametrize("field", ["name", "fr", "en"])
@pytest.mark.parametrize("sign", ["\n", "\t", "\x1b", "\x00", "\x7f", "\x9b"])
def test_name_with_a_control_character_is_refused(field: str, sign: str) -> None:
    labels = [dict.fromkeys(("id", "fr", "en", "definition"), x) for x in "ab"]
    dimension = {"id": "d", "kind": "single", "fr": "x", "en": "x", "label": labels}
    data = {"name": "n", "version": 1, "dimension": [dimension]}
    (data if field == "name" else labels[0])[field] = f"a{sign}b"
    with pytest.raises(SchemaError, match=f"{field} .* has a line break or another control"):
        parse_schema(data, where="test")
    labels[0]["definition"] = f"{'a'}\nb"
    (data if field == "name" else labels[0])[field] = "a b"
    assert parse_schema(data, where="test")


def test_card_shows_definitions_as_they_are() -> None:
    labels = [dict.fromkeys(("id", "en"), x) for x in "ab"]
    for label in labels:
        label |= {"fr": "*x* <b>", "definition": "# Un\n\n<script>alert(1)</script> | `x` $y$"}
    dimension = {"id": "d", "kind": "single", "fr": "x", "en": "x", "label": labels}
    data = {"name": "n", "version": 1, "dimension": [dimension]}
    shown = _labels(parse_schema(data, where="test"))
    rendered = MarkdownIt("commonmark").render(shown)
    assert "<script>" not in rendered
    assert "<h1>" not in rendered
    assert rendered.count("<li>") == 2


@pytest.mark.slow
def test_one_word_many_times_is_marked_in_time_that_grows_with_the_text() -> None:
    def seconds(n: int) -> float:
        start = time.process_time()
        assert "".join(_marked("mot " * n, [("mot", 1.0)])).count("<mark") == n
        return time.process_time() - start

    seconds(1000)
    assert seconds(160_000) < 14 * max(seconds(16_000), 0.1)
