"""Files that customers send: Graph names a URL for a while, and the file is there; all of it can go wrong."""

import hashlib
import itertools
from base64 import b64encode
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from recado.simulator.mishaps import Mishaps
from recado.simulator.server import Manner, Response

#: A voice note as this simulator has it: what was said is in it, for the transcriber to read.
_VOICE = b"OggS\x00\x02simulated-voice:"
URL_SECONDS = 300.0
_MOST_FILES = 100
#: More than recado takes of a voice note.
_ENDLESS = 4 * 1024 * 1024
_FOREIGN = "https://media.example.net/stolen"


class MediaFault(StrEnum):
    """What can go wrong with a file; drawn when its URL is asked for."""

    NONE = "none"
    WRONG_HASH = "wrong_hash"  # other bytes than those that were announced
    WRONG_TYPE = "wrong_type"  # the file is no sound, whatever it is called
    OVERSIZED = "oversized"  # Graph says that it is larger than Meta allows
    ENDLESS = "endless"  # small by what Graph says, and then it does not end
    SLOW = "slow"  # byte by byte
    EXPIRED = "expired"  # 404: this URL is too old
    CLOSED = "closed"  # 410, the same
    GONE = "gone"  # Graph does not know the file
    FOREIGN_URL = "foreign_url"  # the URL leads to somebody else
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"  # 503 of the file's host
    RESET = "reset"


class File(NamedTuple):
    """A file; the fault and the age count from when its URL was last asked for."""

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
        """Keeps a file; what a webhook says of it."""
        if len(self._files) >= _MOST_FILES:
            del self._files[next(iter(self._files))]
        id_ = str(next(self._ids))
        sha256 = b64encode(hashlib.sha256(content).digest()).decode()
        self._files[id_] = File(type_, content, sha256)
        return {"id": id_, "mime_type": type_, "sha256": sha256}

    def delete(self, id_: str) -> None:
        """Forgets a file."""
        del self._files[id_]

    def describe(self, id_: str) -> dict[str, Any] | None:
        """What Graph says of a file; None where it says that there is none."""
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
        """The file, or what its host says instead."""
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
    """A voice note in which somebody says this."""
    return _VOICE + said.encode()


def said_in(content: bytes) -> str:
    """What is said in a voice note of this simulator's. Raises ValueError for anything else."""
    _, mark, said = content.partition(_VOICE)
    if not mark:
        raise ValueError("not a voice note of the simulator's")
    return said.decode()
