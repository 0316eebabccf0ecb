"""CPU of one Graph call by HTTP client, at several numbers of calls in flight.

    python -m loadtests.bench.transport [--calls 5000] [--in-flight 1,32,100,400] [--latency-ms 20]

The Graph API is the simulator, in a process of its own; the clients run one after the other in one process
each, so that the figures are the client's alone. Figures of different runs are not comparable, their ratios
are.
"""

import argparse
import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

BODY = json.dumps(
    {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+15550100001",
        "biz_opaque_callback_data": "a-0001",
        "type": "text",
        "text": {"preview_url": False, "body": "Cantidad: 2 x $45.99 = $91.98. " * 10},
    }
).encode()
HEADERS = {"Authorization": "Bearer EAAG-bench", "Content-Type": "application/json"}
Call = Callable[[], Awaitable[int]]


TIMEOUTS = {"connect": 5.0, "pool": 30.0, "write": 5.0, "read": 15.0}


def recado_call(url: str) -> Call:
    """GraphTransport as WhatsAppService uses it."""
    import httpx

    from recado.whatsapp.transport import Endpoint, GraphTransport

    transport = GraphTransport()
    endpoint = Endpoint("POST", httpx.URL(url), httpx.Headers(HEADERS))

    async def call() -> int:
        answer = await transport.exchange(endpoint, BODY, TIMEOUTS)
        return len(answer.body) and answer.status

    return call


def recado_httpx_call(url: str) -> Call:
    """GraphTransport below httpx's Request and Response."""
    import httpx

    from recado.whatsapp.transport import GraphTransport

    transport = GraphTransport()
    target, headers = httpx.URL(url), httpx.Headers(HEADERS)

    async def call() -> int:
        request = httpx.Request("POST", target, headers=headers, content=BODY, extensions={"timeout": TIMEOUTS})
        response = await transport.handle_async_request(request)
        return len(response.content) and response.status_code

    return call


def httpx_call(url: str) -> Call:
    import httpx

    client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=512))

    async def call() -> int:
        response = await client.post(url, headers=HEADERS, content=BODY)
        return len(response.content) and response.status_code

    return call


def aiohttp_call(url: str) -> Call:
    import aiohttp

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=512))

    async def call() -> int:
        async with session.post(url, headers=HEADERS, data=BODY) as response:
            return len(await response.read()) and response.status

    return call


CLIENTS = {
    "recado": recado_call,
    "recado-httpx": recado_httpx_call,
    "aiohttp": aiohttp_call,
    "httpx": httpx_call,
}


async def measure(make: Callable[[str], Call], url: str, in_flight: int, calls: int) -> dict[str, float]:
    call = make(url)
    left = 0

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            status = await call()
            assert status == 200, status

    for warm in (True, False):
        left = min(calls, 2 * in_flight) if warm else calls
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker() for _ in range(in_flight)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_us_per_call": round(cpu / calls * 1e6, 1), "calls_per_second": round(calls / wall)}


def child(client: str, url: str, in_flight: int, calls: int) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(CLIENTS[client], url, in_flight, calls))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="at most; few calls in flight get fewer")
    parser.add_argument("--in-flight", default="1,32,100,400")
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--url", help="a Graph API that runs already")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        client, in_flight, calls = args.child
        child(client, args.url, int(in_flight), int(calls))
        return
    graph = None
    url = args.url
    if not url:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        start = (
            "from recado.simulator.command import run;"
            f"run(port={port}, latency_ms={args.latency_ms}, messages_per_second=0, pair_interval=0)"
        )
        graph = subprocess.Popen([sys.executable, "-c", start], stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}/v26.0/700000000000001/messages"
        time.sleep(1)
    try:
        for in_flight in (int(n) for n in args.in_flight.split(",")):
            for client in CLIENTS:
                if importlib.util.find_spec(client.partition("-")[0]) is None:
                    continue
                # httpx's pool would need minutes for thousands of calls at 100 in flight.
                calls = min(args.calls, (3 if client == "httpx" else 50) * max(in_flight, 20))
                argv = ["--url", url, "--child", client, str(in_flight), str(calls)]
                done = subprocess.run([sys.executable, __file__, *argv], check=True, capture_output=True)
                print(f"{client:12} {in_flight:4} in flight  {done.stdout.decode().strip()}", flush=True)
    finally:
        if graph is not None:
            graph.terminate()
            graph.wait()


if __name__ == "__main__":
    main()
