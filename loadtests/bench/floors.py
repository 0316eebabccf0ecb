"""The cost of minimal services: `python -m loadtests.bench.floors PORT plain|durable [DATABASE]`.

`plain` checks the signature, parses the JSON and returns 200. `durable` stores the body first, many in one transaction.
Neither reads orders, sends or counts anything.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import apsw
import uvicorn
from loadtests.bench.bodies import SECRET

ANSWER = b'{"status":"ok"}'


class GroupCommit:
    """One writer thread; everything that waits goes into one transaction."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    async def add(self, body: bytes) -> None:
        future = asyncio.get_running_loop().create_future()
        with self._wake:
            self._waiting.append((body, future))
            self._wake.notify()
        await future

    def _work(self) -> None:
        connection = apsw.Connection(self._path)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        while True:
            with self._wake:
                while not self._waiting:
                    self._wake.wait()
                batch, self._waiting = self._waiting, []
            with connection:
                connection.executemany("INSERT INTO job (body) VALUES (?)", [(body,) for body, _ in batch])
            batch[0][1].get_loop().call_soon_threadsafe(_release, [future for _, future in batch])


def _release(futures: list["asyncio.Future[None]"]) -> None:
    for future in futures:
        future.set_result(None)


def make(add: Callable[[bytes], Awaitable[None]] | None) -> Callable[[Any, Any, Any], Awaitable[None]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        given = next((value for name, value in scope["headers"] if name == b"x-hub-signature-256"), b"")
        expected = b"sha256=" + hmac.digest(SECRET.encode(), body, hashlib.sha256).hex().encode()
        status = 200 if hmac.compare_digest(given, expected) else 401
        if status == 200:
            json.loads(body)
            if add:
                await add(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    return app


def main() -> None:
    port, kind, *database = sys.argv[1:]
    add = GroupCommit(database[0]).add if kind == "durable" else None
    uvicorn.run(make(add), port=int(port), loop="uvloop", http="httptools", lifespan="off", log_level="warning")


if __name__ == "__main__":
    main()
