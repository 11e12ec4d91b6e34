"""The dialog in which the annotator writes a comment."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from depeche.labels.labelling.messages import Texts


class CommentScreen(ModalScreen[str | None]):
    """Asks for a comment; gives it, or None to leave it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "close")]

    def __init__(self, comment: str, texts: Texts) -> None:
        super().__init__(classes="dialog small")
        self._comment = comment
        self._texts = texts

    def compose(self) -> ComposeResult:
        """Lay the dialog out."""
        with Vertical() as box:
            box.border_title = self._texts.comment
            box.border_subtitle = self._texts.comment_hint
            yield Input(self._comment, select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the comment back."""
        self.dismiss(event.value.strip())
