"""Settings: what a file may hold, and that what is written is read back."""

import os
from pathlib import Path

import pytest
from conftest import Classify

from depeche.labels.errors import SettingsError
from depeche.model.scoring.features import FeatureSettings
from depeche.train import Split
from depeche.train.tfidf.settings import (
    TrainSettings,
    parse_settings,
    read_settings,
    write_settings,
)


def test_written_settings_are_read_back(tmp_path: Path) -> None:
    settings = TrainSettings(
        seed=3, split=Split.date, penalty_c=2.5, features=FeatureSettings(char_min=2)
    )
    write_settings(settings, tmp_path / "new" / "s.json")
    assert read_settings(tmp_path / "new" / "s.json") == settings
    assert parse_settings({"penalty_c": 3}, where="x") == TrainSettings(penalty_c=3.0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("[1]", "s.json: [1] stands where an object of settings must"),
        ("{", "s.json: not JSON"),
        ('{"penalty": 1}', "s.json: unknown setting 'penalty'; settings are features, min_df,"),
        ('{"min_df": 1.5}', "s.json: min_df is 1.5; give a whole number from 1 to 10000"),
        ('{"min_df": true}', "s.json: min_df is True; give a whole number"),
        ('{"penalty_c": NaN}', "s.json: not JSON (NaN is no number)"),
        ('{"penalty_c": "1"}', "s.json: penalty_c is '1'; give a number"),
        ('{"split": ["date"]}', "s.json: split is ['date']; splits are article, source, date"),
        ('{"features": {"bits": 1}}', "s.json: unknown setting 'bits'; settings are char_max"),
        ('{"features": {"char_min": 7}}', "s.json: char_min is 7, above char_max, which is 6"),
    ],
)
def test_bad_settings_are_one_line(data: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(data)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "s.json")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_are_not_written_through_a_link_that_waits_for_them(tmp_path: Path) -> None:
    path, dear = tmp_path / "tuned.json", tmp_path / "dear"
    dear.write_text("dear to its owner\n")
    path.with_name(f"{path.name}.{os.getpid()}.tmp").symlink_to(dear)
    write_settings(TrainSettings(seed=3), path)
    assert dear.read_text() == "dear to its owner\n"
    assert read_settings(path).seed == 3


def test_train_refuses_a_bad_settings_file_before_the_training(classify: Classify) -> None:
    done = classify("train", "--settings", "missing.json")
    assert (done.returncode, done.stderr) == (
        1,
        "classify: missing.json: cannot read the settings: No such file or directory\n",
    )
