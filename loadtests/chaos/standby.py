"""A PostgreSQL server with a standby that takes over."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psycopg

from recado.simulator.postgres import PostgresServer


class Pair:
    """Two servers, one of which is the primary. `synchronous`: a commit waits until the standby has it."""

    def __init__(self, folder: Path, *, synchronous: bool = True) -> None:
        self._synchronous = synchronous
        self.primary = PostgresServer(folder / "one")
        self.standby = PostgresServer(folder / "two")
        self._ports = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"

    def create(self, database: str) -> str:
        """Makes a database; its URL names both hosts, and clients find the primary."""
        head, _, rest = self.primary.create(database).partition("@")
        return f"{head}@{self._ports}/{rest.partition('/')[2]}"

    def received_until(self) -> float:
        """The commit time of the standby's last transaction, in Unix seconds."""
        with psycopg.connect(self.standby.url()) as connection:
            query = "SELECT extract(epoch FROM pg_last_xact_replay_timestamp())::float8"
            ((at,),) = connection.execute(query).fetchall()
            return float(at)

    def fail_over(self) -> None:
        """Kills the primary's processes all at once, and makes the standby the primary, without a standby."""
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def rejoin(self) -> None:
        """Makes the lost server the standby of the other one."""
        self.standby.follow(self.primary)
        if self._synchronous:
            self.primary.require_standby()

    def __enter__(self) -> Self:
        self.primary.start()
        self.rejoin()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.primary, self.standby):
            server.__exit__()


@contextlib.contextmanager
def started_pair(*, synchronous: bool = True) -> Iterator[Pair]:
    """A pair in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="recado-standby-") as folder:
        Path(folder).chmod(0o755)  # the servers may run as another user
        with Pair(Path(folder), synchronous=synchronous) as pair:
            yield pair
