"""`python -m loadtests.chaos.fuzz --inputs 1000000` (`make fuzz`): mutated inputs for every parser of untrusted input.

Each parser gets well-formed inputs that were cut, doubled, mixed and combined with known problem inputs. It may return
or raise the one exception that it declares, and nothing else. A failure prints the input that caused it. The reader of
orders also gets pairs and triples of all the words that it knows, and of their beginnings.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path

from recado.conversation import Conversation
from recado.orders import Session
from recado.quotes import Catalogue, CatalogueError, QuoteService
from recado.quotes.catalogue.budget import LONGEST_TEXT
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.quotes.language.lexicon import lexicon
from recado.quotes.language.role import Roles
from recado.quotes.language.text import plain
from recado.simulator import webhooks
from recado.simulator.simulator import ORDERS
from recado.simulator.webhooks import Person
from recado.whatsapp.inbound import Customer, InboundMessage, MessageType
from recado.whatsapp.payloads import PayloadError, parse
from recado.whatsapp.signature import SignatureVerifier, signature

KEY = "fuzz-app-secret-of-32-characters"
HURTS = (
    *(
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"\\udfff\\ud800",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"{}",
        b"[]",
        b"null",
    ),
    *(
        b"true",
        b"-1",
        b"1e999",
        b"NaN",
        b"9" * 400,
        b"[" * 2000,
        b'{"a":' * 500,
        b",",
        b"\r\n",
        b"\n",
        b"|",
        b"=",
        b"1,5",
    ),
    *("٣".encode(), "½".encode(), "x²".encode(), "\u202e".encode(), "👟".encode() * 50, b"mil " * 60, b"2 " * 100),
)

Reader = Callable[[bytes], None]
Inputs = Callable[[random.Random], bytes]


def mutated(seeds: list[bytes], chance: random.Random) -> bytes:
    """One of the seeds, changed in a few places."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 2, 8, 64)))
        match chance.randrange(6):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = data[at:to] * chance.choice((1, 2, 50))
            case 2:
                data[at:at] = chance.choice(HURTS)
            case 3:
                data[at:to] = chance.choice(HURTS)
            case 4:
                data[at:to] = chance.randbytes(to - at)
            case _:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other) + 1) :]
    return bytes(data)


def vocabulary() -> list[str]:
    """Every word of the reader's tables and of the catalogue, the beginnings of all words, numbers and marks."""
    folder = resources.files("recado.quotes").joinpath("data")
    tables = " ".join(file.read_text("utf-8") for file in folder.iterdir() if file.is_file())
    words = set(re.findall(r"[^\W_]+", tables.lower()))
    beginnings = {word[:length] for word in words for length in range(1, len(word))}
    return sorted({*words, *beginnings, *"0123456789,.;:/-+*()#$%?¡¿!½🔟👍\n", "3001234567", "1.500", "1,5", "1/2"})


def alike(words: list[str]) -> list[list[str]]:
    """The words by their roles, so that rare roles occur as often as common ones."""
    groups: dict[Roles, list[str]] = {}
    for word in words:
        groups.setdefault(lexicon().roles(plain(word)), []).append(word)
    return list(groups.values())


def short_text(words: list[str], groups: list[list[str]], chance: random.Random) -> bytes:
    """Two or three random words, chosen among all words or by role."""
    count = chance.choice((2, 3))
    if chance.random() < 0.5:
        chosen = chance.choices(words, k=count)
    else:
        chosen = [chance.choice(group) for group in chance.choices(groups, k=count)]
    return chance.choice((" ", " ", "", "\n")).join(chosen).encode()


def read_payload(data: bytes) -> None:
    try:
        parse(data)
    except PayloadError:
        return


def check_signature(data: bytes) -> None:
    """The input is both header and body: only the true signature is accepted."""
    header, _, body = data.partition(b"\n")
    accepted = SignatureVerifier([KEY]).reason_to_refuse(header, body) is None
    assert accepted == (header == signature(KEY.encode(), body))


def read_catalogue(data: bytes) -> None:
    CATALOGUE_FILE.write_bytes(data)
    try:
        Catalogue.from_csv(CATALOGUE_FILE)
    except CatalogueError:
        return


def read_order(data: bytes) -> None:
    """Any text up to WhatsApp's limit is read in limited time, and its reply can be sent."""
    text = data.decode(errors="replace")[:LONGEST_TEXT]
    started = time.process_time()
    message = InboundMessage("w", MessageType.TEXT, text, Customer("+15550100001"), NUMBER, None)
    turn = CONVERSATION.handle(CONVERSATION.read(message), Session(), 0.0)
    assert turn.reply
    assert 0 < len(turn.reply.content.body) <= LONGEST_TEXT, len(turn.reply.content.body)
    SLOWEST.append((time.process_time() - started, text))


_folder = tempfile.TemporaryDirectory(prefix="recado-fuzz-")
CATALOGUE_FILE = Path(_folder.name) / "catalogue.csv"
_catalogue = Catalogue.from_csv(DEFAULT_PATH)
NUMBER = "700000000000001"
CONVERSATION = Conversation(QuoteService(lambda: _catalogue), lambda: _catalogue, frozenset({NUMBER}))
SLOWEST: list[tuple[float, str]] = []


def _payloads() -> list[bytes]:
    person = Person("+15550100001", "US.900000000001")
    contents = {
        "text": {"body": ORDERS[0]},
        "image": {"id": "1", "caption": "2 camisas"},
        "interactive": {"type": "list_reply", "list_reply": {"id": "a", "title": "Zapatos"}},
        "reaction": {"message_id": "wamid.A", "emoji": "👍"},
        "unsupported": {},
    }
    events = [webhooks.message(person, f"wamid.{kind}", 1.8e9, kind, content) for kind, content in contents.items()]
    status = {"id": "wamid.X", "status": "failed", "timestamp": "1", "errors": [{"code": 131026, "title": "no"}]}
    values = [{"contacts": [webhooks.contact(person)], "messages": [event]} for event in events]
    return [webhooks.body(NUMBER, [value]) for value in [*values, {"statuses": [status]}]]


SIGNED = [signature(KEY.encode(), b) + b"\n" + b for b in (b"", b"{}", b"x" * 100)]
CATALOGUES = [DEFAULT_PATH.read_bytes()[:600], b"sku,name,aliases,unit_price,currency\nA,Zapato,b|c,1.50,USD\n"]
WORDS = vocabulary()

#: The parsers, the sources of their inputs, and their shares: an order costs a hundred times as much as a signature.
READERS: tuple[tuple[Reader, Inputs, float], ...] = (
    (check_signature, partial(mutated, SIGNED), 0.3),
    (read_payload, partial(mutated, _payloads()), 0.3),
    (read_catalogue, partial(mutated, CATALOGUES), 0.05),
    (read_order, partial(mutated, [order.encode() for order in ORDERS]), 0.05),
    (read_order, partial(short_text, WORDS, alike(WORDS)), 0.3),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    total = 0
    for reader, inputs, share in READERS:
        chance = random.Random(asked.seed)
        started = time.monotonic()
        for _ in range(int(asked.inputs * share)):
            data = inputs(chance)
            try:
                reader(data)
            except Exception as error:
                print(f"{reader.__name__}: {type(error).__name__}: {error}\n{data!r}")
                return 1
            total += 1
        print(f"{reader.__name__}: {int(asked.inputs * share)} inputs, {time.monotonic() - started:.1f} s")
    seconds, text = max(SLOWEST)
    print(
        f"{total} inputs, seed {asked.seed}; the slowest order took {seconds * 1000:.0f} ms: {text[:60]!r}, {len(text)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
