"""A pod reads its catalogue's names as orders, and reports those that it does not read as their product."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import cast

import pytest

from recado.http.app import try_names
from recado.quotes import CatalogueFile
from recado.telemetry.web_metrics import WebMetrics


class Told:
    """Replaces the metrics: remembers their values."""

    def __init__(self) -> None:
        self.misread: list[int] = []
        self.event = asyncio.Event()

    def catalogue_tried(self, misread: int) -> None:
        self.misread.append(misread)
        self.event.set()


def test_names_that_are_not_understood_are_counted_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text(
        "sku,name,aliases,unit_price,currency\nA,Camisa,no quiero,1,USD\nB,Gorra,,1,USD\n", encoding="utf-8"
    )

    async def run() -> list[int]:
        told = Told()
        task = asyncio.create_task(try_names(CatalogueFile(path), cast(WebMetrics, told)))
        await asyncio.wait_for(told.event.wait(), 30)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return told.misread

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(run()) == [1]
    assert "'no quiero'" in caplog.text
