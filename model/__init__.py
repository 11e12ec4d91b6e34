"""Text in, tags out: reads articles, scores their paragraphs, says why."""

from model.tagging import Model, load_model

__all__ = ["Model", "load_model"]
