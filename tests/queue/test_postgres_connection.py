"""Connections to a real PostgreSQL, and its schema's steps."""

import contextlib
import re
import ssl
import threading
import time
from pathlib import Path

import psycopg
import pytest

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.postgres.connection import Link, Watchdog, connect, is_unavailable
from recado.queue.postgres.migrations import LOCK, is_current, migrate, steps
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.postgres import ROLE, PostgresServer
from tests.clock import FakeClock
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.proxy import Proxy
from tests.queue.replies import DELIVERED, new_reply

ROOT = Path(__file__).resolve().parents[2]
TLS = ROOT / "tests" / "whatsapp" / "tls"
OTHER_ROOT = ROOT / "tests" / "doctor" / "pedidos.pem"

pytestmark = pytest.mark.xdist_group("postgres")


class TestConnection:
    """Connections notice a server that is down."""

    def test_a_server_that_is_started_again_keeps_what_it_had(self, postgres: PostgresServer) -> None:
        """Tests may stop and start the server of the session."""
        url = postgres.create("kept")
        postgres.stop()
        postgres.start()

        with connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_a_missing_server_is_unavailable(self, postgres: PostgresServer) -> None:
        """The error is one line, and it comes without a wait."""
        with pytest.raises(StoreUnavailable, match="onnection"):
            connect("postgresql://recado@127.0.0.1:1/postgres")

    def test_a_database_without_utf8_is_refused(self, postgres: PostgresServer) -> None:
        """It could not store every customer's text; the error names the encoding."""
        url = postgres.create("ascii")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE ascii_only TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")

        with pytest.raises(StoreUnavailable, match="SQL_ASCII: recado needs UTF8"):
            migrate(url.replace("/ascii", "/ascii_only"))

    def test_plans_are_made_anew_once_a_second(self, database_url: str) -> None:
        """A plan for an empty table is not kept until the server has new statistics."""
        clock = FakeClock()
        link = Link(database_url, monotonic=clock)

        def planned() -> int:
            with link.use() as connection:
                (((plan,),),) = connection.execute("EXPLAIN (FORMAT JSON) EXECUTE everybody").fetchall()
            return int(plan["Plan"]["Plan Rows"])

        with contextlib.closing(link), link.use() as connection:
            connection.execute("ALTER TABLE recado.customer SET (autovacuum_enabled = false)")
            connection.execute("PREPARE everybody AS SELECT FROM recado.customer")
            before = planned()
            connection.execute("INSERT INTO recado.customer (key) SELECT n::text FROM generate_series(1, 50000) n")
            at_once = planned()
            clock.advance(1.0)
            later = planned()

        assert at_once == before < later

    def test_a_frozen_server_ends_the_work_at_the_deadline(self, postgres: PostgresServer, database_url: str) -> None:
        """A statement without a response fails as unavailable."""
        watchdog = Watchdog()
        with connect(database_url) as connection:
            postgres.freeze()
            try:
                with pytest.raises(psycopg.OperationalError) as caught, watchdog.watching(connection, 0.2):
                    connection.execute("SELECT 1")
            finally:
                postgres.thaw()
                watchdog.close()

        assert is_unavailable(caught.value)

    @pytest.mark.parametrize(("pooler", "prepared"), [(False, True), (True, False)])
    def test_nothing_is_prepared_behind_a_pooler(
        self, postgres: PostgresServer, database_url: str, pooler: bool, prepared: bool
    ) -> None:
        """A pooler runs transactions on any server process, where another client's statement may have the same name."""
        proxy = Proxy(postgres.port, pooler=pooler)
        link = Link(database_url.replace(f":{postgres.port}/", f":{proxy.port}/"))
        with link.use() as connection:
            for _ in range(20):
                connection.execute("SELECT 1")
            names = connection.execute("SELECT name FROM pg_prepared_statements").fetchall()
        link.close()
        proxy.close()

        assert bool(names) == prepared

    def test_tls_is_what_the_url_says(self, postgres: PostgresServer, database_url: str) -> None:
        """It connects by TLS to a server whose certificate the root signed, but not with another root or none."""
        for parameters, encrypted in (
            (f"sslmode=verify-full&sslrootcert={TLS / 'certificate.pem'}", True),
            (f"sslmode=verify-full&sslrootcert={OTHER_ROOT}", False),
            ("sslmode=disable", False),
        ):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
            proxy = Proxy(postgres.port, tls=context)
            url = database_url.replace(f"127.0.0.1:{postgres.port}", f"localhost:{proxy.port}")
            try:
                with connect(f"{url}?{parameters}") as connection:
                    assert connection.pgconn.ssl_in_use == encrypted
                    assert connection.execute("SELECT 1").fetchone() == (1,)
            except StoreUnavailable:
                assert not encrypted
            finally:
                proxy.close()

    def test_work_within_the_deadline_is_left_alone(self, database_url: str) -> None:
        """If work ends in time, the connection stays usable after its deadline."""
        watchdog = Watchdog()
        with connect(database_url) as connection:
            with watchdog.watching(connection, 1.0):
                connection.execute("SELECT 1")
            connection.execute("SELECT pg_sleep(1.2)")
            answered = connection.execute("SELECT 1").fetchone()
        watchdog.close()

        assert answered == (1,)

    @pytest.mark.parametrize(
        ("statement", "unavailable"),
        [("SELECT 1 / 0", False), ("SELECT nothing", False), ("SET TRANSACTION READ ONLY; CREATE TABLE x ()", True)],
    )
    def test_errors_are_ours_or_the_servers(self, database_url: str, statement: str, unavailable: bool) -> None:
        """A wrong statement is a bug; a server that became read-only is unavailable."""
        with connect(database_url) as connection, pytest.raises(psycopg.Error) as caught:
            connection.execute(statement.encode())

        assert is_unavailable(caught.value) == unavailable


class TestMigrations:
    """The schema's steps are applied once."""

    def test_steps_are_applied_once(self, postgres: PostgresServer) -> None:
        """A second migration does nothing."""
        url = postgres.create("fresh")

        assert migrate(url) == [step.name for step in steps()]
        assert migrate(url) == []

    def test_two_at_once_wait_for_each_other(self, postgres: PostgresServer) -> None:
        """Of four migrations that start together, one applies the steps."""
        url = postgres.create("shared")
        applied: list[list[str]] = []
        threads = [threading.Thread(target=lambda: applied.append(migrate(url, sleep=time.sleep))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(applied) == [[], [], [], [step.name for step in steps()]]

    def test_a_step_that_differs_is_refused(self, database_url: str) -> None:
        """A schema with a different version of a step stays unchanged."""
        with connect(database_url) as connection:
            assert is_current(connection)
            connection.execute("UPDATE recado.schema_step SET checksum = 'other'")

        with pytest.raises(StoreError, match="another version"):
            migrate(database_url)

    def test_a_held_lock_is_tried_again(self, database_url: str) -> None:
        """A migration that does not get the lock tries again after a while, and finally gives up."""
        waits: list[float] = []
        with connect(database_url) as holder:
            holder.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            with pytest.raises(StoreUnavailable):
                migrate(database_url, sleep=waits.append, lock_seconds=0.01)

        assert len(waits) == 9

    async def test_the_documented_roles_have_what_they_need(self, postgres: PostgresServer) -> None:
        """The owner of the schema migrates without a right on the database; the pods' role uses what it made."""
        url = postgres.create("roles")
        (grants,) = re.findall(
            r"```sql\n(CREATE SCHEMA.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL
        )
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE ROLE recado_owner LOGIN; CREATE ROLE recado_app LOGIN")
            connection.execute(grants)

        assert migrate(url.replace(f"{ROLE}@", "recado_owner@")) == [step.name for step in steps()]
        queue = PostgresRetryQueue(url.replace(f"{ROLE}@", "recado_app@"), retry_policy(load({})))
        clock = FakeClock(queue.now())
        added = await queue.add_message(new_reply(1, clock), lease=True)
        assert added.message is not None
        decision = await queue.update_message_attempt(added.message, DELIVERED)
        status = await queue.status()
        await queue.close()
        assert decision is not None
        assert status.queue_size == 0
