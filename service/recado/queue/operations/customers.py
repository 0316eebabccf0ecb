"""Who a customer is, the recent replies to him, and his session.

A person is known by a phone number, a user id, or both, and each may change. `identity` maps every other name to the
one under which the customer is stored. A customer with one name has no row there.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from recado.orders import Line, OpenQuote, Order, OrderState, QuoteSource, QuoteState, Session, Talk
from recado.queue.model import NewReply, Restraint, as_json
from recado.queue.operations.telling import Changed, tell_changes
from recado.queue.operations.transaction import Transaction
from recado.queue.statements import Row
from recado.ratelimit import Allowance
from recado.telemetry import metrics
from recado.whatsapp.content import as_text, encode

#: How often in a row recado sends the same courtesy, or another reply with the same words.
MAX_ALIKE = 3
MAX_ALIKE_QUOTES = 10
#: How many courtesies in a row recado sends, whatever they say.
MAX_COURTESIES = 10
#: A customer who has not written for this long is greeted as if for the first time.
FORGOTTEN_SECONDS = 3600.0
#: The limit of a customer's messages counts minutes by Meta's timestamps: after an outage of recado all of his messages
#: arrive at once, and each counts in the minute in which he wrote it.
MINUTE_SECONDS = 60
#: A picture that follows another message this soon belongs to it.
ALBUM_SECONDS = 15.0


class Streak(msgspec.Struct, frozen=True, array_like=True):
    """The recent replies to one customer: a hash of the last one, how many in a row were the same or courtesies, and
    when he wrote last (Unix seconds). minute: that of his last message, since 1970; in_minute: his messages in it."""

    said: int
    alike: int
    courtesies: int
    written_at: float
    minute: int = 0
    in_minute: int = 0


STRANGER = Streak(said=0, alike=0, courtesies=0, written_at=0.0)

_streak = msgspec.json.Decoder(Streak).decode
_talk = msgspec.json.Decoder(Talk).decode
_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_words = msgspec.json.Decoder(tuple[str, ...]).decode


class Rename(msgspec.Struct, frozen=True):
    """A customer has new names."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class CustomerRow(msgspec.Struct, gc=False):
    """A row of the statement `customers`. `first_...`: the first entry that waits for him; it is due at `first_due_at`,
    or being sent (None). `streak`: as it is stored, or a new one."""

    key: str
    next_at: float
    version: int
    talk: str | None
    streak: str | Streak | None
    written_at: float
    first_id: int | None
    first_written_at: float | None
    first_due_at: float | None
    wrote: bool = False
    changed: bool = False

    def holds_up(self, id_: int, written_at: float) -> bool:
        """Whether a new message has to wait for the first entry, because that is being sent or was written earlier."""
        if self.first_id is None or self.first_written_at is None:
            return False
        return self.first_due_at is None or (self.first_written_at, self.first_id) < (written_at, id_)

    def join(self, id_: int, written_at: float, due_at: float | None) -> None:
        """Makes a message the first entry, unless there is an earlier one."""
        if not self.holds_up(id_, written_at):
            self.first_id, self.first_written_at, self.first_due_at = id_, written_at, due_at

    def is_ahead_of(self, message: NewReply) -> bool:
        """Whether the message was handled with an older session than the present one."""
        return self.changed or message.changes.version != self.version

    def stands_behind(self, other: "CustomerRow") -> None:
        """Takes the waiting entries from a row that was read later."""
        self.first_id, self.first_written_at, self.first_due_at = (
            other.first_id,
            other.first_written_at,
            other.first_due_at,
        )

    def count(self, message: NewReply, most_per_minute: int) -> Allowance:
        """Counts a message that gets a reply; returns how the count compares with the customer's limit."""
        self.wrote, self.written_at = True, max(self.written_at, message.written_at)
        if message.content is None:
            return Allowance.WITHIN
        self.streak, allowance = count_in_minute(self._streak, message, most_per_minute)
        return allowance

    def restrain(self, message: NewReply) -> Restraint | None:
        """Why recado withholds the reply; None if it sends it. Updates the streak."""
        self.wrote, self.written_at = True, max(self.written_at, message.written_at)
        if message.content is None:
            return None
        self.streak, restraint = follow_streak(self._streak, message)
        return restraint

    @property
    def _streak(self) -> Streak:
        if isinstance(self.streak, Streak):
            return self.streak
        return _streak(self.streak) if self.streak else STRANGER

    def follow(self, message: NewReply) -> None:
        """Applies the message's changes to the columns of the customer's row."""
        if message.changes.any:
            self.version += 1
            self.changed = True
        if message.changes.talk is not None:
            self.talk = as_json(message.changes.talk)


# -- what keeps two bots from talking to each other: each of our replies gets an away message back, and each of those
# would get a reply. recado counts its own replies, not the other side's messages, because bots put the time and ticket
# numbers into their texts.


def count_in_minute(before: Streak, message: NewReply, limit: int) -> tuple[Streak, Allowance]:
    """The streak after one more message in its minute, and how the count compares with the limit; 0 means no limit."""
    minute = int(message.written_at // MINUTE_SECONDS)
    place = before.in_minute + 1 if before.minute == minute else 1
    after = msgspec.structs.replace(before, minute=minute, in_minute=place)
    if not limit or place <= limit:
        return after, Allowance.WITHIN
    return after, Allowance.JUST_OVER if place == limit + 1 else Allowance.OVER


def follow_streak(before: Streak, message: NewReply) -> tuple[Streak, Restraint | None]:
    """The streak after a message, and why its reply is not sent; None if it is sent."""
    if abs(message.written_at - before.written_at) > FORGOTTEN_SECONDS:
        before = msgspec.structs.replace(STRANGER, minute=before.minute, in_minute=before.in_minute)
    latest = max(before.written_at, message.written_at)
    if message.picture and abs(message.written_at - before.written_at) <= ALBUM_SECONDS:
        return msgspec.structs.replace(before, written_at=latest), Restraint.ALBUM
    assert message.content is not None, "a message without a reply is part of no streak"
    # Without buttons and lists: the ids of buttons make each quote different.
    said = zlib.crc32(encode(as_text(message.content)))
    after = msgspec.structs.replace(
        before,
        said=said,
        alike=before.alike + 1 if said == before.said else 1,
        courtesies=before.courtesies + 1 if message.courtesy else 0,
        written_at=latest,
    )
    most_alike = MAX_ALIKE if message.courtesy else MAX_ALIKE_QUOTES
    tiresome = after.alike > most_alike or after.courtesies > MAX_COURTESIES
    return after, Restraint.REPETITIVE if tiresome else None


# -- names


def kept_names(transaction: Transaction, names: Iterable[str]) -> Callable[[], dict[str, str]]:
    """Asks for the name under which each customer is stored, given any of his names."""
    rows = transaction.ask("identities", as_json(list(names)))
    return lambda: dict(rows())


def identified(transaction: Transaction, customers: Sequence[tuple[str, ...]], kept: dict[str, str]) -> list[str]:
    """The name under which each customer is stored, given some of his names; stores new names."""
    before = dict(kept)
    keys: list[str] = []
    news: dict[str, str] = {}
    for names in customers:
        key = next((kept[name] for name in names if name in kept), names[0])
        news |= _led(kept, names, key)
        keys.append(key)
    _keep(transaction, news, before)
    return keys


def rename(transaction: Transaction, requests: Sequence[Rename]) -> list[None]:
    """Maps the new names of known customers to them."""
    kept = kept_names(transaction, [name for request in requests for name in (*request.before, *request.after)])()
    before = dict(kept)
    news: dict[str, str] = {}
    for request in requests:
        # If the customer has already written under the new name, that name has the newer quote.
        key = next((kept[name] for name in (*request.after, *request.before) if name in kept), None)
        if key is not None:
            news |= _led(kept, (*request.before, *request.after), key)
    _keep(transaction, news, before)
    return [None] * len(requests)


def _led(kept: dict[str, str], names: Sequence[str], key: str) -> dict[str, str]:
    """Maps names to a key; returns those that were mapped elsewhere. The key itself needs no entry."""
    kept.setdefault(key, key)
    changed = {name: key for name in names if kept.get(name) != key}
    kept |= changed
    return changed


def _keep(transaction: Transaction, news: dict[str, str], before: dict[str, str]) -> None:
    """Stores the new mapping of names. `before`: the mapping until now."""
    if not news:
        return
    transaction.run("put_identities", as_json(list(news.items())))
    if merged := {(before[name], key) for name, key in news.items() if before.get(name, key) != key}:
        _carry_permissions(transaction, sorted(merged))


def _carry_permissions(transaction: Transaction, merged: Sequence[tuple[str, str]]) -> None:
    """Applies the latest opt-in or opt-out of a customer who was stored under two names."""
    for old, new in merged:
        customers = read_customers(transaction, (old, new))
        said, talk = talk_of(customers[old].talk).permission, talk_of(customers[new].talk)
        if said.changed_at > talk.permission.changed_at:
            customers[new].talk = as_json(msgspec.structs.replace(talk, permission=said))
            customers[new].version += 1
            put_customers(transaction, [customers[new]])


def see_wamids(transaction: Transaction, wamids: Sequence[str], *, mark: str = "") -> Callable[[], list[int | None]]:
    """Asks for the new row's id of each wamid that was not seen before, None for the others. `mark` distinguishes
    echoes from customers' messages; the report counts only the latter."""
    first = transaction.take_ids(len(wamids))
    wanted = [(first + i, mark + transaction.wamid_key(wamid)) for i, wamid in enumerate(wamids)]
    rows = transaction.ask("see_wamids", as_json(wanted))

    def unseen() -> list[int | None]:
        ids = {row[0] for row in rows()}
        return [id_ if id_ in ids else None for id_, _ in wanted]

    return unseen


# -- customers and their sessions


def read_customers(transaction: Transaction, keys: Iterable[str]) -> dict[str, CustomerRow]:
    """The customers by their keys, including new ones."""
    rows = transaction.run("customers", as_json(sorted(set(keys))))
    return {row[0]: CustomerRow(*row) for row in rows}


def put_customers(transaction: Transaction, customers: Iterable[CustomerRow]) -> None:
    """Writes what has changed of customers who wrote."""
    now = transaction.now
    rows = [(c.key, max(c.next_at, now), c.version, c.talk, c.streak, c.written_at) for c in customers]
    if rows:
        transaction.run("put_customers", as_json(rows))


def change_quotes(transaction: Transaction, messages: Mapping[int, NewReply]) -> dict[int, str]:
    """Closes and opens quotes, places orders and queues their events. `messages`: by the ids of their entries. Returns
    the traceparents of the messages that made the closed or replaced quotes, by the same ids.

    Raises ValueError if a quote that has to be closed is not open: the session is wrong then.
    """
    changing = {id_: message for id_, message in messages.items() if message.changes.any}
    changed = Changed()
    closed = [(c.token, m.key, c.state) for m in changing.values() if (c := m.changes.closes)]
    if closed:
        rows = transaction.run("close_quotes", as_json(closed), transaction.now)
        if len(rows) != len(closed):
            raise ValueError("a quote that is not open was to be closed")
        transaction.count_quotes([row[:5] for row in rows])
        changed.ages = {key: transaction.now - opened_at for *_, key, _, opened_at, _ in rows}
        changed.made_by |= {key: traceparent for *_, key, _, _, traceparent in rows}
    opened = [_quote_row(id_, m, quote) for id_, m in changing.items() if (quote := m.changes.opens)]
    if opened:
        known = [m.key for m in changing.values() if m.changes.opens and m.changes.version]
        replaced = transaction.run("replace_quotes", as_json(known), transaction.now) if known else []
        transaction.count_quotes([row[:5] for row in replaced])
        changed.replaced = {key: token for *_, key, token, _ in replaced}
        changed.made_by |= {key: traceparent for *_, key, _, traceparent in replaced}
        transaction.run("open_quotes", as_json(opened))
        for _, _, _, source, currency, _, total, *_ in opened:
            transaction.totals.inc(metrics.QUOTES, "opened", source)
            transaction.totals.inc(metrics.QUOTE_VALUE, "opened", currency, by=float(total))
    placed = [(id_, m, order) for id_, m in changing.items() if (order := m.changes.places)]
    if placed:
        transaction.run("place_orders", as_json([_order_row(*one) for one in placed]))
        for *_, order in placed:
            transaction.totals.inc(metrics.ORDERS, order.state, order.source)
            transaction.totals.inc(metrics.ORDER_VALUE, order.currency, by=float(order.total))
    located = [(at.number, m.key, at.location) for m in changing.values() if (at := m.changes.locates)]
    if located:
        changed.states = dict(transaction.run("locate_orders", as_json(located)))
    if transaction.audience.listens:
        tell_changes(transaction, messages.values(), changed)
    return {id_: traceparent for id_, m in changing.items() if (traceparent := changed.made_by.get(m.key))}


def _quote_row(id_: int, message: NewReply, quote: OpenQuote) -> Row:
    what = (id_, quote.token, message.key, quote.source, quote.currency, quote.lines, quote.total)
    return (*what, quote.opened_at, quote.changed_at, quote.expires_at, message.traceparent)


def _order_row(id_: int, message: NewReply, order: Order) -> Row:
    who = (message.key, message.phone, message.user_id, *message.lane)
    what = (order.state, order.source, order.currency, order.lines, order.total, order.left_out, order.location)
    return (order.number, order.quote, *who, *what, order.placed_at, order.changed_at, id_, message.traceparent)


def read_sessions(
    transaction: Transaction, messages: Mapping[int, NewReply], customers: Mapping[str, CustomerRow]
) -> dict[int, Session]:
    """The present session for each message, with the quote that it refers to and a number for the order that it may
    place."""
    newest, referred = _quotes(transaction, messages)
    keys = as_json(list({message.key for message in messages.values()}))
    orders = {key: read_order(row) for key, *row in transaction.run("session_orders", keys)}
    numbers = _numbers(
        transaction,
        [
            id_
            for id_, message in messages.items()
            if message.may_order and any(q and q.state is QuoteState.OPEN for q in (newest.get(id_), referred.get(id_)))
        ],
    )
    return {
        id_: Session(
            version=customers[message.key].version,
            quote=newest.get(id_),
            referred=referred.get(id_),
            order=orders.get(message.key),
            order_number=numbers.get(id_),
            talk=talk_of(customers[message.key].talk),
        )
        for id_, message in messages.items()
    }


def _quotes(
    transaction: Transaction, messages: Mapping[int, NewReply]
) -> tuple[dict[int, OpenQuote], dict[int, OpenQuote]]:
    """The newest quote of the customer of each message, and the one that it refers to."""
    newest: dict[int, OpenQuote] = {}
    referred: dict[int, OpenQuote] = {}
    wanted = [
        (id_, message.key, message.refers, transaction.wamid_key(message.refers) if message.refers else None)
        for id_, message in messages.items()
    ]
    for id_, is_newest, *quote in transaction.run("session_quotes", as_json(wanted)):
        (newest if is_newest else referred)[id_] = read_quote(quote)
    return newest, referred


def _numbers(transaction: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """A number for each order that may be placed. If an order is not placed, its number stays unused."""
    return {id_: int(transaction.run("take_order_number")[0][0]) for id_ in ids}


def read_quote(row: Sequence[Any]) -> OpenQuote:
    """A quote from the columns of the statements `session_quotes` and `remindable`."""
    token, lines, currency, source, opened_at, changed_at, expires_at, state, accepted_at = row
    return OpenQuote(
        token=token,
        lines=_lines(lines),
        currency=currency,
        source=QuoteSource(source),
        opened_at=opened_at,
        changed_at=changed_at,
        expires_at=expires_at,
        state=QuoteState(state),
        accepted_at=accepted_at,
    )


def talk_of(stored: str | None) -> Talk:
    """The talk of a customer, from his row."""
    return _talk(stored) if stored else Talk()


def read_order(row: Sequence[Any]) -> Order:
    number, quote, lines, currency, source, placed_at, changed_at, state, left_out, location = row
    return Order(
        number=number,
        quote=quote,
        lines=_lines(lines),
        currency=currency,
        source=QuoteSource(source),
        placed_at=placed_at,
        changed_at=changed_at,
        state=OrderState(state),
        left_out=_words(left_out),
        location=location,
    )
