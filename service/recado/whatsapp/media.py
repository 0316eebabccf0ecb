"""Files: how recado recognises their types, what Graph returns about them, and what makes them unusable."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from recado.outcome import Outcome
from recado.whatsapp.errors import GraphError


class FileType(StrEnum):
    """Types of files that are recognised by their first bytes."""

    OGG = "audio/ogg"
    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


_FIRST_BYTES: Final = {
    b"OggS": FileType.OGG,
    b"\xff\xd8\xff": FileType.JPEG,
    b"\x89PNG\r\n\x1a\n": FileType.PNG,
    b"%PDF-": FileType.PDF,
}
#: The maximum size of each that Meta accepts, in bytes.
MOST_BYTES: Final = {
    FileType.OGG: 16 * 1024 * 1024,
    FileType.JPEG: 5 * 1024 * 1024,
    FileType.PNG: 5 * 1024 * 1024,
    FileType.PDF: 100 * 1024 * 1024,
}


class MediaProblem(StrEnum):
    """What makes a file unusable."""

    GONE = "gone"
    """Meta no longer has it, or never had it."""
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    FOREIGN_URL = "foreign_url"
    """It is on a host to which recado must not send the token."""
    WRONG_HASH = "wrong_hash"
    CUT = "cut"
    """It came too slowly, or broke off."""
    UNAVAILABLE = "unavailable"


#: What another try may put right.
_PASSING: Final = frozenset({MediaProblem.WRONG_HASH, MediaProblem.CUT, MediaProblem.UNAVAILABLE})


class MediaError(GraphError):
    """A file cannot be used. It is never an outage of the business number."""

    def __init__(self, problem: MediaProblem, detail: str = "", **about: Any) -> None:
        super().__init__(detail, **about)
        self.problem = problem
        self.error_class = f"media_{problem}"
        self.outcome = Outcome.RETRYABLE if problem in _PASSING else Outcome.PERMANENT


class Described(msgspec.Struct):
    """What Graph says of a file."""

    url: str
    sha256: str | None = None
    file_size: int | None = None


def type_of(content: bytes) -> FileType | None:
    """The type of a file by its first bytes, whatever its declared type."""
    return next((kind for first, kind in _FIRST_BYTES.items() if content.startswith(first)), None)


def check_upload(content: bytes) -> FileType:
    """The type of a file that Meta would accept. Raises MediaError."""
    kind = type_of(content)
    if kind is None:
        raise MediaError(MediaProblem.WRONG_TYPE)
    if len(content) > MOST_BYTES[kind]:
        raise MediaError(MediaProblem.TOO_LARGE, f"{len(content)} bytes")
    return kind
