"""The plots of an evaluation: which there are, for any schema and any name."""

import io
from dataclasses import replace

import numpy as np
import pytest
from made_evaluations import SCHEMAS, Case, N, case_of, without
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from depeche.labels.schema import parse_schema
from depeche.train.evaluation.metrics import N_BINS, calibration_error, equal_mass_bins
from depeche.train.reports.plots import plots


@pytest.fixture(params=SCHEMAS)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.fixture
def two() -> Case:
    return case_of("two dimensions")


def test_plots_have_a_file_for_each_dimension(case: Case) -> None:
    expected = {"learning_curve.png"}
    for d in case.schema.dimensions:
        first = "precision_recall" if d.kind == "multi" else "confusion"
        expected |= {f"{first}_{d.id}.png", f"reliability_{d.id}.png"}
    assert case.figures.keys() == expected


def test_learning_curve_is_plotted_only_where_it_was_measured(two: Case) -> None:
    assert "learning_curve.png" in two.figures
    assert "learning_curve.png" not in plots(two.scored, None)
    assert "learning_curve.png" not in plots(two.scored, without(two, "learning").evaluation)


def test_plots_have_a_panel_for_each_label(case: Case) -> None:
    for d in case.schema.dimensions:
        shown = [axes.get_title() for axes in case.figures[f"reliability_{d.id}.png"].axes]
        assert [title for title in shown if title] == [label.fr for label in d.labels]


def test_bins_of_equal_mass_give_the_calibration_error() -> None:
    rng = np.random.default_rng(1)
    proba = rng.random(100)
    y = (rng.random(100) < proba).astype(np.int64)
    bins = equal_mass_bins(proba)
    assert [len(rows) for rows in bins] == [7] * 10 + [6] * (N_BINS - 10)
    by_hand = sum(len(r) * abs(proba[r].mean() - y[r].mean()) for r in bins) / 100
    assert calibration_error(proba, y) == pytest.approx(by_hand)
    assert len(equal_mass_bins(proba[:4])) == 4


NAMES = [
    "a $x$ b",
    "$",
    "$$",
    "$_{^",
    "\\frac{a}{b}",
    r"\$5",
    "100 %",
    "x^{2}_",
    "{",
    "a\\",
    "€ & <b>",
    "名前 😀",
    "x" * 5000,
    "mot " * 500,
    "\u202eabc\u200b",
    "e\u0301\u0301\u0301",
    "a|b`c`",
]


@pytest.mark.parametrize("kind", ["multi", "single"])
def test_names_of_any_kind_are_drawn_as_they_are(kind: str, two: Case) -> None:
    labels = [
        {**dict.fromkeys(("en", "definition"), "x"), "id": f"l{i}", "fr": name, "keywords": []}
        for i, name in enumerate(NAMES)
    ]
    data = {"id": "d", "kind": kind, "fr": "$\\alpha" * 900, "en": "x", "label": labels}
    schema = parse_schema({"name": "$n", "version": 1, "dimension": [data]}, where="test")
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(len(NAMES)), N)
    Y = np.eye(len(NAMES), dtype=np.int64)[rng.integers(0, len(NAMES), N)]
    scored = replace(
        two.scored,
        labels=replace(two.scored.labels, schema=schema),
        Y=Y,
        logits=np.log(proba),
        proba=proba,
        given=Y > 0,
    )
    figures = plots(scored, {"learning": {"points": [{"n": 9, "d": 0.5}], "next": {"d": 0.1}}})
    for figure in figures.values():
        figure.savefig(io.BytesIO(), format="png", dpi=40)  # warnings are errors
        for text in figure.findobj(Text):
            assert not is_math_text(text.get_text())
    titles = [axes.get_title() for axes in figures["reliability_d.png"].axes]
    assert titles[0] == r"a \$x\$ b"  # which is drawn without the backslashes
    assert titles[3] == r"\$_{^"
