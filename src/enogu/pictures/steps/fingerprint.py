"""Fingerprints for the search of duplicates, as a step of the chain."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from enogu.errors import PictureError, ProjectError
from enogu.pictures.chain import ChainPicture, Outcome
from enogu.pictures.duplicates import FINGERPRINT_VERSION, Fingerprint, fingerprint
from enogu.pictures.records import DerivedFiles, JsonValue, StepResult

FINGERPRINT: Final = "fingerprint"


@dataclass(frozen=True, kw_only=True)
class FingerprintStep:
    """Keeps what is needed to find copies of a picture later, without decoding it again."""

    name: str = FINGERPRINT
    version: int = FINGERPRINT_VERSION
    needs: tuple[str, ...] = ()

    def settings(self) -> Mapping[str, JsonValue]:
        """Return nothing: fingerprints must be alike to be compared."""
        return {}

    def run(self, picture: ChainPicture, earlier: Mapping[str, StepResult]) -> Outcome:
        """Compute the fingerprint of the whole original."""
        data = fingerprint(picture.pixels, picture.alpha).to_bytes()
        return Outcome(verdict="kept", values={"data": base64.b64encode(data).decode("ascii")})

    def apply(self, picture: ChainPicture, result: StepResult, files: DerivedFiles) -> ChainPicture:
        """Leave the picture as it is."""
        return picture


def fingerprint_of(result: StepResult) -> Fingerprint:
    """Read a fingerprint back.

    Raises:
        ProjectError: It is damaged.
    """
    data = result.values.get("data")
    try:
        return Fingerprint.from_bytes(base64.b64decode(str(data), validate=True))
    except (ValueError, PictureError) as error:
        raise ProjectError(
            f"the fingerprint of picture {result.picture_id[:12]} is damaged ({error})",
            hint="Run enogu pictures duplicates --redo.",
        ) from error
