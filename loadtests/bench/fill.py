"""Queues with many due messages, written directly into the file."""

import shutil
import time
from pathlib import Path

from loadtests.bench.bodies import PHONE_NUMBER_ID

from recado.queue.sqlite.database import open_database
from recado.whatsapp.content import Text, encode

#: The beginning of customers' numbers, which differ from the generator's.
FIRST_CUSTOMER = 15_550_000_000
_ROWS = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
INSERT INTO entry (id, state, channel, lane, key, phone, wamid, content, written_at, received_at,
  deadline_at, due_at, attempts, spent)
SELECT ?2 + i, 'queued', 'whatsapp', ?3, ?3 || ':' || (?4 + i), '+' || (?4 + i), 'wamid.FILL' || i, ?5, ?6, ?6,
  ?6 + 80000, ?6 - 1 + i * 1e-6, 1, 1
FROM n
"""
_CONTENT = encode(
    Text("Su cotización:\n" + "2 x Zapatos de cuero a $45.99 = $91.98\n" * 6 + "Total: $551.88\nVálida por 7 días.")
).decode()


def fill(path: Path, rows: int) -> Path:
    """A new queue with `count` due messages, each to another customer."""
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    connection = open_database(path)
    connection.execute("PRAGMA synchronous = OFF")
    now = time.time()
    first = int((now - 3600) * 1e6)
    with connection:
        connection.execute(_ROWS, (rows, first, PHONE_NUMBER_ID, FIRST_CUSTOMER, _CONTENT, now))
        connection.execute("INSERT INTO lane (channel, name) VALUES ('whatsapp', ?)", (PHONE_NUMBER_ID,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path
