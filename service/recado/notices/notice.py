"""A notice in the store, and its text: in Spanish, and without customer data."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

#: The maximum number of reasons or orders that a notice names.
NAMED = 10


class NoticeKind(StrEnum):
    """What a notice is about."""

    REPLY_LOST = "reply_lost"
    OPERATOR_NEEDED = "operator_needed"
    ORDER_PLACED = "order_placed"
    ORDER_WAITING = "order_waiting"
    CANCEL_REQUESTED = "cancel_requested"
    HANDOFF = "handoff"
    RECOVERED = "recovered"
    TEST = "test"


class Notice(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="notice"):
    """How often something happened since an instant (Unix seconds). whats: how often for each reason, order number or
    lane."""

    kind: NoticeKind
    count: int
    since: float
    whats: dict[str, int] = {}

    def with_more(self, other: "Notice") -> "Notice":
        """Merges two notices."""
        whats = dict(self.whats)
        for what, count in other.whats.items():
            if what in whats or len(whats) < NAMED:
                whats[what] = whats.get(what, 0) + count
        return Notice(kind=self.kind, count=self.count + other.count, since=min(self.since, other.since), whats=whats)


class _Wording(msgspec.Struct, frozen=True):
    """one, many: the text for one case, and for `{}` cases. runbook: what to read. command: what to run."""

    one: str
    many: str
    runbook: str | None = None
    command: str | None = None


_FAILED = "recado queue list --state failed"
_PLACED = "recado orders list --state placed"
_WORDINGS = {
    NoticeKind.REPLY_LOST: _Wording(
        "1 respuesta no llegó a su cliente", "{} respuestas no llegaron a sus clientes", "RecadoRepliesLost", _FAILED
    ),
    NoticeKind.OPERATOR_NEEDED: _Wording(
        "recado dejó de enviar por un canal: necesita a su operador",
        "recado dejó de enviar {} veces: necesita a su operador",
        "RecadoOperatorNeeded",
        "recado queue list --state queued",
    ),
    NoticeKind.ORDER_PLACED: _Wording("Pedido nuevo", "{} pedidos nuevos", command=_PLACED),
    NoticeKind.ORDER_WAITING: _Wording(
        "1 pedido espera a que la tienda lo acepte",
        "{} pedidos esperan a que la tienda los acepte",
        "RecadoOrdersWaiting",
        _PLACED,
    ),
    NoticeKind.CANCEL_REQUESTED: _Wording(
        "1 cliente quiere cancelar su pedido",
        "{} clientes quieren cancelar su pedido",
        command="recado orders list",
    ),
    NoticeKind.HANDOFF: _Wording("1 cliente pide hablar con una persona", "{} clientes piden hablar con una persona"),
    NoticeKind.RECOVERED: _Wording(
        "Ya no espera nada en el canal que estaba detenido",
        "Ya no espera nada en {} canales que estaban detenidos",
    ),
    NoticeKind.TEST: _Wording("Prueba: los avisos de recado llegan", "Prueba: los avisos de recado llegan"),
}


def headline(notice: Notice) -> str:
    """What happened, in one line."""
    wording = _WORDINGS[notice.kind]
    return wording.one if notice.count == 1 else wording.many.format(notice.count)


def in_one_line(notice: Notice) -> str:
    """What happened, with reasons, orders or lanes, without a line break."""
    named = _named(notice)
    return f"{headline(notice)}: {named}" if named else headline(notice)


def _named(notice: Notice) -> str:
    """The reasons, orders or lanes of a notice."""
    named = (what if count == 1 else f"{what} x {count}" for what, count in notice.whats.items())
    return ", ".join(named) + (" ..." if sum(notice.whats.values()) < notice.count and notice.whats else "")


def text(notice: Notice) -> str:
    """The whole notice."""
    wording = _WORDINGS[notice.kind]
    since = datetime.fromtimestamp(notice.since, UTC)
    lines = [f"{headline(notice)} (desde {since:%Y-%m-%d %H:%M} UTC)."]
    if notice.whats:
        lines.append(_named(notice))
    if wording.runbook:
        lines.append(f"Guía: {wording.runbook}")
    if wording.command:
        lines.append(f"Comando: {wording.command}")
    return "\n".join(lines)
