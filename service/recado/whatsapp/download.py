"""Fetches the files of customers.

A file takes two calls: Graph returns a URL, which is valid for five minutes, and a second call fetches the file. recado
trusts neither the URL nor the content: it sends the token only by https, to known hosts, at checked addresses; it
checks size, hash and type before it returns the bytes. The bytes are only in memory, and in no log.
"""

import hashlib
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final
from urllib.parse import urlsplit

from recado.network import BoundedClient, Cut, NotReached, RefusedAddress, Response, TooSlow
from recado.whatsapp.inbound import Media
from recado.whatsapp.media import Described, FileType, MediaError, MediaProblem, type_of

#: The maximum duration for a file, from the look-up of the host's name to the last byte.
DOWNLOAD_SECONDS: Final = 15.0
#: Statuses of a URL that is too old, or is not for this token.
_EXPIRED: Final = frozenset({401, 403, 404, 410})
#: A URL may expire between the two calls; if the second URL has expired, too, something else is wrong.
_URLS: Final = 2
#: Translates from base64's alphabet for URLs.
_STANDARD: Final = str.maketrans("-_", "+/")


class Downloader:
    """Fetches files. graph_url: the origin of the Graph API, which may return URLs of its own; hosts: further hosts of
    files, with `*.` for all subdomains; client: replaces its own in tests."""

    def __init__(
        self,
        *,
        access_token: str,
        graph_url: str,
        hosts: Sequence[str],
        client: BoundedClient | None = None,
    ) -> None:
        self._headers = {"Authorization": f"Bearer {access_token}", "Accept-Encoding": "identity"}
        self._graph = urlsplit(graph_url)
        self._hosts = frozenset(host for host in hosts if not host.startswith("*."))
        self._domains = tuple(host.removeprefix("*") for host in hosts if host.startswith("*."))
        self._client = client or BoundedClient(seconds=DOWNLOAD_SECONDS)

    async def fetch(
        self,
        media: Media,
        look_up: Callable[[], Awaitable[Described]],
        *,
        max_bytes: int,
        accepts: Collection[FileType],
    ) -> bytes:
        """The checked content of a file. `look_up` asks Graph for its URL, again if the URL has expired.

        Raises MediaError, and what `look_up` raises.
        """
        for _ in range(_URLS):
            described = await look_up()
            if described.file_size is not None and described.file_size > max_bytes:
                raise MediaError(MediaProblem.TOO_LARGE, f"{described.file_size} bytes")
            if not self._trusts(described.url):
                raise MediaError(MediaProblem.FOREIGN_URL)
            response = await self._get(described.url, max_bytes)
            if response.status not in _EXPIRED:
                return _checked(response, [media.sha256, described.sha256], accepts)
        raise MediaError(MediaProblem.GONE, "two URLs in a row had expired", http_status=response.status)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _trusts(self, url: str) -> bool:
        """Whether the token may be sent to a URL."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if "@" in parts.netloc:
            return False
        if (parts.scheme, host, port) == (self._graph.scheme, self._graph.hostname, self._graph.port):
            return True
        known = host in self._hosts or host.endswith(self._domains)
        return parts.scheme == "https" and port in (None, 443) and known

    async def _get(self, url: str, max_bytes: int) -> Response:
        try:
            return await self._client.request("GET", url, self._headers, max_bytes=max_bytes)
        except RefusedAddress as error:
            raise MediaError(MediaProblem.FOREIGN_URL) from error
        except TooSlow as error:
            raise MediaError(MediaProblem.CUT, Cut.TOO_SLOW) from error
        except NotReached as error:
            raise MediaError(MediaProblem.UNAVAILABLE, type(error).__name__) from error


def _checked(response: Response, hashes: Sequence[str | None], accepts: Collection[FileType]) -> bytes:
    """The checked content of a response."""
    status = response.status
    if status // 100 == 3:
        raise MediaError(MediaProblem.FOREIGN_URL, "a redirect", http_status=status)
    if status // 100 == 5 or status == 429:
        raise MediaError(MediaProblem.UNAVAILABLE, http_status=status)
    if status != 200:
        raise MediaError(MediaProblem.GONE, http_status=status)
    if response.cut is Cut.TOO_LONG:
        raise MediaError(MediaProblem.TOO_LARGE, "more than was announced")
    if response.cut is not None:
        raise MediaError(MediaProblem.CUT, response.cut)
    digest = hashlib.sha256(response.content).digest()
    if not all(_names(known, digest) for known in hashes if known):
        raise MediaError(MediaProblem.WRONG_HASH)
    if type_of(response.content) not in accepts:
        raise MediaError(MediaProblem.WRONG_TYPE)
    return response.content


def _names(known: str, digest: bytes) -> bool:
    """Whether a hash is equal to this digest: in hexadecimal, or in base64 of either alphabet, padded or not."""
    in_base64 = known.rstrip("=").translate(_STANDARD)
    return known.lower() == digest.hex() or in_base64 == b64encode(digest).decode().rstrip("=")
