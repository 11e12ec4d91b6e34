"""The champion: which promoted model is in use, as the list of promotions beside the models says.

```
mlruns/champion/promotions.json    {"format": 1, "promotions": [{…}, …]}, the last one in use;
                                   "rolling_back": true until all of a roll-back is done
mlruns/champion/0123456789abcdef/  a promoted model, named by the start of its SHA-256
```
The list is replaced by one rename, after the model that it names has arrived: at any moment it
names a complete model, the old one or the new.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from depeche.labels.errors import ArtifactError
from depeche.labels.formats.parsing import parse_json
from depeche.model.manifest import read_plain

FORMAT = 1
CHAMPION = Path("mlruns") / "champion"
PROMOTIONS = "promotions.json"
STORE_FILE = Path("mlruns") / "mlflow.db"  # of the runs that were promoted here

_MOST_BYTES = 1 << 20  # of the list
_FOLDER = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A run made champion: its model's folder and digest, its registry version and the moment."""

    folder: str
    run_id: str
    model_sha256: str
    version: str
    date: str


def read_promotions(store: Path) -> list[Promotion]:
    """Return the promotions of a folder of champions, oldest first; empty where none was made.

    Raises
    ------
    ArtifactError
        When the list cannot be read or is not one.
    """
    return _read(store)[0]


def is_rolling_back(store: Path) -> bool:
    """Return whether the last promotion of a list came back by a roll-back that did not finish."""
    return _read(store)[1]


def _read(store: Path) -> tuple[list[Promotion], bool]:
    path = store / PROMOTIONS
    try:
        text = read_plain(path, at_most=_MOST_BYTES).decode()
    except (FileNotFoundError, NotADirectoryError):
        return [], False
    except (OSError, UnicodeDecodeError) as err:
        raise ArtifactError(f"{path}: the list of promotions cannot be read: {err}") from err
    try:
        data = parse_json(text)
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}, but this version reads {FORMAT}")
        promotions = [Promotion(**entry) for entry in data["promotions"]]
        if not promotions:
            raise ValueError("no promotion in it")
        for promotion in promotions:
            if not all(isinstance(value, str) for value in asdict(promotion).values()):
                raise ValueError("a field is not a text")
            if not _FOLDER.fullmatch(promotion.folder):
                raise ValueError(f"{promotion.folder!r} is not the folder of a promoted model")
    except (ValueError, KeyError, TypeError) as err:
        raise ArtifactError(
            f"{path}: not a list of promotions: {err}; remove it to use the shipped model, and "
            "promote a run anew"
        ) from err
    return promotions, data.get("rolling_back") is True


def format_promotions(promotions: list[Promotion], *, rolling_back: bool = False) -> str:
    """Return what `read_promotions` and `is_rolling_back` read."""
    entries = [asdict(promotion) for promotion in promotions]
    data: dict[str, object] = {"format": FORMAT, "promotions": entries}
    data |= {"rolling_back": True} if rolling_back else {}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def resolve_champion(folder: Path) -> Path:
    """Return the folder of the model in use in a folder of champions; other folders as they are."""
    promotions = read_promotions(folder)
    return folder / promotions[-1].folder if promotions else folder


def check_owner(folder: Path) -> None:
    """Raise `ArtifactError` when a folder of champions, which nobody named, is another user's."""
    if not hasattr(os, "geteuid"):
        return
    for path in (folder, folder / PROMOTIONS):
        try:
            owner = path.stat().st_uid
        except OSError:  # there is no champion, or reading it will say what is wrong
            continue
        if owner not in (os.geteuid(), 0):
            raise ArtifactError(
                f"{folder}: belongs to another user, so its champion is not used unasked: give "
                f"--model {folder} to use it, or another --model"
            )


def find_promotion(folder: Path) -> Promotion | None:
    """Return the promotion in use whose model lies in a folder, None for any other model."""
    promotions = read_promotions(folder.parent)
    return promotions[-1] if promotions and promotions[-1].folder == folder.name else None
