"""Tags French news: `load_model()` gives a `Model`, whose `tag` gives the record of a text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from depeche.model.tagging import Model, load_model

__all__ = ["Model", "load_model"]

if not (_here := Path(__file__).parent).joinpath("model").is_dir():
    __path__.append(str(_here.parent))  # in a checkout, model/ and the others lie beside us


def __getattr__(name: str) -> Any:
    """Return a name of `__all__`; what it needs is imported only then."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from depeche.model import tagging

    return getattr(tagging, name)
