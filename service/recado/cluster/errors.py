"""What can go wrong between an operator and a cluster; one line each.

ClusterError
├── NotAllowed    the reader may not see or do something
├── Unreachable   no cluster, or it does not answer
└── NoDrain       there is nothing to start a drain from
"""

from recado.errors import EXIT_FAILED, Expected


class ClusterError(Expected):
    """The message says it in one line."""

    exit_code = EXIT_FAILED


class NotAllowed(ClusterError):  # noqa: N818 - a fact about the reader's rights
    """The message says what may not be seen or done."""

    def __str__(self) -> str:
        return f"not allowed: {super().__str__()}"


class Unreachable(ClusterError):  # noqa: N818 - reads as the state it is
    """There is no cluster to look at, or it does not answer."""


class NoDrain(ClusterError):  # noqa: N818 - reads as the state it is
    """There is nothing to start a drain from."""
