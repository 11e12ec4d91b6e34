"""Files for the tests of inputs, in the current folder, and what is read of them."""

import json
from pathlib import Path
from typing import Any

from depeche.model.inputs.documents import Document, Failure
from depeche.model.inputs.inputs import Inputs

TEXT = "Le ministre a reçu son homologue pour parler de la paix dans la région."
ROWS = [{"id": f"n-{i}", "title": f"Titre {i}", "text": f"{TEXT} {i}"} for i in range(3)]


def write(path: str, content: bytes | str = TEXT) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def jsonl(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def documents(*paths: str, **settings: Any) -> list[Document]:
    items = list(Inputs(paths, **settings))
    assert [item for item in items if isinstance(item, Failure)] == []
    return [item for item in items if isinstance(item, Document)]


def ids(*paths: str, **settings: Any) -> list[str]:
    return [document.id for document in documents(*paths, **settings)]


def outcomes_of(*paths: str, **settings: Any) -> list[str]:
    """Return what becomes of each input: the id of its document, or its failure."""
    items = list(Inputs(paths, **settings))
    for item in items:
        assert item.where.isprintable()
        if isinstance(item, Failure):
            assert item.reason.isprintable()
            assert item.where not in item.reason
    return [x.id if isinstance(x, Document) else f"{x.where}: {x.reason}" for x in items]
