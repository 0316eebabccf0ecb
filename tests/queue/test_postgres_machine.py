"""The state machine of the queue (test_machine.py) on a real PostgreSQL."""

import itertools
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from recado.queue.postgres import PostgresRetryQueue
from recado.runtime import retry_policy
from recado.simulator.postgres import PostgresServer
from tests.queue.postgres import postgres as postgres
from tests.queue.test_machine import RetryQueueMachine
from tests.queue.watched import SETTINGS

pytestmark = pytest.mark.xdist_group("postgres")

#: Triggers record every change of a state, from any process.
WATCH = """
CREATE TABLE recado.moved (before text NOT NULL, after text NOT NULL, PRIMARY KEY (before, after));
CREATE FUNCTION recado.watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recado.moved VALUES (
    CASE WHEN TG_OP = 'INSERT' THEN '' ELSE old.state END, CASE WHEN TG_OP = 'DELETE' THEN '' ELSE new.state END)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER watch_ends AFTER INSERT OR DELETE ON recado.entry FOR EACH ROW EXECUTE FUNCTION recado.watch();
CREATE TRIGGER watch_moves AFTER UPDATE OF state ON recado.entry FOR EACH ROW
  WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION recado.watch();
"""


class PostgresMachine(RetryQueueMachine):
    """Two processes on one database of the session's server."""

    server: ClassVar[PostgresServer]
    numbers = itertools.count(1)

    def _make_database(self) -> None:
        self._database = f"machine_{next(self.numbers)}"
        self._url = self.server.create(self._database, template="migrated")

    def _open(self) -> PostgresRetryQueue:
        return PostgresRetryQueue(self._url, retry_policy(SETTINGS, chance=lambda: 0.5), clock=self.clock)

    def _watch(self) -> None:
        self._server = psycopg.connect(self._url, autocommit=True, options="-c search_path=recado")
        self._server.execute(WATCH)

    def _look(self, query: str, *bindings: object) -> list[tuple[Any, ...]]:
        return self._server.execute(query.replace("?", "%s").encode(), bindings).fetchall()

    def _drop_database(self) -> None:
        self._server.close()
        self.server.drop(self._database)


TestPostgresMachine = PostgresMachine.TestCase
TestPostgresMachine.settings = settings(
    max_examples=8,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", autouse=True)
def _on_the_server(postgres: PostgresServer) -> None:
    PostgresMachine.server = postgres
