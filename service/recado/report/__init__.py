"""The results of the conversations of some days: the funnel, products, times, what went wrong."""

from recado.report.from_store import report
from recado.report.report import MAX_DAYS, Report

__all__ = ["MAX_DAYS", "Report", "report"]
