"""The part of a store that an operation touches, so that a store can run operations that do not overlap at once.

An operation that does not say what it touches touches everything, and has the store to itself.
"""

import msgspec


class Reach(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The customers and entries that operations may read in order to change them, and change.

    names: of customers, as messages have them. entries: ids. sent: Meta's ids of replies. Their customers, and all
    entries of these, are within reach. everything: the whole store.
    """

    names: tuple[str, ...] = ()
    entries: tuple[int, ...] = ()
    sent: tuple[str, ...] = ()
    everything: bool = False


#: Rows that the operation itself finds and takes as nobody else has them; totals; nothing.
NOTHING = Reach()
EVERYTHING = Reach(everything=True)
