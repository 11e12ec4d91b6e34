"""The champion: which promoted model is in use, as the list of promotions beside the models says.

```
mlruns/champion/promotions.json    {"format": 1, "promotions": [{…}, …]}, the last one in use
mlruns/champion/0123456789abcdef/  a promoted model, named by the start of its SHA-256
```
The list is replaced whole, after the model that it names has arrived: at any moment it names a
complete model, the old one or the new.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from labels.errors import ArtifactError

FORMAT = 1
CHAMPION = Path("mlruns") / "champion"
PROMOTIONS = "promotions.json"

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
    path = store / PROMOTIONS
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as err:
        raise ArtifactError(f"{path}: the list of promotions cannot be read: {err}") from err
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r}, but this version reads {FORMAT}")
        found = [Promotion(**entry) for entry in data["promotions"]]
        if not found:
            raise ValueError("no promotion in it")
        for promotion in found:
            if not all(isinstance(value, str) for value in asdict(promotion).values()):
                raise ValueError("a field is not a text")
            if not _FOLDER.fullmatch(promotion.folder):
                raise ValueError(f"{promotion.folder!r} is not the folder of a promoted model")
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise ArtifactError(
            f"{path}: not a list of promotions: {err}; remove it to use the shipped model, and "
            "promote a run anew"
        ) from err
    return found


def format_promotions(promotions: list[Promotion]) -> str:
    """Return what `read_promotions` reads."""
    data = {"format": FORMAT, "promotions": [asdict(promotion) for promotion in promotions]}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def resolve_champion(folder: Path) -> Path:
    """Return the folder of the model in use, for a folder of champions; another one as it is."""
    promotions = read_promotions(folder)
    return folder / promotions[-1].folder if promotions else folder


def find_promotion(folder: Path) -> Promotion | None:
    """Return the promotion in use whose model lies in a folder, None for any other model."""
    promotions = read_promotions(folder.parent)
    return promotions[-1] if promotions and promotions[-1].folder == folder.name else None
