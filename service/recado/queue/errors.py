"""When a store cannot be used, for ever or for now."""


class StoreError(Exception):
    """The store cannot be used as it is: wrong place, wrong SQLite, not a database of recado's."""


class StoreUnavailable(Exception):  # noqa: N818 - reads as the state it is, not as a class of bugs
    """The store cannot be written or read now (full, locked, gone); nothing was recorded."""
