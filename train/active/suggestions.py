"""The suggestions of a model for paragraphs."""

from __future__ import annotations

from depeche.labels.labelling.queue import Suggestion
from depeche.model.tagging import Model


class Suggestions:
    """Suggests labels for a text; keeps the last suggestions, because a screen asks often."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._last: dict[str, Suggestion] = {}

    def __call__(self, text: str) -> Suggestion:
        """Return the suggestion for a text."""
        if text not in self._last:
            if len(self._last) > 1:
                self._last.pop(next(iter(self._last)))
            self._last[text] = self._suggest(text)
        return self._last[text]

    def _suggest(self, text: str) -> Suggestion:
        proba = self._model.predict_proba([text])
        given = self._model.decisions.given(proba)[0]
        columns = self._model.schema.columns()
        return Suggestion(
            labels={
                d.id: tuple(x for x, yes in zip(d.label_ids, given[span], strict=True) if yes)
                for d, span in columns
            },
            scores={
                d.id: dict(zip(d.label_ids, proba[0, span].tolist(), strict=True))
                for d, span in columns
            },
        )
