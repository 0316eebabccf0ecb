"""Every drill: a fault, the alerts that it must raise, and those that it may raise."""

from collections.abc import Callable
from typing import Any

import msgspec
from dashboards.alerts import ALERTS

from tests.telemetry import faults, server_faults

PAGE, TICKET = "page", "ticket"


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """`also` names further alerts that the fault may raise. `settings` are the service's for this drill; `history` is
    what Prometheus has recorded before. With `events`, the simulator is an endpoint of events; with `notices`, the
    target of notices accepts none. `per_second` customers order, and Prometheus scrapes every `scrape`, which is also
    the scrape's time-out: alerts on gauges need little of both, so they also fire on a busy machine. With `pair`, the
    store is a PostgreSQL with a synchronous standby, and `volume` is the primary's.
    """

    name: str
    fault: faults.Fault
    alerts: tuple[tuple[str, str], ...]
    also: tuple[str, ...] = ()
    settings: dict[str, str] = {}
    volume: str = ""
    history: Callable[[], str] = str
    events: bool = False
    notices: bool = False
    pair: bool = False
    per_second: float = 5.0
    scrape: str = "250ms"


OUTAGE = {"outages": [{"fault": "server_error"}]}
#: Alerts that a busy machine raises by itself.
BUSY = ("RecadoDrainStalled", "RecadoWebhookLatencyBurn")
#: Alerts about replies that wait because nothing can be sent.
WAITING = ("RecadoRepliesLate", "RecadoQueueGrowing", "RecadoOutcomesUnknown")


def on_servers(**fields: Any) -> Drill:
    """A drill on a pair of servers, which respond slowly on a busy machine."""
    return Drill(pair=True, scrape="1s", per_second=2.0, **fields)


#: Further alerts that an unusable server explains: nothing is recorded, and replies that were sent meanwhile are
#: settled later. A scrape that waits for the server fails here, because its time-out is the drill's short interval.
SERVER_GONE = (
    *WAITING,
    "RecadoDown",
    "RecadoStoreBusy",
    "RecadoStoreInDoubt",
    "RecadoStandbyLost",
    "RecadoDrainStalled",
    "RecadoWebhookLatencyBurn",
    "RecadoDeliveryBurn",
    "RecadoLeasesRescued",
)

DRILLS = (
    Drill(name="outage", fault=faults.meta(**OUTAGE), alerts=(("RecadoMetaOutage", TICKET),), also=WAITING),
    Drill(
        name="rush",
        fault=faults.rush_in_an_outage,
        alerts=(("RecadoQueueGrowing", TICKET),),
        also=(*WAITING, "RecadoMetaOutage"),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0"},
    ),
    Drill(
        name="token",
        fault=faults.meta(outages=[{"fault": "code:190"}]),
        alerts=(("RecadoOperatorNeeded", PAGE),),
        also=WAITING,
    ),
    Drill(
        name="account",
        fault=faults.account_disabled,
        alerts=(("RecadoAccountStopped", PAGE), ("RecadoAccountThreatened", TICKET)),
    ),
    Drill(
        name="slow",
        fault=faults.meta(latency_seconds=0.5),
        alerts=(("RecadoWebhookLatencyBurn", PAGE),),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0.8"},
    ),
    Drill(
        name="refused",
        fault=faults.meta(ratios={"code:131026": 1.0}),
        alerts=(("RecadoDeliveryBurn", PAGE), ("RecadoRepliesLost", TICKET)),
    ),
    Drill(
        name="receiver",
        fault=faults.receiver_down,
        alerts=(("RecadoEventEndpointHeld", TICKET), ("RecadoEventsLate", TICKET)),
        also=BUSY,
        events=True,
        per_second=1.0,
        scrape="2s",
    ),
    Drill(name="refusals", fault=faults.receiver_refuses, alerts=(("RecadoEventsLost", TICKET),), events=True),
    Drill(
        name="notices",
        fault=faults.meta(ratios={"code:131026": 1.0}),
        alerts=(("RecadoNoticesFailing", TICKET),),
        also=("RecadoDeliveryBurn", "RecadoRepliesLost"),
        notices=True,
    ),
    Drill(
        name="voice",
        fault=faults.voice_unheard,
        alerts=(("RecadoVoiceUnheard", TICKET),),
        settings={"RECADO_TRANSCRIBE_URL": "http://127.0.0.1:9/v1"},
    ),
    Drill(
        name="throttle",
        fault=faults.meta(ratios={"throttled": 0.3}),
        alerts=(("RecadoThrottled", TICKET),),
        also=WAITING,
    ),
    Drill(
        name="no-answers",
        fault=faults.meta(ratios={"timeout": 0.4}),
        alerts=(("RecadoOutcomesUnknown", TICKET),),
        also=("RecadoMetaOutage", "RecadoRepliesLate", "RecadoRepliesLost", "RecadoDeliveryBurn"),
    ),
    Drill(name="drain", fault=faults.drain_stopped, alerts=(("RecadoDrainStalled", TICKET),)),
    Drill(
        name="late",
        fault=faults.drain_stopped_with_work,
        alerts=(("RecadoRepliesLate", PAGE),),
        also=("RecadoDrainStalled", "RecadoQueueGrowing"),
    ),
    Drill(
        name="silence",
        fault=faults.webhooks_stopped,
        alerts=(("RecadoWebhooksStopped", TICKET),),
        history=faults.a_day_ago,
    ),
    Drill(name="forgery", fault=faults.forged, alerts=(("RecadoSignatureFailures", TICKET),)),
    Drill(name="secret", fault=faults.secret_changed_at_meta, alerts=(("RecadoWrongAppSecret", PAGE),)),
    Drill(
        name="crashes",
        fault=faults.crash_loop,
        alerts=(("RecadoCrashLooping", TICKET),),
        also=("RecadoLeasesRescued", "RecadoDown"),
    ),
    Drill(name="gone", fault=faults.pod_gone, alerts=(("RecadoDown", PAGE),)),
    Drill(
        name="killed",
        fault=faults.senders_killed,
        alerts=(("RecadoLeasesRescued", TICKET),),
        also=("RecadoOutcomesUnknown",),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0"},
    ),
    Drill(name="catalogue", fault=faults.bad_catalogue, alerts=(("RecadoCatalogueRefused", TICKET),)),
    Drill(name="backups", fault=faults.backups_stopped, alerts=(("RecadoBackupStale", TICKET),)),
    Drill(name="defect", fault=faults.stumbling, alerts=(("RecadoMessageErrors", TICKET),)),
    Drill(name="number", fault=faults.another_number, alerts=(("RecadoUnknownNumber", PAGE),)),
    Drill(
        name="template",
        fault=faults.template_paused,
        alerts=(("RecadoTemplatePaused", TICKET),),
        settings={
            "RECADO_AFTER_WINDOW": "template",
            "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
            "RECADO_REPLY_WINDOW_SECONDS": "10",
            "RECADO_REPLY_WINDOW_MARGIN_SECONDS": "0",
        },
    ),
    Drill(
        name="person",
        fault=faults.person_wanted,
        alerts=(("RecadoPersonWanted", TICKET),),
        settings={"RECADO_HANDOFF_ANSWER_SECONDS": "5"},
    ),
    Drill(
        name="waiting",
        fault=faults.order_waits,
        alerts=(("RecadoOrdersWaiting", TICKET),),
        settings={"RECADO_ORDER_ACCEPT_SECONDS": "5"},
    ),
    Drill(name="nonsense", fault=faults.nonsense, alerts=(("RecadoOrdersNotUnderstood", TICKET),)),
    Drill(
        name="lock",
        fault=faults.lock_held,
        alerts=(("RecadoStoreBusy", TICKET),),
        also=("RecadoWebhookLatencyBurn", "RecadoWebhookRefusalBurn", "RecadoDrainStalled", "RecadoRepliesLate"),
    ),
    Drill(
        name="filling",
        fault=faults.fill(0.87, slowly=True),
        alerts=(("RecadoVolumeFilling", TICKET),),
        volume="256m",
    ),
    Drill(
        name="full",
        fault=faults.fill(1.01),
        alerts=(("RecadoVolumeFull", PAGE), ("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=("RecadoDrainStalled", "RecadoVolumeFilling", "RecadoRepliesLate"),
        volume="32m",
    ),
    on_servers(
        name="server",
        fault=server_faults.server_gone,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
    ),
    on_servers(
        name="frozen",
        fault=server_faults.server_frozen,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
    ),
    on_servers(
        name="failover",
        fault=server_faults.failover,
        alerts=(("RecadoStandbyLost", TICKET),),
        also=(*SERVER_GONE, "RecadoStoreFailing", "RecadoWebhookRefusalBurn"),
    ),
    on_servers(
        name="doubt",
        fault=server_faults.standby_frozen,
        alerts=(("RecadoStoreInDoubt", TICKET), ("RecadoStoreFailing", TICKET)),
        also=(*SERVER_GONE, "RecadoWebhookRefusalBurn"),
    ),
    on_servers(
        name="vacuum",
        fault=server_faults.long_transaction,
        alerts=(("RecadoVacuumBlocked", TICKET),),
        also=("RecadoWebhookLatencyBurn",),
    ),
    on_servers(
        name="clock",
        fault=server_faults.clock_wrong,
        alerts=(("RecadoClockOffset", TICKET),),
        also=("RecadoDown", "RecadoWebhookLatencyBurn"),  # the pod is restarted
    ),
    on_servers(
        name="server-full",
        fault=server_faults.server_full,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
        volume="256m",
    ),
)


def undrilled() -> set[str]:
    """Alerts without a drill."""
    return {alert.name for alert in ALERTS} - {name for drill in DRILLS for name, _ in drill.alerts}
