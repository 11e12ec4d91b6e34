"""Numbers that no option takes: refused in a line, before any work."""

import pytest
from conftest import ROOT
from typer.testing import CliRunner

from depeche.classify import app

LABELS = ["--labels", str(ROOT / "labels" / "seeds.jsonl")]
ENCODER = ["train", *LABELS, "--backend", "camembert", "--base", "none"]
PLAIN = ["train", *LABELS]
TUNE = ["tune", *LABELS]
AUDIT = ["audit", str(ROOT / "labels" / "seeds.jsonl")]
OPTIONS = [
    *((PLAIN, "--seed"), (PLAIN, "--folds"), (ENCODER, "--seed"), (ENCODER, "--folds")),
    *((ENCODER, "--epochs"), (ENCODER, "--batch-size"), (ENCODER, "--learning-rate")),
    *((ENCODER, "--max-length"), (TUNE, "--seed"), (TUNE, "--folds"), (TUNE, "--trials")),
    *((AUDIT, "--seed"), (["serve"], "--port"), (["ui"], "--port")),
    (["label", "x", *LABELS, "--annotator", "a"], "--seed"),
]


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_number_out_of_range_is_refused_before_the_work(command: list[str], option: str) -> None:
    for value in ("-1", "nan", "inf", "-inf", "1e-300", "1e300", str(10**20), str(2**32), "", "½"):
        done = CliRunner().invoke(app, [*command, option, value], env={"MLFLOW_TRACKING_URI": ""})
        assert done.exit_code in (1, 2), (option, value, done.output)
        assert isinstance(done.exception, SystemExit), (option, value)
        assert "paragraphs of" not in done.output
        said = done.output.replace("\n", " ")
        assert option.strip("-").split("-")[0] in said
