"""The move of a release from SQLite to PostgreSQL, as docs/operations.md describes it."""

import os
from base64 import b64decode
from collections.abc import Iterator

import pytest

from tests.chart.test_runbooks import DOCS

from .conftest import ROOT, Release, eventually, install, new_namespace
from .test_docs import in_namespace, shell
from .test_postgres import start_server

#: The Secret that the page names.
SECRET, KEY = "recado-postgres-app", "uri"


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    if "RECADO_TEST_POSTGRES_IMAGE" not in os.environ:
        pytest.skip("needs RECADO_TEST_POSTGRES_IMAGE")
    with new_namespace() as name:
        yield name


@pytest.fixture(scope="module")
def release(namespace: str) -> Release:
    """A release on SQLite that may reach the database server beside it."""
    start_server(namespace)
    installed = install(namespace)
    installed.upgrade(networkPolicy={"extraEgress": [{"ports": [{"port": 5432}]}]})
    return installed


def test_the_queue_moves_to_postgresql(release: Release) -> None:
    """After the move the order is there, and each of the twenty customers who waited gets one reply."""
    release.simulator("/chats", {"steps": [{"say": "Quiero 2 zapatos"}, {"tap": "confirm"}]})
    release.outage(True)
    release.order(20)
    eventually(lambda: release.queue()["pending_retry"] >= 20, 30, "a queue that grows")
    url = b64decode(release.get("secret", "postgres")["data"]["owner"]).decode()
    release.kubectl("create", "secret", "generic", SECRET, f"--from-literal={KEY}={url}")

    page = (DOCS / "operations.md").read_text()
    (block,) = (block for block in page.split("```sh\n") if "to-postgres" in block)
    told = shell(release, in_namespace(block.split("```")[0], release.namespace), ROOT)
    assert "20 entry" in told

    release.upgrade(store={"type": "postgres", "postgres": {"existingSecret": SECRET, "key": KEY}})
    assert "P-1001" in release.recado("orders", "list")
    # The new simulator has no outage and does not know the old one's customers; it counts the answers that they get.
    eventually(lambda: release.ledger()["unmatched"] >= 20, 120, "20 answers to customers of before")
    eventually(lambda: release.queue()["queue_size"] == 0, 30, "an empty queue")
    assert release.ledger()["unmatched"] == 20
