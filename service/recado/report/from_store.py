"""The report of a store."""

from recado.queue.leisure import at_leisure
from recado.queue.protocol import RetryQueue
from recado.quotes import Catalogue
from recado.report.aliases import proposals
from recado.report.report import Report, Retention, days_of, make_report
from recado.settings import Settings

_DAY_SECONDS = 86400


async def report(queue: RetryQueue, settings: Settings, catalogue: Catalogue, days: int) -> Report:
    """The report of the last `days` days, including today, in the shop's time zone; it proposes aliases for the
    catalogue. Raises StoreUnavailable."""
    begins = days_of(queue.now(), days, settings.timezone)
    kept = Retention(
        messages=settings.dedupe_seconds / _DAY_SECONDS,
        quotes=settings.quote_retention_seconds / _DAY_SECONDS,
        orders=settings.order_retention_seconds / _DAY_SECONDS,
        replies_lost=settings.failed_retention_seconds / _DAY_SECONDS,
        handoffs=settings.order_retention_seconds / _DAY_SECONDS,
        unsold=settings.asked_retention_seconds / _DAY_SECONDS,
    )
    survey = await queue.survey(begins)
    aliases = proposals(survey.unsold, catalogue)
    return await at_leisure(lambda: make_report(survey, begins, settings.timezone, kept, aliases))
