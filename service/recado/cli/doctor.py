"""`recado doctor`, and `recado drain --in-cluster`: the commands that need the Kubernetes client, an extra."""

from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, Context, Namespace, Release

if TYPE_CHECKING:
    from types import ModuleType


def doctor(
    release: Release = "recado",
    namespace: Namespace = None,
    context: Context = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array of findings.")] = False,
) -> None:
    """Find what is wrong with an installation in Kubernetes, and how to fix it.

    Exits 0, 1 (warnings) or 3 (faults).
    """
    raise typer.Exit(_report().doctor(release, namespace, context=context, as_json=as_json))


def drain_in_cluster(release: str, namespace: str | None, *, context: str | None) -> int:
    """Runs one drain as a Job of the release; returns the exit code."""
    code: int = _report().drain(release, namespace, context=context)
    return code


def _report() -> "ModuleType":
    try:
        from recado.cluster import report
    except ModuleNotFoundError as error:
        raise BadInput(
            f"{error.name} is not installed; in a checkout of recado, run pip install '.[cluster]'"
        ) from error
    return report
