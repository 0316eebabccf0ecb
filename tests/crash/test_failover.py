"""The loss of a PostgreSQL server under load; `make chaos FAULTS=failover` does it with separate processes."""

import asyncio
from pathlib import Path

import pytest
from loadtests.chaos import crash, servers
from loadtests.chaos.installation import in_process
from loadtests.chaos.result import FaultResult
from loadtests.chaos.standby import started_pair

pytestmark = pytest.mark.xdist_group("postgres")


def test_a_failover_to_a_synchronous_standby_loses_nothing(tmp_path: Path) -> None:
    """Two web pods and a drain find the new primary by themselves. Every message is answered, in order; each yes is one
    order."""

    async def fail_over() -> FaultResult:
        with started_pair() as pair:
            place = crash.on_server(pair.create("recado"), lambda chance: None)
            async with in_process(tmp_path, crash.talk_settings(place), web=2) as shop:
                return await servers.fail_over(shop, pair, 1)

    row = asyncio.run(fail_over())

    assert row.good, row
    assert row.messages > 0
