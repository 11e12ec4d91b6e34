"""What the settings of all backends share: their protocol, and how their JSON is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from depeche.labels.errors import SettingsError
from depeche.labels.formats.parsing import parse_json
from depeche.train import Split

# The kind, the least and the greatest value of each number. What lies beyond is a slip of the pen,
# not a choice.
Bounds = Mapping[str, tuple[type[int] | type[float], float, float]]


class Settings(Protocol):
    """What the settings of every backend have."""

    @property
    def seed(self) -> int:
        """Governs all that is drawn."""

    @property
    def n_folds(self) -> int:
        """Folds that are scored out of fold."""

    @property
    def split(self) -> Split:
        """What the folds keep together."""

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready data."""


def read_json(path: Path) -> object:
    """Return what a JSON file of settings holds, for `parse_settings` or another backend's.

    Raises
    ------
    SettingsError
        When the file cannot be read or is not JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise SettingsError(f"{path}: cannot read the settings: {err.strerror}") from err
    except ValueError as err:
        raise SettingsError(f"{path}: not JSON ({err}); classify tune writes such files") from err


def parse_object(data: object, allowed: set[str], *, where: str) -> dict[str, Any]:
    """Return a copy of a JSON object, all of whose keys are allowed."""
    if not isinstance(data, dict):
        raise SettingsError(f"{where}: {data!r:.60} stands where an object of settings must")
    unknown = sorted(set(data) - allowed)
    if unknown:
        raise SettingsError(
            f"{where}: unknown setting {unknown[0]!r}; settings are {', '.join(sorted(allowed))}"
        )
    return dict(data)


def parse_split(split: object, *, where: str) -> Split:
    """Return the split of that name."""
    if split not in list(Split):
        raise SettingsError(f"{where}: split is {split!r}; splits are {', '.join(Split)}")
    return Split(str(split))


def parse_numbers(values: Mapping[str, Any], bounds: Bounds, *, where: str) -> dict[str, Any]:
    """Return numbers, each of its kind and within its bounds."""
    return {
        key: _number(value, *bounds[key], where=f"{where}: {key}") for key, value in values.items()
    }


def _number(
    value: object, kind: type[int] | type[float], low: float, high: float, *, where: str
) -> float:
    """Return a number of the kind within its bounds."""
    allowed = int if kind is int else int | float
    if isinstance(value, allowed) and not isinstance(value, bool) and low <= value <= high:
        return kind(value)
    name = "a whole number" if kind is int else "a number"
    raise SettingsError(f"{where} is {value!r:.60}; give {name} from {low:g} to {high:.10g}")
