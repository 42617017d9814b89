"""Every error Enogu raises on purpose, in one tree.

::

    EnoguError                 exit code 1
    ├── UserError              exit code 2: the person can mend it
    │   ├── ConfigError        a setting is unknown, mistyped, out of range or contradicts another
    │   ├── ProjectError       the project folder is missing, newer, or not one
    │   ├── BusyError          another process works in the same project
    │   ├── PictureError       a picture cannot be read or used
    │   ├── CaptionError       a caption file cannot be read or used
    │   ├── PromptError        a prompt cannot be understood
    │   ├── PhraseError        a phrase book or an entry of it cannot be used
    │   ├── VocabularyError    a tag file or a vocabulary cannot be used, or a tag is unknown
    │   ├── QueryError         a query over captions cannot be understood
    │   ├── ModelFileError     a network file for pictures, or its card, cannot be used
    │   ├── BaseModelError     a base cannot be loaded or is not one
    │   ├── AdapterError       an adapter cannot be loaded or does not fit
    │   ├── ScheduleError      a noise schedule or sampler was asked for the impossible
    │   ├── WorldError         the drawn world does not know a tag, or tags contradict
    │   └── MissingExtraError  an optional package is needed and not installed
    ├── RunError               a run had to stop
    │   └── NonFiniteError     NaN or Inf appeared in training
    └── StorageError           the disk is full or the place cannot be written
"""


class EnoguError(Exception):
    """Base of all errors Enogu raises on purpose.

    Args:
        message: What is wrong, what came, where, and what is allowed.
        hint: What to do next, as one or more copyable lines; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UserError(EnoguError):
    """The person can mend it; commands end with exit code 2."""

    exit_code = 2


class ConfigError(UserError):
    """A setting is unknown, mistyped, out of range, or contradicts another."""


class ProjectError(UserError):
    """The project folder is missing, made by a newer version, or not a project."""


class BusyError(UserError):
    """Another process works in the same project."""


class PictureError(UserError):
    """A picture cannot be read or used."""


class CaptionError(UserError):
    """A caption file cannot be read or used."""


class PromptError(UserError):
    """A prompt cannot be understood."""


class PhraseError(UserError):
    """A phrase book, an entry or a ranking cannot be used as asked."""


class VocabularyError(UserError):
    """A tag file or a vocabulary cannot be used, or a tag or group is unknown."""


class QueryError(UserError):
    """A query over captions cannot be understood."""


class ModelFileError(UserError):
    """A network file for pictures, or the card beside it, cannot be used."""


class BaseModelError(UserError):
    """A base cannot be loaded, is not one, or contradicts a setting."""


class AdapterError(UserError):
    """An adapter cannot be loaded or does not fit the base."""


class ScheduleError(UserError):
    """A noise schedule or sampler was asked for the impossible."""


class WorldError(UserError):
    """The drawn world does not know a tag, or the tags contradict each other."""


class MissingExtraError(UserError):
    """An optional package is needed and not installed."""


class RunError(EnoguError):
    """A run had to stop; what it had saved is kept."""


class NonFiniteError(RunError):
    """NaN or Inf appeared in training."""


class StorageError(EnoguError):
    """The disk is full, or the place cannot be written."""
