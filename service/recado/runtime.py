"""Puts recado's parts together: for serve, drain and every command, also in tests and load tests.

A process imports only what it uses: a drain starts a thousand times a day.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from recado.delivery.attempt import Delivery
from recado.delivery.channels import http, media, notice, template, whatsapp
from recado.delivery.channels.http import HttpChannel
from recado.delivery.channels.media import MediaChannel, MediaSource
from recado.delivery.channels.notice import NoticeChannel
from recado.delivery.channels.template import TemplateChannel
from recado.delivery.channels.whatsapp import MessageClient, WhatsAppChannel
from recado.delivery.drain import Drain, Progress
from recado.events.endpoints import Endpoint, load_endpoints
from recado.notices.targets import Target, WhatsAppTarget, load_targets
from recado.orders import OpenQuote
from recado.queue.model import Audience, Reminding
from recado.queue.policy import RetryConfig, RetryPolicy
from recado.queue.protocol import Outbox, RetryQueue
from recado.settings import Settings
from recado.understanding import VoiceNotes, make_catalogue, make_conversation
from recado.whatsapp.content import Content
from recado.whatsapp.outside import forms
from recado.whatsapp.templates import TemplateBook

if TYPE_CHECKING:
    import httpx

    from recado.delivery.slots import SendSlots
    from recado.inbox import Inbox
    from recado.queue.store import StoredQueue
    from recado.queue.writer import CommitObserver
    from recado.quotes import CatalogueFile
    from recado.telemetry.web_metrics import WebMetrics
    from recado.whatsapp.service import WhatsAppService

log = logging.getLogger(__name__)

Clock = Callable[[], float]


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a web pod."""

    settings: Settings
    metrics: "WebMetrics"
    queue: RetryQueue
    whatsapp: "WhatsAppService"
    catalogue: "CatalogueFile"
    inbox: "Inbox"
    slots: "SendSlots"
    drain: Drain


def retry_policy(settings: Settings, chance: Callable[[], float] = random.random) -> RetryPolicy:
    """The decisions of the queue; `chance` varies the waits."""
    config = RetryConfig(**{name: getattr(settings, name) for name in RetryConfig.__struct_fields__})
    limits = {
        whatsapp.NAME: whatsapp.limits(settings),
        template.NAME: template.limits(settings),
        http.NAME: http.LIMITS,
        notice.NAME: notice.LIMITS,
        media.NAME: media.limits(settings),
    }
    return RetryPolicy(config, limits, chance)


def endpoints(settings: Settings) -> dict[str, Endpoint]:
    """The endpoints of events by name. Raises SettingsError, which names every problem of their file."""
    return load_endpoints(settings.events_file) if settings.events_file else {}


def targets(settings: Settings) -> dict[str, Target]:
    """The targets of notices by name. Raises SettingsError, which names every problem of their file."""
    return load_targets(settings.notify_file) if settings.notify_file else {}


def open_queue(
    settings: Settings, *, clock: Clock | None = None, observer: "CommitObserver | None" = None
) -> "StoredQueue":
    """The queue that the settings name; `clock` replaces the store's in tests.

    It opens a SQLite file at once, and connects to PostgreSQL at the first use. Raises SettingsError if the file of
    events or of notices is wrong, StoreError if the queue can never work, StoreUnavailable if it cannot work now.
    """
    policy = retry_policy(settings)
    audience = Audience(
        wants={name: one.wanted for name, one in endpoints(settings).items()},
        deadline_seconds=http.DEADLINE_SECONDS,
        order_prefix=settings.order_prefix,
        notices=tuple(targets(settings)),
        notice_seconds=settings.notify_seconds,
        notice_deadline_seconds=notice.DEADLINE_SECONDS,
        accept_seconds=settings.order_accept_seconds,
        outside=forms(settings),
        reminding=Reminding(
            seconds=settings.reminder_seconds,
            window_seconds=settings.reply_window_seconds - settings.reply_window_margin_seconds,
            timezone=settings.timezone,
            says=_reminder,
        ),
    )
    if settings.database_url:
        from recado.queue.postgres import PostgresRetryQueue

        return PostgresRetryQueue(settings.database_url, policy, clock=clock, observer=observer, audience=audience)
    from recado.queue.sqlite import SqliteRetryQueue

    return SqliteRetryQueue(settings.database, policy, clock=clock or time.time, observer=observer, audience=audience)


def warn_of_targets(told: Mapping[str, Target]) -> None:
    """Warns if every notice goes through Meta: nobody would learn that Meta refuses the token."""
    if told and all(isinstance(one, WhatsAppTarget) for one in told.values()):
        log.warning(
            "all notices go to WhatsApp: they fail when Meta accepts nothing; add another target",
            extra={"action": "notices.whatsapp_only"},
        )


def _reminder(quote: OpenQuote) -> Content:
    from recado.conversation.moment import reminder  # it imports the reading of orders, which few drains need

    return reminder(quote)


class Client(MessageClient, MediaSource, Protocol):
    """The part of WhatsAppService that attempts use."""


def make_delivery(settings: Settings, queue: Outbox, client: Client, voice_notes: VoiceNotes | None = None) -> Delivery:
    """Makes what sends the queue's entries; without `voice_notes` it makes its own."""
    replies = WhatsAppChannel(client, send_seconds=settings.send_seconds, buttons=settings.buttons)
    events = HttpChannel(endpoints(settings), clock=queue.now)
    book = TemplateBook(lambda: client.templates(settings.whatsapp_business_account_id), clock=queue.now)
    templates = TemplateChannel(replies, book, forms(settings))
    notices = NoticeChannel(targets(settings), whatsapp=client, clock=queue.now)
    voice_notes = voice_notes or VoiceNotes(settings, queue, lambda: make_catalogue(settings))
    voice = MediaChannel(client, voice_notes.transcriber if voice_notes.enabled else None, voice_notes.handle, settings)
    return Delivery(queue, [replies, templates, events, notices, voice])


def make_drain(
    settings: Settings,
    queue: Outbox,
    client: Client,
    *,
    progress: Progress = lambda report: None,
) -> Drain:
    """The drain of a separate process."""
    return Drain(queue, make_delivery(settings, queue, client), settings, progress=progress)


def make_web(
    settings: Settings,
    *,
    metrics: "WebMetrics",
    queue: RetryQueue | None = None,
    transport: "httpx.AsyncBaseTransport | None" = None,
    clock: Clock | None = None,
) -> Web:
    """The web pod's parts; all use the store's clock.

    `queue`, `transport` and `clock` replace the store, the connection to Meta and the store's clock in tests.

    Raises StoreError, StoreUnavailable or CatalogueError if it could not work.
    """
    from recado.delivery.slots import SendSlots
    from recado.inbox import Inbox
    from recado.whatsapp.from_settings import make_whatsapp

    metrics.answer_handoffs_within(settings.handoff_answer_seconds)
    metrics.accept_orders_within(settings.order_accept_seconds)
    catalogue = make_catalogue(settings)
    queue = queue or open_queue(settings, clock=clock, observer=metrics)
    client = make_whatsapp(settings, transport)
    conversation = make_conversation(settings, catalogue)
    warn_of_targets(targets(settings))
    voice_notes = VoiceNotes(settings, queue, lambda: catalogue, lambda reply: metrics.replied(reply.kind, reply.quote))
    delivery = make_delivery(settings, queue, client, voice_notes)
    slots = SendSlots(queue, delivery, client, limit=settings.max_concurrent_sends)
    return Web(
        settings=settings,
        metrics=metrics,
        queue=queue,
        whatsapp=client,
        catalogue=catalogue,
        inbox=Inbox(settings, queue, conversation, slots, metrics),
        slots=slots,
        drain=Drain(queue, delivery, settings),
    )
