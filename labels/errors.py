"""All errors that Dépêche raises on purpose.

ClassifyError
├── UsageError         options that do not go together, which a command shows with its usage
├── SchemaError        a schema that is not one, or two schemas that differ
├── LabelsError        labelled paragraphs that break the format
├── InputError         a file, folder or text that cannot be read as an article
├── BatchError         a batch that cannot go on, or whose output belongs to another
├── ArtifactError      a model folder that is incomplete, altered or too new
├── SettingsError      a file of training settings that is not one
├── TrainingError      a training that cannot start, or whose model is not good enough
├── MissingExtraError  a library that only an extra installs
├── TrackingError      a store of MLflow that cannot be reached, or lacks what is asked for
├── ComparisonError    two runs that cannot be compared
└── PromotionError     a run that cannot become champion

A message says on one line where the fault is, what it is, what is allowed and what to do. An error
with several messages, such as the faults of a file, has each as an argument: a line break within an
argument belongs to a text in it, such as the name of a file, and does not start a message.
"""


class ClassifyError(Exception):
    """Root of the tree: an error that the user can mend, shown without a traceback."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the message."""
        return tuple(map(str, self.args))


class UsageError(ClassifyError):
    """Options that do not go together, which a command shows with its usage."""


class SchemaError(ClassifyError):
    """A schema that is not one, or two schemas that differ."""


class LabelsError(ClassifyError):
    """Labelled paragraphs that break the format."""


class InputError(ClassifyError):
    """A file, folder or text that cannot be read as an article."""


class BatchError(ClassifyError):
    """A batch that cannot go on, or whose output belongs to another."""


class ArtifactError(ClassifyError):
    """A model folder that is incomplete, altered or too new."""


class SettingsError(ClassifyError):
    """A file of training settings that is not one."""


class TrainingError(ClassifyError):
    """A training that cannot start, or whose model is not good enough."""


class TrackingError(ClassifyError):
    """A store of MLflow that cannot be reached, or lacks what is asked for."""


class ComparisonError(ClassifyError):
    """Two runs that cannot be compared."""


class PromotionError(ClassifyError):
    """A run that cannot become champion."""


class MissingExtraError(ClassifyError):
    """A library that only an extra installs."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"this needs {library}, which is not installed: pip install 'depeche[{extra}]' "
            f"(from a checkout: pip install '.[{extra}]')"
        )
