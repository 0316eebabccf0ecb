"""Exceptions of the cluster commands; each message is one line.

ClusterError
├── NotAllowed    a permission is missing
├── Unreachable   there is no cluster, or it does not respond
└── NoDrain       there is no CronJob to start a drain from
"""

from recado.errors import EXIT_FAILED, Expected


class ClusterError(Expected):
    """A failure of a cluster command."""

    exit_code = EXIT_FAILED


class NotAllowed(ClusterError):  # noqa: N818 - reads as the state it is
    """A permission is missing; the message names it."""

    def __str__(self) -> str:
        return f"not allowed: {super().__str__()}"


class Unreachable(ClusterError):  # noqa: N818 - reads as the state it is
    """There is no cluster, or it does not respond."""


class NoDrain(ClusterError):  # noqa: N818 - reads as the state it is
    """There is no CronJob to start a drain from."""
