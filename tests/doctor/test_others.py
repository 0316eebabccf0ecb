"""The doctor's findings about others who use the business number: the shop's phone, another agent of Meta's."""

from collections.abc import Callable

import pytest

from recado.cluster.doctor import Finding, Level
from recado.telemetry import metrics
from tests.doctor.conftest import METRICS, NODE, World
from tests.doctor.fake_cluster import FakeCluster, pod
from tests.doctor.faults import settings

Look = Callable[..., list[Finding]]
ON_PHONE = (200, '{"health_status": {"can_send_message": "AVAILABLE"}, "is_on_biz_app": true}')


@pytest.mark.parametrize(("rate", "level"), [(None, Level.WARNING), ("0", Level.WARNING), ("20", Level.OK)])
def test_a_number_that_is_on_a_phone_too(
    cluster: FakeCluster, world: World, look: Look, rate: str | None, level: Level
) -> None:
    """Meta accepts fewer messages from it."""
    world.meta = ON_PHONE
    if rate is not None:
        settings(cluster)["RECADO_MESSAGES_PER_SECOND"] = rate
    (found,) = [finding for finding in look() if finding.area == "Meta" and "number" in finding.text]

    assert found.level is level
    assert ("20 messages a second" in found.text) is (level is Level.WARNING)


@pytest.mark.parametrize(("webhooks", "said"), [(0.0, False), (3.0, True)])
def test_another_agent_that_has_the_messages(cluster: FakeCluster, look: Look, webhooks: float, said: bool) -> None:
    """Otherwise nobody would learn why recado is silent."""
    cluster.metrics += f'{metrics.IGNORED.name}{{part="standby"}} {webhooks}\n'
    found = [finding for finding in look() if "another agent" in finding.text]

    assert [finding.level for finding in found] == [Level.WARNING] * said


def test_what_several_pods_counted_is_one_sum(cluster: FakeCluster, look: Look) -> None:
    """The newest of two pods got only webhooks with a wrong signature."""
    newest = pod(cluster.find("Deployment", "shop-recado"), "shop-recado-2", NODE)
    newest["metadata"]["creationTimestamp"] = "2026-11-23T16:59:00Z"
    cluster.objects.append(newest)
    cluster.metrics_of["shop-recado-2"] = METRICS.replace('"accepted"} 70.0', '"accepted"} 0.0')
    (found,) = [finding for finding in look() if finding.area == "signatures"]

    assert (found.level, found.text) == (Level.OK, "70 webhooks were accepted, 6 had a wrong signature")
