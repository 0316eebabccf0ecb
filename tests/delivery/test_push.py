"""Notices through Apprise: what a service gets, and the meaning of the result. The tests need the extra `notify`."""

import asyncio
import json
import sys

import pytest

from recado.delivery.channels import push
from recado.notices.notice import Notice, NoticeKind, headline, text
from recado.notices.targets import AppriseTarget
from recado.outcome import Outcome
from recado.simulator.server import Request, Response, Server

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # one of Apprise's plugins

NOTICE = Notice(kind=NoticeKind.HANDOFF, count=2, since=1_800_000_000.0)


@pytest.mark.parametrize(("status", "outcome"), [(200, Outcome.DELIVERED), (500, Outcome.RETRYABLE)])
async def test_a_service_gets_the_notice(status: int, outcome: Outcome) -> None:
    """Through Apprise itself, with its service for plain JSON."""
    bodies: list[bytes] = []

    async def handle(request: Request) -> Response:
        bodies.append(request.body)
        return Response(status, b"{}")

    server = Server(handle, "127.0.0.1", 0)
    await server.start()
    target = AppriseTarget(name="push", url=f"json://127.0.0.1:{server.port}/s3cr3t")
    result = await asyncio.to_thread(push.send, target, NOTICE)
    await server.stop()

    assert result.outcome is outcome
    sent = json.loads(bodies[0])
    assert (sent["title"], sent["message"]) == (f"recado: {headline(NOTICE)}", text(NOTICE))
    assert "s3cr3t" not in f"{result}{target}"


def test_a_url_that_apprise_does_not_know_needs_an_operator() -> None:
    result = push.send(AppriseTarget(name="push", url="nonsense://s3cr3t"), NOTICE)

    assert result.outcome is Outcome.OPERATOR
    assert "s3cr3t" not in str(result)


def test_without_the_extra_an_operator_reads_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    result = push.send(AppriseTarget(name="push", url="json://127.0.0.1:9/"), NOTICE)

    assert result.outcome is Outcome.OPERATOR
    assert "recado[notify]" in result.detail
