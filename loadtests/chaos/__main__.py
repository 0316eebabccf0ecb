"""`python -m loadtests.chaos [fault...]` (`make chaos`): injects every fault once, and prints a table of the
results."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

from loadtests.chaos import disk, faults, limits, meta, servers
from loadtests.chaos.result import FaultResult, NotHereError, table

FAULTS: dict[str, Callable[[Path], Coroutine[None, None, FaultResult]]] = {
    function.__name__: function
    for function in (
        disk.power_cut,
        disk.full_disk,
        disk.read_only_disk,
        disk.slow_disk,
        faults.clock_jumps,
        faults.two_of_each,
        faults.rolling_restarts,
        faults.large_batch,
        faults.graph_errors,
        faults.lying_graph,
        meta.outages,
        meta.lines,
        servers.failover,
        servers.asynchronous_failover,
        limits.limits,
        faults.idle_crowd,
        faults.half_bodies_crowd,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fault", nargs="*", choices=[*FAULTS, []], help="only these")
    rows: list[FaultResult] = []
    for name in parser.parse_args().fault or FAULTS:
        with tempfile.TemporaryDirectory(prefix="recado-chaos-") as folder:
            try:
                rows.append(asyncio.run(FAULTS[name](Path(folder))))
            except NotHereError as error:
                rows.append(FaultResult(fault=name, note=f"not run: {error}"))
        print(f"{name}: {'ok' if rows[-1].good else 'BAD'} {rows[-1].note}", file=sys.stderr)
    print(table(rows))
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
