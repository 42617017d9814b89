"""The one form every settings section has."""

from pydantic import BaseModel, ConfigDict


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
