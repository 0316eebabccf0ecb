"""Meta's notices about the account: each event has a name and a severity."""

import json
from typing import Any

import pytest

from recado.whatsapp.notices import AccountEvent, AccountNotice, Gravity, TemplateChange
from recado.whatsapp.payloads import parse


def notices(field: str, value: Any) -> list[AccountNotice]:
    body = {"entry": [{"id": "1", "time": 1, "changes": [{"field": field, "value": value}]}]}
    return parse(json.dumps(body).encode()).notices


@pytest.mark.parametrize(
    ("field", "value", "event", "gravity"),
    [
        (
            "account_update",
            {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED"}]},
            AccountEvent.ACCOUNT_RESTRICTED,
            Gravity.STOPS,
        ),
        (
            "account_update",
            {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}},
            AccountEvent.ACCOUNT_VIOLATION,
            Gravity.THREATENS,
        ),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}},
            AccountEvent.ACCOUNT_DISABLING,
            Gravity.STOPS,
        ),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}},
            AccountEvent.ACCOUNT_DISABLED,
            Gravity.STOPS,
        ),
        (
            "account_update",
            {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}},
            AccountEvent.ACCOUNT_REINSTATED,
            Gravity.REINSTATES,
        ),
        ("account_update", {"event": "DISABLED_UPDATE"}, AccountEvent.ACCOUNT_DISABLED, Gravity.STOPS),
        ("account_update", {"event": "ACCOUNT_OFFBOARDED"}, AccountEvent.ACCOUNT_OFFBOARDED, Gravity.STOPS),
        ("account_update", {"event": "ACCOUNT_DELETED"}, AccountEvent.ACCOUNT_DELETED, Gravity.STOPS),
        ("account_update", {"event": "PARTNER_REMOVED"}, AccountEvent.ACCESS_REMOVED, Gravity.THREATENS),
        ("account_update", {"event": "A_NEWS_OF_2027"}, AccountEvent.ACCOUNT_OTHER, Gravity.INFORMS),
        ("account_update", ["what", "is", "this"], AccountEvent.ACCOUNT_OTHER, Gravity.INFORMS),
        ("account_update", None, AccountEvent.ACCOUNT_OTHER, Gravity.INFORMS),
        ("account_update", {"event": {"a": 1}, "ban_info": 7}, AccountEvent.ACCOUNT_OTHER, Gravity.INFORMS),
        ("account_review_update", {"decision": "REJECTED"}, AccountEvent.REVIEW_REJECTED, Gravity.THREATENS),
        (
            "account_alerts",
            {"alert_info": {"alert_severity": "CRITICAL", "alert_type": "X", "alert_status": "ACTIVE"}},
            AccountEvent.ALERT_CRITICAL,
            Gravity.THREATENS,
        ),
        ("account_alerts", {"alert_severity": "WARNING"}, AccountEvent.ALERT_WARNING, Gravity.THREATENS),
        ("account_alerts", {"alert_severity": "INFORMATIONAL"}, AccountEvent.ALERT_OTHER, Gravity.INFORMS),
        (
            "business_capability_update",
            {"max_phone_numbers_per_business": 2},
            AccountEvent.CAPABILITY_CHANGED,
            Gravity.INFORMS,
        ),
        ("phone_number_quality_update", {"event": "FLAGGED"}, AccountEvent.QUALITY_FLAGGED, Gravity.THREATENS),
        ("phone_number_quality_update", {"event": "DOWNGRADE"}, AccountEvent.QUALITY_DOWNGRADED, Gravity.THREATENS),
        ("phone_number_quality_update", {"event": "THROUGHPUT_UPGRADE"}, AccountEvent.QUALITY_OTHER, Gravity.INFORMS),
        ("phone_number_name_update", {"decision": "REJECTED"}, AccountEvent.NAME_REJECTED, Gravity.THREATENS),
        ("phone_number_name_update", {"decision": "APPROVED"}, AccountEvent.NAME_OTHER, Gravity.INFORMS),
        ("security", {"event": "PIN_CHANGED"}, AccountEvent.SECURITY_PIN, Gravity.THREATENS),
        ("message_template_status_update", {"event": "APPROVED"}, AccountEvent.TEMPLATE_APPROVED, Gravity.INFORMS),
        ("message_template_status_update", {"event": "PAUSED"}, AccountEvent.TEMPLATE_REFUSED, Gravity.INFORMS),
        (
            "message_template_quality_update",
            {"new_quality_score": "RED"},
            AccountEvent.TEMPLATE_QUALITY,
            Gravity.INFORMS,
        ),
        ("template_category_update", {"new_category": "MARKETING"}, AccountEvent.TEMPLATE_CATEGORY, Gravity.INFORMS),
    ],
)
def test_every_notice_has_a_name_and_a_gravity(field: str, value: Any, event: AccountEvent, gravity: Gravity) -> None:
    """Whatever its shape. Events that Meta adds later are counted by their field."""
    [notice] = notices(field, value)
    assert (notice.event, notice.gravity) == (event, gravity)


def test_a_notice_says_what_meta_said() -> None:
    """In Meta's words, on one line, without personal data."""
    value = {"event": "PIN_CHANGED", "display_phone_number": "15550100000", "requester": "Ana"}
    assert notices("security", value) == [AccountNotice(AccountEvent.SECURITY_PIN, "PIN_CHANGED")]
    ban = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    assert notices("account_update", ban) == [AccountNotice(AccountEvent.ACCOUNT_DISABLED, "DISABLED_UPDATE DISABLE")]


@pytest.mark.parametrize(
    ("event", "stops"),
    [
        *((event, True) for event in ("PAUSED", "DISABLED", "REJECTED", "DELETED", "PENDING_DELETION", "LOCKED")),
        *((event, False) for event in ("APPROVED", "REINSTATED", "reinstated")),
        *((event, None) for event in ("FLAGGED", "PENDING", "IN_APPEAL", "LIMIT_EXCEEDED", "NEWS_OF_2027", 7, None)),
    ],
)
def test_what_meta_does_to_a_template(event: object, stops: bool | None) -> None:
    """The template can no longer be sent, or can be sent again; other events are about its reputation. Meta writes
    languages in two ways."""
    about = {"message_template_name": "aviso", "message_template_language": "es-MX", "message_template_id": 1}
    [notice] = notices("message_template_status_update", {**about, "event": event})
    word = str(event).lower()

    assert notice.template == (None if stops is None else TemplateChange("aviso", "es_MX", word, stops))


@pytest.mark.parametrize("field", ["message_template_quality_update", "template_category_update"])
def test_a_template_is_not_stopped_by_other_notices(field: str) -> None:
    """Whatever event they name."""
    value = {"message_template_name": "aviso", "message_template_language": "es", "event": "PAUSED"}
    assert [notice.template for notice in notices(field, value)] == [None]


def test_a_notice_beside_damage_is_read() -> None:
    """The same POST may contain something unreadable."""
    changes = [{"field": "account_update", "value": {"event": "ACCOUNT_DELETED"}}, 7]
    batch = parse(json.dumps({"entry": [{"changes": changes}]}).encode())
    assert [notice.event for notice in batch.notices] == [AccountEvent.ACCOUNT_DELETED]
    assert batch.ignored == ["change:unreadable"]
