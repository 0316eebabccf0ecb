"""Meta's webhooks about the account, its numbers and templates: each event gets one name and one gravity.

Meta has many events and adds more. Events that need an operator have their own names; the others are counted by field.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from recado.whatsapp.errors import harmless
from recado.whatsapp.wire import Value


class Gravity(StrEnum):
    """What a notice means for the business number."""

    STOPS = "stops"
    THREATENS = "threatens"
    REINSTATES = "reinstates"
    INFORMS = "informs"


class AccountEvent(StrEnum):
    """The events that recado distinguishes."""

    ACCOUNT_RESTRICTED = "account_restricted"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DISABLING = "account_disabling"
    ACCOUNT_DELETED = "account_deleted"
    ACCOUNT_OFFBOARDED = "account_offboarded"
    ACCOUNT_VIOLATION = "account_violation"
    ACCOUNT_REINSTATED = "account_reinstated"
    ACCOUNT_OTHER = "account_other"
    ACCESS_REMOVED = "access_removed"
    REVIEW_REJECTED = "review_rejected"
    REVIEW_OTHER = "review_other"
    ALERT_CRITICAL = "alert_critical"
    ALERT_WARNING = "alert_warning"
    ALERT_OTHER = "alert_other"
    CAPABILITY_CHANGED = "capability_changed"
    QUALITY_FLAGGED = "quality_flagged"
    QUALITY_DOWNGRADED = "quality_downgraded"
    QUALITY_OTHER = "quality_other"
    NAME_REJECTED = "name_rejected"
    NAME_OTHER = "name_other"
    SECURITY_PIN = "security_pin"
    SECURITY_OTHER = "security_other"
    TEMPLATE_APPROVED = "template_approved"
    TEMPLATE_REFUSED = "template_refused"
    TEMPLATE_QUALITY = "template_quality"
    TEMPLATE_CATEGORY = "template_category"
    TEMPLATE_OTHER = "template_other"


_STOPS = frozenset(
    {
        AccountEvent.ACCOUNT_RESTRICTED,
        AccountEvent.ACCOUNT_DISABLED,
        AccountEvent.ACCOUNT_DISABLING,
        AccountEvent.ACCOUNT_DELETED,
        AccountEvent.ACCOUNT_OFFBOARDED,
    }
)
_THREATENS = frozenset(
    {
        AccountEvent.ACCESS_REMOVED,
        AccountEvent.ACCOUNT_VIOLATION,
        AccountEvent.REVIEW_REJECTED,
        AccountEvent.ALERT_CRITICAL,
        AccountEvent.ALERT_WARNING,
        AccountEvent.QUALITY_FLAGGED,
        AccountEvent.QUALITY_DOWNGRADED,
        AccountEvent.NAME_REJECTED,
        AccountEvent.SECURITY_PIN,
    }
)

#: By field: Meta's events with their own names, and the name of all others.
_NAMES: dict[str, tuple[dict[str, AccountEvent], AccountEvent]] = {
    "account_update": (
        {
            "ACCOUNT_RESTRICTION": AccountEvent.ACCOUNT_RESTRICTED,
            "ACCOUNT_VIOLATION": AccountEvent.ACCOUNT_VIOLATION,
            "ACCOUNT_DELETED": AccountEvent.ACCOUNT_DELETED,
            "ACCOUNT_OFFBOARDED": AccountEvent.ACCOUNT_OFFBOARDED,
            "ACCOUNT_RECONNECTED": AccountEvent.ACCOUNT_REINSTATED,
            "DISABLED_UPDATE": AccountEvent.ACCOUNT_DISABLED,
            "SCHEDULE_FOR_DISABLE": AccountEvent.ACCOUNT_DISABLING,
            "REINSTATE": AccountEvent.ACCOUNT_REINSTATED,
            "PARTNER_REMOVED": AccountEvent.ACCESS_REMOVED,
            "PARTNER_APP_UNINSTALLED": AccountEvent.ACCESS_REMOVED,
        },
        AccountEvent.ACCOUNT_OTHER,
    ),
    "account_review_update": ({"REJECTED": AccountEvent.REVIEW_REJECTED}, AccountEvent.REVIEW_OTHER),
    "account_alerts": (
        {"CRITICAL": AccountEvent.ALERT_CRITICAL, "WARNING": AccountEvent.ALERT_WARNING},
        AccountEvent.ALERT_OTHER,
    ),
    "business_capability_update": ({}, AccountEvent.CAPABILITY_CHANGED),
    "phone_number_quality_update": (
        {"FLAGGED": AccountEvent.QUALITY_FLAGGED, "DOWNGRADE": AccountEvent.QUALITY_DOWNGRADED},
        AccountEvent.QUALITY_OTHER,
    ),
    "phone_number_name_update": ({"REJECTED": AccountEvent.NAME_REJECTED}, AccountEvent.NAME_OTHER),
    "security": (
        dict.fromkeys(("PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_RESET_SUCCESS"), AccountEvent.SECURITY_PIN),
        AccountEvent.SECURITY_OTHER,
    ),
    "message_template_status_update": (
        {
            "APPROVED": AccountEvent.TEMPLATE_APPROVED,
            "REINSTATED": AccountEvent.TEMPLATE_APPROVED,
            **dict.fromkeys(
                ("REJECTED", "PAUSED", "DISABLED", "FLAGGED", "LIMIT_EXCEEDED"), AccountEvent.TEMPLATE_REFUSED
            ),
        },
        AccountEvent.TEMPLATE_OTHER,
    ),
    "message_template_quality_update": ({}, AccountEvent.TEMPLATE_QUALITY),
    "template_category_update": ({}, AccountEvent.TEMPLATE_CATEGORY),
    "message_template_components_update": ({}, AccountEvent.TEMPLATE_OTHER),
}


#: Events after which a template can be sent, and after which it cannot. FLAGGED and LIMIT_EXCEEDED are only warnings.
_STARTS_TEMPLATES = frozenset({"APPROVED", "REINSTATED"})
_STOPS_TEMPLATES = frozenset({"REJECTED", "PAUSED", "DISABLED", "DELETED", "PENDING_DELETION", "ARCHIVED", "LOCKED"})


#: Meta's own limits.
_MOST_NAME = 512
_MOST_LANGUAGE = 20


class TemplateChange(Struct, frozen=True):
    """A template that can be sent again, or can no longer be sent. `event`: Meta's term, in lower case."""

    name: str
    language: str
    event: str
    stops: bool


class AccountNotice(Struct, frozen=True):
    """One notice. `said`: Meta's own words, in a form for logs."""

    event: AccountEvent
    said: str = ""
    template: TemplateChange | None = None

    @property
    def gravity(self) -> Gravity:
        if self.event in _STOPS:
            return Gravity.STOPS
        if self.event in _THREATENS:
            return Gravity.THREATENS
        return Gravity.REINSTATES if self.event is AccountEvent.ACCOUNT_REINSTATED else Gravity.INFORMS


def read(field: str, value: Value) -> AccountNotice | None:
    """The notice in a change of this field; None for fields without notices."""
    if field not in _NAMES:
        return None
    names, other = _NAMES[field]
    words = [word.upper() for word in _words(value)]
    # The last word is the most specific: an account's DISABLED_UPDATE can be a REINSTATE.
    event = next((names[word] for word in reversed(words) if word in names), other)
    return AccountNotice(event, harmless(" ".join(words)), _template(field, value))


def _template(field: str, value: Value) -> TemplateChange | None:
    name, language, event = value.message_template_name, value.message_template_language, value.event
    if field != "message_template_status_update" or not all(isinstance(word, str) for word in (name, language, event)):
        return None
    if event.upper() not in _STARTS_TEMPLATES | _STOPS_TEMPLATES:
        return None
    return TemplateChange(
        name=name[:_MOST_NAME],
        language=language.replace("-", "_")[:_MOST_LANGUAGE],
        event=event.lower(),
        stops=event.upper() in _STOPS_TEMPLATES,
    )


def _words(value: Value) -> list[str]:
    """The text of a notice, the general part first."""
    found = [
        value.event,
        value.decision,
        *_inside(value.ban_info, "waba_ban_state"),
        *_inside(value.alert_info, "alert_type", "alert_severity"),
        value.alert_severity,
        *_inside(value.violation_info, "violation_type"),
        *_inside(value.restriction_info, "restriction_type"),
        value.new_quality_score,
        value.current_limit,
        value.message_template_name,
        value.reason,
    ]
    return [word for word in found if isinstance(word, str)]


def _inside(raw: Any, *keys: str) -> list[Any]:
    """The values of keys in an object, or in each object of a list."""
    objects = raw if isinstance(raw, list) else [raw]
    return [one.get(key) for one in objects if isinstance(one, dict) for key in keys]
