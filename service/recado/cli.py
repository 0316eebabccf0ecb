"""The command line. Every command imports what it needs when it runs: a drain starts a thousand times a day."""

import asyncio
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recado import __version__
from recado.errors import EXIT_BAD_INPUT, EXIT_FAILED, Expected
from recado.settings import DRAIN_NEEDS, SERVE_NEEDS, Settings, load, read_environment

if TYPE_CHECKING:
    from recado.queue.sqlite import SqliteRetryQueue

#: What the system says of a path that was given wrong, rather than of a disk that fails.
BAD_PATH = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
MOST_ID = 2**63 - 1

app = typer.Typer(
    help="Answers a shop's WhatsApp customers with a price quote, and never loses an answer.\n\n"
    "Start with `recado demo`. Settings come from WHATSAPP_* and RECADO_* variables; docs/settings.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
queue_app = typer.Typer(help="Look at the queue, and put right what is stuck in it.", no_args_is_help=True)
app.add_typer(queue_app, name="queue")

Ids = Annotated[list[int], typer.Argument(help="Message ids, as `recado queue list` shows them.", min=1, max=MOST_ID)]
Release = Annotated[str, typer.Option(help="The Helm release.")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Its namespace; else the kubeconfig's.")]
Context = Annotated[str | None, typer.Option(help="The kubeconfig's context; else the current one.")]


def main() -> None:
    """The console script: every expected failure is one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character gets its number; a traceback would help nobody.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as error:
        problems, code = _expected(error)
        if not problems:
            raise
        for problem in problems:
            print(f"recado: {' '.join(problem.split())}", file=sys.stderr)
        raise SystemExit(code) from None


def _expected(error: Exception) -> tuple[Sequence[str], int]:
    """What an expected failure says, a line each, and its exit code; nothing for a bug, which must show as one."""
    if isinstance(error, Expected):
        return error.lines(), error.exit_code
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return [f"{where}{error.strerror or error}"], EXIT_BAD_INPUT if isinstance(error, BAD_PATH) else EXIT_FAILED
    from recado.queue.sqlite.database import UNAVAILABLE

    if isinstance(error, UNAVAILABLE):
        return [f"the queue is not available: {error}"], EXIT_FAILED
    return (), 0


class BadInput(Expected):
    """What the user gave cannot be worked with; the message says why in one line."""


@app.command()
def serve() -> None:
    """Take Meta's webhooks, answer them, and send the replies."""
    settings = _settings(SERVE_NEEDS)
    _configure_logging(settings)
    from recado.serve import serve as run

    run(settings)


@app.command()
def drain(
    loop: Annotated[bool, typer.Option("--loop", help="Go on until SIGTERM instead of ending when idle.")] = False,
    in_cluster: Annotated[
        bool, typer.Option("--in-cluster", help="Start the CronJob's Job in the cluster now, and follow it.")
    ] = False,
    release: Release = "recado",
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Deliver what waits in the queue, then end. Exits 0 when it did its work, though peers failed."""
    if in_cluster:
        raise typer.Exit(_cluster().drain(release, namespace, context=context))
    settings = _settings(DRAIN_NEEDS)
    _configure_logging(settings)
    from recado.drain_command import run

    run(settings, loop=loop)


@app.command()
def quote(
    text: Annotated[str | None, typer.Argument(help="An order, as a customer would write it.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue, a CSV file.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each word was read as it was.")] = False,
    batch: Annotated[Path | None, typer.Option(help="Read a file of cases; print one JSON line for each.")] = None,
) -> None:
    """Show how an order is read: what is quantity, product, noise."""
    from recado.quotes import command as quote_command

    if (text is None) == (batch is None):
        raise BadInput("give either an order or --batch FILE")
    path = catalogue or _settings().catalogue
    if batch is not None:
        raise typer.Exit(quote_command.batch(batch, path))
    quote_command.show(text or "", path, explain=explain)


@queue_app.command("status")
def queue_status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """The queue at a glance."""
    from recado import queue_command

    _with_queue(lambda queue: queue_command.status(queue, as_json=as_json))


@queue_app.command("list")
def queue_list(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
    after: Annotated[int, typer.Option(min=0, max=MOST_ID, help="Only messages after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
) -> None:
    """The messages in the queue, customers masked."""
    from recado import queue_command

    _with_queue(lambda queue: queue_command.listing(queue, _states(state), after=after, limit=limit))


@queue_app.command("show")
def queue_show(id_: Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST_ID)]) -> None:
    """Everything about one message, its text and customer included."""
    from recado import queue_command

    if not _with_queue(lambda queue: queue_command.show(queue, id_)):
        raise BadInput(f"there is no message {id_}")


@queue_app.command("retry")
def queue_retry(ids: Ids) -> None:
    """Make messages due at once, with all their attempts again; the next drain sends them."""
    count = _with_queue(lambda queue: queue.retry(ids))
    typer.echo(f"{count} of {len(ids)} messages are due now; the others are being sent, done or out of their window")


@queue_app.command("discard")
def queue_discard(ids: Ids) -> None:
    """Give messages up: they are never sent."""
    count = _with_queue(lambda queue: queue.discard(ids))
    typer.echo(f"{count} of {len(ids)} messages discarded")


@queue_app.command("erase")
def queue_erase(
    ids: Annotated[list[int] | None, typer.Argument(help="Failed or discarded messages.", min=1, max=MOST_ID)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed and discarded messages.")] = False,
) -> None:
    """Delete failed and discarded messages for good, with all that is known of their customers."""
    if bool(ids) == everything:
        raise BadInput("give either message ids or --all")
    count = _with_queue(lambda queue: queue.clear() if everything else queue.remove(ids or []))
    typer.echo(f"{count} messages erased")


@queue_app.command("export")
def queue_export(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
) -> None:
    """Every message in the states given as JSON lines, with text and customer: handle with care."""
    from recado import queue_command

    _with_queue(lambda queue: queue_command.export(queue, _states(state)))


@app.command()
def simulate(
    host: Annotated[str, typer.Option(help="Listen here.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Listen on this port; 0 for a free one.")] = 8090,
    webhook: Annotated[str, typer.Option(help="Where webhooks go; by default nowhere.")] = "",
    count: Annotated[int, typer.Option(min=0, help="Send so many orders, wait for the answers, report and end.")] = 0,
    rate: Annotated[float, typer.Option(min=0.001, help="Orders a second.")] = 1.0,
    hidden: Annotated[float, typer.Option(min=0, max=1, help="The share of customers without phone number.")] = 0.0,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="The share of webhooks brought twice.")] = 0.0,
    fault: Annotated[
        list[str] | None, typer.Option(help="NAME=RATIO, such as server_error=0.1; may be repeated.")
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="A whole fault plan, a JSON file.")] = None,
    latency_ms: Annotated[float, typer.Option(min=0, help="How long the Graph API takes.")] = 50.0,
    limits: Annotated[
        bool, typer.Option(help="Keep Meta's limits: 80 messages a second, one in 6 s a customer.")
    ] = True,
) -> None:
    """Be Meta: the Graph API with faults, signed webhooks, statuses, and a ledger of who was answered how often."""
    from recado.simulator.command import run

    if webhook:
        _check_address("--webhook", webhook)
    settings = _settings()
    code = run(
        host=host,
        port=port,
        webhook_url=webhook,
        app_secret=settings.whatsapp_app_secret,
        access_token=settings.whatsapp_access_token,
        phone_number_ids=settings.whatsapp_phone_number_id,
        count=count,
        per_second=rate,
        hidden=hidden,
        duplicates=duplicates,
        fault=fault or (),
        fault_file=faults,
        latency_ms=latency_ms,
        messages_per_second=80 if limits else 0,
        pair_interval=6.0 if limits else 0.0,
    )
    raise typer.Exit(code)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave service and simulator running, to be tried.")] = False,
) -> None:
    """Show the main job: an order is quoted, an outage of Meta's survived, every answer delivered once."""
    from recado.demo import run

    raise typer.Exit(run(keep=keep))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where copies lie.")],
    keep: Annotated[int, typer.Option(min=1, help="How many copies stay.")] = 24,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a queue that is not there yet.")] = 0,
) -> None:
    """Copy the queue while it is in use, and check the copy."""
    from recado import backup as backups

    copy = backups.run_backup(_settings(), folder, keep=keep, patience=wait)
    typer.echo(f"{copy.path}: {copy.bytes} bytes, {copy.messages} messages")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A copy, or a folder of copies: then the newest.")],
    drill: Annotated[bool, typer.Option("--drill", help="Restore into a scratch folder only, and check it.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for web and drain to end.")] = 0,
) -> None:
    """Put a copy in the queue's place; refused while web or drain have the queue open."""
    from recado import backup as backups

    settings = _settings()
    copy = backups.run_drill(settings, source) if drill else backups.run_restore(settings, source, patience=wait)
    typer.echo(f"{copy.path}: {'can be' if drill else 'is'} restored, {copy.messages} messages")


@app.command()
def doctor(
    release: Release = "recado",
    namespace: Namespace = None,
    context: Context = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array of findings.")] = False,
) -> None:
    """Say what is wrong with an installation in Kubernetes, and how to mend it. Exits 0, 1 (warnings) or 3 (faults)."""
    raise typer.Exit(_cluster().doctor(release, namespace, context=context, as_json=as_json))


@app.command()
def selftest(
    url: Annotated[str, typer.Argument(help="The web port, such as http://recado.")],
    metrics_url: Annotated[str | None, typer.Option(help="The metrics, such as http://recado:9464/metrics.")] = None,
) -> None:
    """Sign a webhook as Meta would and see that it is quoted; nothing is sent to anybody. `helm test` runs it."""
    from recado.cluster import selftest as tests

    _check_address("URL", url)
    if metrics_url is not None:
        _check_address("--metrics-url", metrics_url)
    settings = _settings(("whatsapp_verify_token", "whatsapp_app_secret", "whatsapp_phone_number_id"))
    raise typer.Exit(tests.command(settings, url, metrics_url))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


# -- what the commands share -----------------------------------------------------------------------------------


def _settings(needs: Sequence[str] = ()) -> Settings:
    return load(read_environment(), needs=needs)


def _check_address(name: str, url: str) -> None:
    from recado.addresses import check_address

    try:
        check_address(url)
    except ValueError as error:
        raise BadInput(f"{name} {url!r}: {error}") from error


def _cluster() -> Any:
    """The commands that talk to Kubernetes; their client is an extra."""
    try:
        from recado.cluster import command
    except ModuleNotFoundError as error:
        raise BadInput(f"{error.name} is not installed: pip install 'recado[cluster]'") from error
    return command


def _configure_logging(settings: Settings) -> None:
    from recado.telemetry.logging import configure

    configure(settings.log_level.value, secrets=settings.secrets)


def _states(names: list[str] | None) -> list[Any]:
    from recado.queue.model import State

    try:
        return [State(name) for name in names] if names else [s for s in State if s is not State.DELIVERED]
    except ValueError as error:
        raise BadInput(f"--state: {error}; states are {', '.join(State)}") from error


def _with_queue(work: Callable[["SqliteRetryQueue"], Any]) -> Any:
    """Runs one piece of work on the queue, which must exist."""
    from recado.queue.policy import RetryPolicy
    from recado.queue.sqlite import SqliteRetryQueue

    settings = _settings()
    if not settings.database.exists():
        raise BadInput(f"RECADO_DATABASE: there is no queue at {settings.database}")

    async def run() -> Any:
        queue = SqliteRetryQueue(settings.database, RetryPolicy(settings))
        try:
            return await work(queue)
        finally:
            await queue.close()

    return asyncio.run(run())
