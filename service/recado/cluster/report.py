"""`recado doctor` and `recado drain --in-cluster` on a terminal."""

import sys
import time

import msgspec
from rich.text import Text

from recado.cluster import (
    checks_access,
    checks_configuration,
    checks_database,
    checks_endpoints,
    checks_templates,
    checks_voice,
    checks_workloads,
    drain_job,
)
from recado.cluster.doctor import EXIT_CODES, SYMBOLS, Finding, Installation, Level, examine, worst
from recado.cluster.kube import Kube, connect, default_namespace, inside
from recado.console import Console
from recado.terminal import print_json

COLOURS = {Level.OK: "green", Level.UNSEEN: "blue", Level.WARNING: "yellow", Level.FAULT: "red"}

#: Most severe first: a missing secret stops everything.
CHECKS = (
    ("secrets", checks_configuration.secrets),
    ("catalogue", checks_configuration.catalogue),
    ("web", checks_workloads.web),
    ("drain", checks_workloads.drain),
    ("node", checks_workloads.one_node),
    ("volume", checks_workloads.volume),
    ("volume", checks_workloads.free_space),
    ("database", checks_database.database),
    ("database", checks_database.counters),
    ("queue", checks_workloads.queue),
    ("signatures", checks_workloads.signatures),
    ("endpoints", checks_endpoints.endpoints),
    ("notices", checks_endpoints.notices),
    ("voice", checks_voice.voice),
    ("backup", checks_workloads.backups),
    ("ingress", checks_access.public),
    ("handshake", checks_access.handshake),
    ("Meta", checks_configuration.api_version),
    ("Meta", checks_configuration.token),
    ("Meta", checks_configuration.other_agents),
    ("templates", checks_templates.templates),
    ("versions", checks_configuration.versions),
    ("monitoring", checks_access.monitoring),
    ("events", checks_workloads.events),
)


def doctor(release: str, namespace: str | None, *, context: str | None, as_json: bool) -> int:
    """Prints the findings; returns the exit code. Raises Unreachable."""
    kube = Kube(connect(context), namespace or default_namespace())
    findings = list(examine(Installation(kube, release, inside=inside()), CHECKS))
    if as_json:
        shown = [{**msgspec.structs.asdict(f), "level": f.level.name.lower()} for f in findings]
        print_json(shown, indent=True)
    else:
        report(findings, Console())
    return EXIT_CODES[worst(findings)]


def report(findings: list[Finding], console: Console) -> None:
    """Prints each finding in one line and its fix in the next, unwrapped so that commands can be pasted."""
    width = max(len(finding.area) for finding in findings)
    for finding in findings:
        symbol = Text(SYMBOLS[finding.level], COLOURS[finding.level])
        console.print(Text.assemble(symbol, f" {finding.area:{width}}  ", finding.text), soft_wrap=True)
        if finding.fix:
            console.print(Text(f"{'':{width}}    {finding.fix}", "dim"), soft_wrap=True)


def drain(release: str, namespace: str | None, *, context: str | None) -> int:
    """Runs one drain in the cluster; returns the exit code. Raises Unreachable, NotAllowed or NoDrain."""
    kube = Kube(connect(context), namespace or default_namespace())
    started = time.monotonic()
    done = drain_job.run(kube, release)
    print(f"{'done' if done else 'FAILED'} after {time.monotonic() - started:.0f} seconds", file=sys.stderr)
    return 0 if done else 1
