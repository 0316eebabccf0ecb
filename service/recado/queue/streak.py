"""How often a customer has been told the same: what keeps two bots from talking to each other.

An away message answers each of our replies, and each of its copies would draw a reply of ours. What is counted is what
we say, not what is written to us: bots put the time of day and ticket numbers into their texts.
"""

import zlib

import msgspec

from recado.queue.model import NewReply, Restraint
from recado.whatsapp.content import as_text, encode

#: So often in a row the same courtesy, or another reply of the same words, is sent.
MAX_ALIKE = 3
MAX_ALIKE_QUOTES = 10
#: So many courtesies in a row are sent, whatever they say.
MAX_COURTESIES = 10
#: A customer who wrote nothing for so long is greeted as if for the first time.
FORGOTTEN_SECONDS = 3600.0
#: A picture written so soon after another message belongs to it.
ALBUM_SECONDS = 15.0


class Streak(msgspec.Struct, frozen=True, array_like=True):
    """The replies of late to one customer: what the last one said, how many in a row said the same, how many in a row
    were courtesies, and when he wrote last (Unix seconds).
    """

    said: int
    alike: int
    courtesies: int
    written_at: float


def follow(before: Streak | None, message: NewReply) -> tuple[Streak, Restraint | None]:
    """The streak after a message, and why its reply is not sent; None when it is."""
    if before is None or abs(message.written_at - before.written_at) > FORGOTTEN_SECONDS:
        before = Streak(said=0, alike=0, courtesies=0, written_at=0.0)
    latest = max(before.written_at, message.written_at)
    if message.picture and abs(message.written_at - before.written_at) <= ALBUM_SECONDS:
        return msgspec.structs.replace(before, written_at=latest), Restraint.ALBUM
    assert message.content is not None, "a message without a reply is part of no streak"
    # Without what can be tapped: the ids of its buttons make each quote another one.
    said = zlib.crc32(encode(as_text(message.content)))
    after = Streak(
        said=said,
        alike=before.alike + 1 if said == before.said else 1,
        courtesies=before.courtesies + 1 if message.courtesy else 0,
        written_at=latest,
    )
    most_alike = MAX_ALIKE if message.courtesy else MAX_ALIKE_QUOTES
    tiresome = after.alike > most_alike or after.courtesies > MAX_COURTESIES
    return after, Restraint.REPETITIVE if tiresome else None
