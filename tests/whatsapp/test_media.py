"""Files of customers: downloaded in two steps from a simulated Meta with all faults, and uploaded."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.clock import FakeClock
from tests.meta import graph_error

from recado.network import BoundedClient
from recado.outcome import Outcome
from recado.simulator import Simulator
from recado.simulator.media import URL_SECONDS, voice
from recado.whatsapp.attached import voice_of
from recado.whatsapp.download import Downloader
from recado.whatsapp.errors import (
    AuthenticationError,
    EdgeFailureError,
    GraphError,
    InvalidRequestError,
    NotSentError,
    ThrottledError,
    UnreadableResponseError,
)
from recado.whatsapp.inbound import Media
from recado.whatsapp.media import FileType, MediaError, MediaProblem, type_of
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.transport import GraphTransport

NUMBER = "700000000000001"
TOKEN = "EAAG-test-token-of-some-length"
NOTE = voice("quiero dos zapatos")
MOST = 2 * 1024 * 1024


class Meta:
    """A simulated Meta and a client for it. `resolve` looks up the hosts of files, and `resolved` lists them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.simulator = Simulator(access_token=TOKEN, clock=self.clock)
        self.resolved: list[str] = []
        self.seconds = 10.0

    async def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        return [host]

    def service(
        self, token: str = TOKEN, transport: GraphTransport | httpx.MockTransport | None = None
    ) -> WhatsAppService:
        client = BoundedClient(resolve=self.resolve, seconds=self.seconds)
        url = self.simulator.base_url
        return WhatsAppService(
            transport or GraphTransport(),
            access_token=token,
            api_url=url,
            api_version="v26.0",
            downloader=Downloader(access_token=token, graph_url=url, hosts=["*.fbcdn.net"], client=client),
        )

    def note(self, content: bytes = NOTE) -> Media:
        described = self.simulator.media.put(content, "audio/ogg; codecs=opus")
        return Media(described["id"], described["sha256"])

    async def get(self, media: Media, *, max_bytes: int = MOST) -> bytes:
        service = self.service()
        try:
            return await service.get_media(media, phone_number_id=NUMBER, max_bytes=max_bytes, accepts=[FileType.OGG])
        finally:
            await service.aclose()

    async def problem(self, media: Media, **more: Any) -> MediaProblem:
        with pytest.raises(MediaError) as caught:
            await self.get(media, **more)
        assert caught.value.outage is False, "a file's fault is no outage of the business number"
        return caught.value.problem

    def goes_wrong(self, *faults: str, always: str = "none") -> None:
        self.simulator.media.mishaps.change({"script": faults, "always": always})


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    made = Meta()
    async with made.simulator:
        yield made


async def test_a_file_is_fetched_in_two_steps(meta: Meta) -> None:
    """Also if the webhook has the hash in hexadecimal, or has none."""
    note = meta.note()

    assert await meta.get(note) == NOTE
    assert await meta.get(Media(note.id, hashlib.sha256(NOTE).hexdigest())) == NOTE
    assert await meta.get(Media(note.id)) == NOTE


@pytest.mark.parametrize(
    ("fault", "problem", "again"),
    [
        ("wrong_hash", MediaProblem.WRONG_HASH, True),
        ("wrong_type", MediaProblem.WRONG_HASH, True),
        ("oversized", MediaProblem.TOO_LARGE, False),
        ("endless", MediaProblem.TOO_LARGE, False),
        ("slow", MediaProblem.CUT, True),
        ("expired", MediaProblem.GONE, False),
        ("closed", MediaProblem.GONE, False),
        ("gone", MediaProblem.GONE, False),
        ("foreign_url", MediaProblem.FOREIGN_URL, False),
        ("redirect", MediaProblem.FOREIGN_URL, False),
        ("server_error", MediaProblem.UNAVAILABLE, True),
        ("reset", MediaProblem.UNAVAILABLE, True),
    ],
)
async def test_each_fault_has_an_outcome(meta: Meta, fault: str, problem: MediaProblem, again: bool) -> None:
    """A permanent fault of the file fails at once; a fault that may pass is retried."""
    meta.goes_wrong(always=fault)
    note = meta.note()
    meta.seconds = 0.5 if fault == "slow" else 10.0

    with pytest.raises(MediaError) as caught:
        await meta.get(note)

    assert (caught.value.problem, caught.value.error_class) == (problem, f"media_{problem}")
    assert (caught.value.outcome is Outcome.RETRYABLE) == again
    assert "media.example.net" not in meta.resolved, "the token went to a foreign host"
    assert "http" not in str(caught.value).removeprefix(f"{caught.value.error_class} (HTTP"), "an error names a URL"


@pytest.mark.parametrize("n", range(8))
async def test_a_hash_may_be_written_in_any_way(meta: Meta, n: int) -> None:
    """In either Base64 alphabet, with or without padding, and in hexadecimal with small or capital letters."""
    content = NOTE + bytes([n])
    digest = hashlib.sha256(content).digest()
    written = (b64encode(digest).decode(), urlsafe_b64encode(digest).decode())
    for known in (*written, *(one.rstrip("=") for one in written), digest.hex(), digest.hex().upper()):
        media = voice_of({"id": meta.note(content).id, "sha256": known, "voice": True})
        assert media is not None
        assert media.sha256 == known
        assert await meta.get(media) == content
        other = Media(media.id, known[:-2] + ("AA" if known[-2:] != "AA" else "BB"))
        assert await meta.problem(other) is MediaProblem.WRONG_HASH


@pytest.mark.parametrize(
    ("described", "outcome"),
    [
        ({"file_size": "27"}, None),
        ({"file_size": 27.0}, None),
        ({"file_size": None, "sha256": None}, None),
        ({"sha256": ""}, None),
        ({"file_size": "99999999"}, "media_too_large"),
        ({"file_size": 10**30}, "media_too_large"),
        ({"file_size": "large"}, "unreadable"),
        ({"url": None}, "unreadable"),
        ({"url": ["https://graph.example/1"]}, "unreadable"),
        ({"url": ""}, "media_foreign_url"),
        ({"url": "javascript:alert(1)"}, "media_foreign_url"),
        ({"url": "//graph.example/1"}, "media_foreign_url"),
        ([], "unreadable"),
        ("<html>", "unreadable"),
    ],
)
async def test_whatever_graph_says_of_a_file_has_an_outcome(meta: Meta, described: Any, outcome: str | None) -> None:
    """For numbers as text, nulls, or something else than a URL, the result is the file or an error with a name."""
    known = meta.simulator.media.describe(meta.note().id)
    assert known is not None
    body = {"url": known["url"], **described} if isinstance(described, dict) else described

    def graph(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=body) if isinstance(body, str) else httpx.Response(200, json=body)

    service = meta.service(transport=httpx.MockTransport(graph))
    fetched = service.get_media(Media("1"), phone_number_id=NUMBER, max_bytes=MOST, accepts=[FileType.OGG])
    if outcome is None:
        assert await fetched == NOTE
    else:
        with pytest.raises(GraphError) as caught:
            await fetched
        assert caught.value.error_class == outcome
    await service.aclose()


async def test_a_url_that_has_expired_is_asked_for_once_more(meta: Meta) -> None:
    meta.goes_wrong("expired")
    assert await meta.get(meta.note()) == NOTE

    meta.goes_wrong("closed", "expired")
    assert await meta.problem(meta.note()) is MediaProblem.GONE


async def test_a_url_is_good_for_five_minutes(meta: Meta) -> None:
    """The simulated host does as Meta says, so the URL from the look-up has to be used at once."""
    note = meta.note()
    described = meta.simulator.media.describe(note.id)
    assert described is not None
    assert meta.simulator.media.download(note.id).status == 200
    meta.clock.advance(URL_SECONDS)
    assert meta.simulator.media.download(note.id).status == 404


async def test_the_type_is_that_of_the_content(meta: Meta) -> None:
    """The declared type does not count."""
    assert await meta.problem(meta.note(b"MZ" + NOTE)) is MediaProblem.WRONG_TYPE
    assert await meta.problem(meta.note(b"")) is MediaProblem.WRONG_TYPE
    assert type_of(b"\xff\xd8\xff\xe0jpeg") is FileType.JPEG
    assert type_of(b"OggX") is None


async def test_a_file_may_be_as_large_as_the_bound(meta: Meta) -> None:
    """A file with one byte more is refused before the download."""
    note = meta.note()
    assert await meta.get(note, max_bytes=len(NOTE)) == NOTE
    meta.resolved.clear()
    assert await meta.problem(note, max_bytes=len(NOTE) - 1) is MediaProblem.TOO_LARGE
    assert meta.resolved == []


async def test_a_token_that_is_not_good_is_an_operators_matter(meta: Meta) -> None:
    """Graph refuses the token at the look-up; it is not the file's fault."""
    service = meta.service(token="another-token-of-some-length")
    with pytest.raises(AuthenticationError):
        await service.get_media(meta.note(), phone_number_id=NUMBER, max_bytes=MOST, accepts=[FileType.OGG])
    await service.aclose()


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://lookaside.fbsbx.com/whatsapp/1", True),
        ("https://scontent.xx.fbcdn.net/1", True),
        ("https://scontent.xx.fbcdn.net:443/1", True),
        ("http://lookaside.fbsbx.com/1", False),
        ("https://fbcdn.net/1", False),
        ("https://evilfbcdn.net/1", False),
        ("https://fbcdn.net.example.com/1", False),
        ("https://lookaside.fbsbx.com.example.com/1", False),
        ("https://lookaside.fbsbx.com@example.com/1", False),
        ("https://user@lookaside.fbsbx.com/1", False),
        ("https://lookaside.fbsbx.com:8443/1", False),
        ("https://lookaside.fbsbx.com:none/1", False),
        ("https://[::1/1", False),
        ("https://169.254.169.254/latest", False),
        ("file:///etc/passwd", False),
        ("https://graph.example/v26.0/1", True),
        ("http://graph.example/v26.0/1", False),
        ("", False),
    ],
)
async def test_the_token_goes_to_known_hosts_only(url: str, trusted: bool) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        raise OSError("unknown")

    hosts = ["lookaside.fbsbx.com", "*.fbcdn.net"]
    client = BoundedClient(resolve=resolve, seconds=1.0)
    downloader = Downloader(access_token=TOKEN, graph_url="https://graph.example", hosts=hosts, client=client)

    async def look_up() -> Any:
        from recado.whatsapp.media import Described

        return Described(url=url)

    with pytest.raises(MediaError) as caught:
        await downloader.fetch(Media("1"), look_up, max_bytes=MOST, accepts=[FileType.OGG])
    await downloader.aclose()

    assert bool(asked) == trusted
    assert caught.value.problem is (MediaProblem.UNAVAILABLE if trusted else MediaProblem.FOREIGN_URL)


async def test_a_known_host_that_leads_elsewhere_gets_nothing() -> None:
    """A known host name that resolves to the metadata address of a cloud."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["169.254.169.254"]

    client = BoundedClient(resolve=resolve, seconds=1.0)
    downloader = Downloader(access_token=TOKEN, graph_url="https://graph.example", hosts=["*.fbcdn.net"], client=client)

    async def look_up() -> Any:
        from recado.whatsapp.media import Described

        return Described(url="https://x.fbcdn.net/1")

    with pytest.raises(MediaError) as caught:
        await downloader.fetch(Media("1"), look_up, max_bytes=MOST, accepts=[FileType.OGG])
    await downloader.aclose()
    assert caught.value.problem is MediaProblem.FOREIGN_URL


async def test_a_file_is_uploaded(meta: Meta) -> None:
    """With the type of its content; the file can be downloaded by the returned id."""
    service = meta.service()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    id_ = await service.upload_media(picture, phone_number_id=NUMBER)

    got = await service.get_media(
        Media(id_, b64encode(hashlib.sha256(picture).digest()).decode()),
        phone_number_id=NUMBER,
        max_bytes=MOST,
        accepts=[FileType.PNG],
    )
    described = meta.simulator.media.describe(id_)
    await service.aclose()
    assert got == picture
    assert described is not None
    assert described["mime_type"] == "image/png"


async def test_a_file_that_meta_does_not_accept_is_not_uploaded(meta: Meta) -> None:
    service = meta.service()
    for content, problem in (
        (b"MZ no picture", MediaProblem.WRONG_TYPE),
        (b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024), MediaProblem.TOO_LARGE),
    ):
        with pytest.raises(MediaError) as caught:
            await service.upload_media(content, phone_number_id=NUMBER)
        assert caught.value.problem is problem
    await service.aclose()
    assert meta.simulator.graph.counts["calls"] == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (graph_error(400, 131053), InvalidRequestError),
        (graph_error(400, 131009), InvalidRequestError),
        (graph_error(401, 190), AuthenticationError),
        (graph_error(400, 80007), ThrottledError),
        (httpx.Response(502, text="<html>"), EdgeFailureError),
        (httpx.Response(200, json={"id": ""}), UnreadableResponseError),
        (httpx.Response(200, json=[]), UnreadableResponseError),
    ],
)
async def test_an_upload_that_does_not_succeed(meta: Meta, answer: httpx.Response, error: type[GraphError]) -> None:
    """Meta's codes mean the same as for a message."""
    service = meta.service(transport=httpx.MockTransport(lambda request: answer))
    with pytest.raises(error):
        await service.upload_media(b"%PDF-1.7", phone_number_id=NUMBER)


async def test_an_outage_at_the_look_up_is_an_outage(meta: Meta) -> None:
    """An outage of Graph is another error than a file that is not available."""
    note = meta.note()
    await meta.simulator.stop()
    with pytest.raises(NotSentError):
        await meta.get(note)
    await meta.simulator.start()
    meta.simulator.faults.change({"ratios": {"garbage": 1.0}}, meta.clock())
    with pytest.raises(GraphError) as caught:
        await meta.get(note)
    assert caught.value.error_class == "unreadable"


@pytest.mark.parametrize(
    ("audio", "voice"),
    [
        ({"id": "9003", "sha256": "A" * 43 + "=", "voice": True}, Media("9003", "A" * 43 + "=")),
        ({"id": "9003", "voice": True}, Media("9003")),
        ({"id": "9003", "sha256": "no hash", "voice": True}, Media("9003")),
        ({"id": "9003", "voice": False}, None),
        ({"id": "9003"}, None),
        ({"id": "../9003", "voice": True}, None),
        ({"id": 9003, "voice": True}, None),
        ({"voice": True}, None),
        ("9003", None),
        (None, None),
    ],
)
def test_a_voice_note_is_read_from_a_webhook(audio: Any, voice: Media | None) -> None:
    """An id becomes part of a URL, so it may contain only letters and digits."""
    assert voice_of(audio) == voice
