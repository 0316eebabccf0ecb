"""`recado events ...`: events to the shop's systems, on an operator's terminal."""

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_ID = 2**63 - 1
#: Python does not parse numbers of thousands of digits.
MOST_DIGITS = 100

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
EventId = Annotated[str, typer.Argument(metavar="ID", help="The event's id, as evt_1795689845120001.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's name in the events' file.")]

commands = typer.Typer(help="Show and replay events to the shop's systems.", no_args_is_help=True)


@commands.command("list")
def list_(
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only this type, such as order.created.")] = None,
    after: Annotated[str, typer.Option(help="Only events after this id.")] = "0",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The maximum number of events.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the events of the last weeks, oldest first, with customers masked."""
    from recado.cli import events_output

    first, types = _number(after), _types(type_ or ())
    with_queue(lambda queue: events_output.listing(queue.events, first, types, limit=limit, as_json=as_json))


@commands.command("show")
def show(id_: EventId, as_json: AsJson = False) -> None:
    """Show an event with its customer, and the result of each delivery."""
    from recado.cli import events_output

    number = _number(id_)
    if not with_queue(lambda queue: events_output.show(queue.events, number, as_json=as_json)):
        raise BadInput(f"there is no event {id_}")


@commands.command("replay")
def replay(
    ids: Annotated[list[str] | None, typer.Option("--id", help="An event's id; repeatable.")] = None,
    since: Annotated[str, typer.Option(help="All events since then: 2026-11-26T08:00, in UTC if it has no zone.")] = "",
    endpoint: Annotated[list[str] | None, typer.Option(help="Only to this endpoint; repeatable.")] = None,
) -> None:
    """Send events once more, with the same ids. Endpoints also get types that they usually do not want."""
    from recado.cli import events_output

    if bool(ids) == bool(since):
        raise BadInput("give either --id or --since")
    names = _endpoints(endpoint or ())
    numbers, start = [_number(one) for one in ids or ()], _instant(since) if since else 0.0
    if ended := with_queue(lambda queue: events_output.ended(queue, names)):
        raise BadInput(f"{', '.join(ended)} responded with 410 and gets nothing: run `recado events resume` first")
    count = with_queue(lambda queue: queue.events.replay(names, ids=numbers, since=start))
    print(f"{count} events go to {', '.join(names)} once more, with the next drain")


@commands.command("endpoints")
def endpoints(as_json: AsJson = False) -> None:
    """Show the endpoints: their state, the number of waiting events, the oldest event."""
    from recado.cli import events_output
    from recado.runtime import endpoints as configured

    known = configured(read_settings())
    with_queue(lambda queue: events_output.endpoints(queue, known, as_json=as_json))


@commands.command("resume")
def resume(endpoint: Endpoint) -> None:
    """Resume an endpoint that responded with 410, or send at once to one that was down."""
    if with_queue(lambda queue: queue.events.resume(endpoint)):
        print(f"{endpoint} gets events again, with the next drain")
    else:
        print(f"{endpoint} is not held")


def _number(id_: str) -> int:
    digits = id_.removeprefix("evt_")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS and int(digits) <= LARGEST_ID):
        raise BadInput(f"{id_!r} is not the id of an event, such as evt_1795689845120001")
    return int(digits)


def _types(names: "Sequence[str]") -> "Sequence[str]":
    from recado.events.facts import TYPES

    if unknown := sorted(set(names) - TYPES.keys()):
        raise BadInput(f"--type: there is no {', '.join(unknown)}; there are {', '.join(sorted(TYPES))}")
    return names


def _endpoints(names: "Sequence[str]") -> "Sequence[str]":
    """The endpoints with these names; without names, all of them."""
    from recado.runtime import endpoints as configured

    known = configured(read_settings())
    if unknown := sorted(set(names) - known.keys()):
        raise BadInput(f"--endpoint: there is no {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
    if not known:
        raise BadInput("RECADO_EVENTS_FILE is not set: there are no endpoints")
    return names or tuple(known)


def _instant(text: str) -> float:
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--since {text!r}: must be a time, such as 2026-11-26T08:00") from error
    return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()
