"""Files that customers send: Graph returns a URL that is valid for a while, and serves the file there. Everything can
fail."""

import hashlib
import itertools
from base64 import b64encode
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from recado.simulator.mishaps import Mishaps
from recado.simulator.server import Manner, Response

#: The format of this simulator's voice notes: it contains the text, for the transcriber to read.
_VOICE = b"OggS\x00\x02simulated-voice:"
URL_SECONDS = 300.0
_MOST_FILES = 100
#: More than recado accepts for a voice note.
_ENDLESS = 4 * 1024 * 1024
_FOREIGN = "https://media.example.net/stolen"


class MediaFault(StrEnum):
    """Faults of a file; one is drawn when its URL is requested."""

    NONE = "none"
    WRONG_HASH = "wrong_hash"  # other bytes than announced
    WRONG_TYPE = "wrong_type"  # the file is not audio, despite its declared type
    OVERSIZED = "oversized"  # Graph says that it is larger than Meta allows
    ENDLESS = "endless"  # Graph announces a small file, but it does not end
    SLOW = "slow"  # byte by byte
    EXPIRED = "expired"  # 404: this URL is too old
    CLOSED = "closed"  # 410, the same
    GONE = "gone"  # Graph does not know the file
    FOREIGN_URL = "foreign_url"  # the URL leads to somebody else
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"  # 503 of the file's host
    RESET = "reset"


class File(NamedTuple):
    """A file; its fault and age refer to the last request for its URL."""

    type: str
    content: bytes
    sha256: str
    fault: MediaFault = MediaFault.NONE
    named_at: float = 0.0


class MediaStore:
    """The files of one simulator. base_url: its own address."""

    def __init__(self, base_url: Callable[[], str], clock: Callable[[], float]) -> None:
        self.mishaps = Mishaps(MediaFault)
        self._base_url, self._clock = base_url, clock
        self._ids = itertools.count(9_000_000_001)
        self._files: dict[str, File] = {}

    def __contains__(self, id_: str) -> bool:
        return id_ in self._files

    def put(self, content: bytes, type_: str) -> dict[str, str]:
        """Stores a file; returns its description in a webhook."""
        if len(self._files) >= _MOST_FILES:
            del self._files[next(iter(self._files))]
        id_ = str(next(self._ids))
        sha256 = b64encode(hashlib.sha256(content).digest()).decode()
        self._files[id_] = File(type_, content, sha256)
        return {"id": id_, "mime_type": type_, "sha256": sha256}

    def delete(self, id_: str) -> None:
        """Deletes a file."""
        del self._files[id_]

    def describe(self, id_: str) -> dict[str, Any] | None:
        """Graph's description of a file; None if Graph does not know it."""
        fault = self.mishaps.draw()
        file = self._files[id_] = self._files[id_]._replace(fault=fault, named_at=self._clock())
        if fault is MediaFault.GONE:
            return None
        return {
            "messaging_product": "whatsapp",
            "url": _FOREIGN if fault is MediaFault.FOREIGN_URL else f"{self._base_url()}/_media/{id_}",
            "mime_type": file.type,
            "sha256": file.sha256,
            "file_size": 20_000_000 if fault is MediaFault.OVERSIZED else len(file.content),
            "id": id_,
        }

    def download(self, id_: str) -> Response:
        """The response of the file's host."""
        file = self._files.get(id_)
        if file is None or self._clock() >= file.named_at + URL_SECONDS:
            return Response(404, b"", b"text/plain")
        whole = Response(200, file.content, file.type.encode())
        match file.fault:
            case MediaFault.WRONG_HASH:
                return whole._replace(body=file.content + b"!")
            case MediaFault.WRONG_TYPE:
                return whole._replace(body=b"MZ" + file.content)
            case MediaFault.ENDLESS:
                return whole._replace(body=b"OggS" + bytes(_ENDLESS))
            case MediaFault.SLOW:
                return whole._replace(manner=Manner.DRIP)
            case MediaFault.RESET:
                return Response(manner=Manner.RESET)
            case MediaFault.REDIRECT:
                return Response(302, b"", b"text/plain", headers=b"Location: %s\r\n" % _FOREIGN.encode())
            case _:
                status = _STATUSES.get(file.fault)
                return whole if status is None else Response(status, b"", b"text/plain")


_STATUSES = {MediaFault.EXPIRED: 404, MediaFault.CLOSED: 410, MediaFault.SERVER_ERROR: 503}


def voice(said: str) -> bytes:
    """A voice note with this text."""
    return _VOICE + said.encode()


def said_in(content: bytes) -> str:
    """The text of a voice note of this simulator. Raises ValueError for anything else."""
    _, mark, said = content.partition(_VOICE)
    if not mark:
        raise ValueError("not a voice note of the simulator's")
    return said.decode()
