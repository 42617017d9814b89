"""The one form every settings section has."""

from collections.abc import Iterable
from typing import cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Section(BaseModel):
    """A frozen group of settings; unknown keys are errors.

    The text under a field is its help on the command line, its entry in the generated
    reference and its description in the JSON Schema that editors read.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false for numbers: Python would take them for 1 and 0."""
        many = isinstance(value, list | tuple)
        values = cast("Iterable[object]", value) if many else (value,)
        if any(isinstance(one, bool) for one in values):
            field = cls.model_fields[str(info.field_name)]
            if not _takes_bool(field.annotation):
                raise ValueError("takes neither true nor false")
        return value


def _takes_bool(annotation: object) -> bool:
    return annotation is bool or any(_takes_bool(inner) for inner in get_args(annotation))
