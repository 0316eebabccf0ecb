"""Load tests: customers with real orders, redeliveries, storms of statuses, attackers, an operator.

    locust -f loadtests/locustfile.py --host http://localhost:8000 --shape spike --rate 80

from the repository's root. `python -m loadtests.local` starts simulator, serve and drain beside it.
"""

import collections
import datetime
import json
import random
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import gevent
from loadtests.customers import UNSIGNED, Crowd, Customer, Shop
from loadtests.summary import Second, Summary, write
from loadtests.target import Target, UnreachableError, wait_until_reachable, waiting
from loadtests.verdict import Book, Thresholds, compare, complaints, latency, percentile
from locust import FastHttpUser, LoadTestShape, User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests import shapes

PATH = "/api/v1/webhook"
#: The names of signed webhooks in locust's statistics: Meta's limits apply to these.
MESSAGE, REDELIVERY, STATUSES, BACKLOG = "message", "redelivery", "statuses", "backlog"
SIGNED = (MESSAGE, REDELIVERY, STATUSES, BACKLOG)
ATTACK = "attack"
#: The share of acknowledged webhooks that Meta delivers again, and how many are kept for that.
REDELIVERED_SHARE = 0.05
RECENT = 1000
STATUSES_IN_A_POST = 100
BACKLOG_BATCH = 50
#: The age of the messages of a backlog, and its size in seconds of the tier.
BACKLOG_AGE_SECONDS = 3 * 3600
BACKLOG_SECONDS = 60
#: After the last message: users end, workers report, refused webhooks are delivered again.
COOL_DOWN_SECONDS = 5.0
#: How long the service may take to start.
READY_SECONDS = 60.0
OVERSIZED_BYTES = 3 * 1024 * 1024 + 1
REFUSALS_OF_ATTACKS = (400, 401, 413, 429)


class Run:
    """The state that the users of this process share."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Resets the object, which users keep."""
        self.book = Book()
        self.crowd = Crowd()
        self.recent: collections.deque[bytes] = collections.deque(maxlen=RECENT)
        self.refused: collections.deque[tuple[bytes, list[Customer]]] = collections.deque()
        self.backlog = 0
        self.course: list[Second] = []
        self.started_at = time.time()


RUN = Run()


class Sender(FastHttpUser):
    """Posts to the webhook."""

    abstract = True
    connection_timeout = 10.0
    network_timeout = 30.0
    #: The interval between tasks, regardless of their duration: late users catch up.
    period = 1.0

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self.options = options
        self.shop = Shop(options.phone_number_id, options.app_secret)
        gevent.sleep(random.random() * self.period)  # so that not all users write at the same moment
        self._next_at = time.monotonic()

    def wait_time(self) -> float:
        self._next_at += self.period
        return max(0.0, self._next_at - time.monotonic())

    def post(self, body: bytes, name: str) -> bool:
        """Returns whether the response was 200."""
        headers = self.shop.headers(body)
        request = self.client.post(PATH, data=body, headers=headers, name=name, catch_response=True)  # type: ignore[arg-type]  # takes bytes
        with request as answer:
            return bool(answer.status_code == 200)

    def write(self, count: int, name: str, written_at: float) -> None:
        """Customers write; refused webhooks are delivered again later, as Meta does."""
        written = [(customer, RUN.crowd.wamid(), text) for customer, text in (RUN.crowd.writes() for _ in range(count))]
        body = self.shop.messages(written, written_at)
        customers = [customer for customer, _, _ in written]
        for customer in customers:
            RUN.book.sent(customer.address)
        self.deliver(body, customers, name)

    def deliver(self, body: bytes, customers: list[Customer], name: str) -> None:
        if self.post(body, name):
            for customer in customers:
                RUN.book.acknowledged(customer.address)
            RUN.recent.append(body)
        else:
            RUN.refused.append((body, customers))


class Shopper(Sender):
    """A stream of customers who together write one message a second."""

    @task
    def order(self) -> None:
        self.write(1, MESSAGE, time.time())


class Redeliverer(Sender):
    """Delivers refused webhooks again, and some acknowledged ones, from another address."""

    fixed_count = 1

    @task
    def redeliver(self) -> None:
        for _ in range(len(RUN.refused)):
            self.deliver(*RUN.refused.popleft(), REDELIVERY)
        for _ in range(min(len(RUN.recent), round(self.options.rate * REDELIVERED_SHARE) or 1)):
            self.post(random.choice(RUN.recent), REDELIVERY)


class StatusStorm(Sender):
    """Statuses in batches, three for each message; those of real replies come from the simulator itself."""

    fixed_count = 1

    @task
    def statuses(self) -> None:
        left = round(3 * self.options.rate)
        while left > 0:
            count = min(left, STATUSES_IN_A_POST)
            customers = [RUN.crowd.customer() for _ in range(count)]
            body = self.shop.statuses(customers, [RUN.crowd.wamid() for _ in range(count)], time.time())
            self.post(body, STATUSES)
            left -= count


class Attacker(Sender):
    """Sends wrong signatures, none, garbage and bodies that are too large; each must be refused without effect on
    others."""

    fixed_count = 1
    period = 0.5

    @task(8)
    def wrong_signature(self) -> None:
        headers = {**UNSIGNED, "X-Hub-Signature-256": f"sha256={random.randbytes(32).hex()}"}
        self.attack(self.shop.messages([(RUN.crowd.customer(), RUN.crowd.wamid(), "Quiero todo")], 0), headers)

    @task(4)
    def no_signature(self) -> None:
        self.attack(b'{"object": "whatsapp_business_account"}', UNSIGNED)

    @task(4)
    def garbage(self) -> None:
        self.attack(random.randbytes(2000), {**UNSIGNED, "X-Hub-Signature-256": "sha256=zz"})

    @task(1)
    def oversized(self) -> None:
        self.attack(bytes(OVERSIZED_BYTES), {**UNSIGNED, "X-Hub-Signature-256": f"sha256={'0' * 64}"})

    def attack(self, body: bytes, headers: dict[str, str]) -> None:
        request = self.client.post(PATH, data=body, headers=headers, name=ATTACK, catch_response=True)  # type: ignore[arg-type]  # too
        with request as answer:
            # A body that is too large may be refused before all of it is sent: then the connection just ends.
            if answer.status_code in REFUSALS_OF_ATTACKS or (not answer.status_code and len(body) >= OVERSIZED_BYTES):
                answer.success()
            else:
                answer.failure(f"an attack was answered with {answer.status_code}")


class Operator(Sender):
    """Requests the queue's status every few seconds."""

    fixed_count = 1
    period = 5.0

    @task
    def look(self) -> None:
        if self.options.admin_token:
            headers = {"Authorization": f"Bearer {self.options.admin_token}"}
            self.client.get(f"{_admin_url(self.environment)}{PATH}/queue-status", headers=headers, name="queue-status")


class Monday(Sender):
    """Delivers a backlog as Meta does after an outage: old messages, many in a POST, as fast as they are accepted."""

    fixed_count = 2
    period = 0.05

    @task
    def catch_up(self) -> None:
        if RUN.backlog > 0:
            count = min(RUN.backlog, BACKLOG_BATCH)
            RUN.backlog -= count
            self.write(count, BACKLOG, time.time() - BACKLOG_AGE_SECONDS)


USERS: list[type[Sender]] = [Shopper, Redeliverer, StatusStorm, Attacker, Operator]


class Course(LoadTestShape):
    """The number of users for the rate of the chosen shape."""

    def tick(self) -> tuple[int, float, list[type[User]] | None] | None:
        assert self.runner
        options = _options(self.runner.environment)
        now = self.get_run_time()
        users: list[type[User]] = [*USERS, Monday] if options.shape == "monday" else [*USERS]
        rate = shapes.rate_at(options.shape, now, rate=options.rate, seconds=options.seconds)
        fixed = sum(user.fixed_count for user in users)
        if rate is None:
            # The shoppers end before the run does. Locust ends the latest users first; the redeliverer is a fixed user
            # and stays, so that refused webhooks can still be delivered.
            return (fixed, 100.0, users) if now < options.seconds + COOL_DOWN_SECONDS else None
        return round(rate) + fixed, max(100.0, rate), users


# -- options and events --------------------------------------------------------------------------------------------


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    limits = Thresholds()
    add = parser.add_argument
    add("--shape", choices=list(shapes.SHAPES), default="steady", help="how the load runs", env_var="LOADTEST_SHAPE")
    add("--rate", type=float, default=80.0, help="messages a second: 80, 320, 1000...", env_var="LOADTEST_RATE")
    add("--seconds", type=float, default=0.0, help="0 for the shape's own", env_var="LOADTEST_SECONDS")
    add("--app-secret", default="demo-app-secret-of-32-characters", is_secret=True, env_var="WHATSAPP_APP_SECRET")
    add("--phone-number-id", default="106540352242922", env_var="WHATSAPP_PHONE_NUMBER_ID")
    add("--admin-token", default="", is_secret=True, env_var="RECADO_ADMIN_TOKEN")
    add("--admin-url", default="", help="where queue-status is asked, if not at --host", env_var="LOADTEST_ADMIN_URL")
    add("--simulator", default="", help="its address, to verify deliveries", env_var="LOADTEST_SIMULATOR")
    add("--settle", type=float, default=20.0, help="seconds without one more reply after which the run is judged")
    add("--results", default="data/loadtests", help="where a folder for this run is made")
    add("--name", default="", help="the run's name and folder")
    add("--compare", default="", help="an earlier run's summary.json")
    add("--median-ms", type=float, default=limits.median_ms, help="the median answer at most")
    add("--slow-share", type=float, default=limits.slow_share, help="the share of answers that may take over 1 s")
    add("--refused-share", type=float, default=limits.refused_share, help="the share of webhooks not answered 200")


def _options(environment: Environment) -> Namespace:
    options: Namespace | None = environment.parsed_options
    assert options is not None
    options.seconds = options.seconds or shapes.SECONDS[options.shape]
    return options


def _admin_url(environment: Environment) -> str:
    return str(_options(environment).admin_url or environment.host or "").rstrip("/")


@events.test_start.add_listener
def begin(environment: Environment, **_: Any) -> None:
    options = _options(environment)
    if not isinstance(environment.runner, WorkerRunner):
        _wait_for_service(environment)
    RUN.reset()
    if options.shape == "monday":
        # The master passes its option to the workers; a worker does not know how many there are.
        RUN.backlog = int(options.rate * BACKLOG_SECONDS / options.expect_workers)
    if not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(_watch, environment, RUN.course)


def _wait_for_service(environment: Environment) -> None:
    """In a cluster the Jobs may start before the service: waits for it, or ends the run."""
    try:
        wait_until_reachable(f"{environment.host}{PATH}", READY_SECONDS)
    except UnreachableError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    if environment.shape_class:
        environment.shape_class.reset_time()


@events.report_to_master.add_listener
def report(client_id: str, data: dict[str, Any]) -> None:
    data["book"] = RUN.book.take()


@events.worker_report.add_listener
def collect(client_id: str, data: dict[str, Any]) -> None:
    RUN.book.merge(data.get("book", {}))


@events.test_stop.add_listener
def finish(environment: Environment, **_: Any) -> None:
    """Verifies, evaluates and writes the run; on the master, or on the only process."""
    if isinstance(environment.runner, WorkerRunner):
        return
    if isinstance(environment.runner, MasterRunner):
        gevent.sleep(1)  # waits for the workers' last reports
    summary = _judge(environment)
    options = _options(environment)
    earlier = json.loads(Path(options.compare).read_text()) if options.compare else None
    folder = write(summary, Path(options.results) / summary.name, earlier)
    print((folder / "summary.md").read_text())
    print(f"in {folder}")
    environment.process_exit_code = 1 if summary.complaints else 0


def _judge(environment: Environment) -> Summary:
    options = _options(environment)
    limits = Thresholds(median_ms=options.median_ms, slow_share=options.slow_share, refused_share=options.refused_share)
    target = Target(_admin_url(environment), options.admin_token, options.simulator.rstrip("/"))
    deliveries, status = target.settled(RUN.book, options.settle)
    entries = {name: environment.stats.entries.get((name, "POST")) for name in SIGNED}
    latencies = {
        name: latency(entry.response_times, limit_ms=limits.slow_ms, refused=entry.num_failures)
        for name, entry in entries.items()
        if entry
    }
    counts = _counts(environment)
    refused = sum(entry.num_failures for entry in entries.values() if entry)
    overall = latency(counts, limit_ms=limits.slow_ms, refused=refused)
    message = latencies.get(MESSAGE)
    reached = message.count / options.seconds if message else 0.0
    steps = range(int(options.seconds))
    wanted = sum(
        shapes.rate_at(options.shape, second, rate=options.rate, seconds=options.seconds) or 0.0 for second in steps
    ) / len(steps)
    found = complaints(limits, overall, deliveries, waiting=waiting(status), wanted=wanted, reached=reached)
    attack = environment.stats.entries.get((ATTACK, "POST"))
    if attack and attack.num_failures:
        found.append(f"{attack.num_failures} attacks were not refused")
    started = datetime.datetime.fromtimestamp(RUN.started_at, datetime.UTC)
    return Summary(
        name=options.name or f"{options.shape}-{options.rate:g}-{started:%Y%m%dT%H%M%S}",
        started=f"{started:%Y-%m-%d %H:%M:%S} UTC",
        shape=options.shape,
        rate=options.rate,
        seconds=options.seconds,
        messages_per_second=reached,
        latency=overall,
        latencies=latencies,
        deliveries=deliveries or (compare(RUN.book, {}) if options.simulator else None),
        queue=None if status is None else {k: v for k, v in status.items() if not isinstance(v, list)},
        attacks={"refused": attack.num_requests - attack.num_failures, "let through": attack.num_failures}
        if attack
        else {},
        complaints=found,
        counts=counts,
        course=RUN.course,
    )


def _counts(environment: Environment) -> dict[int, int]:
    """The number of signed webhooks by milliseconds."""
    counts: collections.Counter[int] = collections.Counter()
    for name in SIGNED:
        if entry := environment.stats.entries.get((name, "POST")):
            counts.update(entry.response_times)
    return dict(counts)


def _watch(environment: Environment, course: list[Second]) -> None:
    """Records each second of the run."""
    runner = environment.runner
    assert runner
    before: dict[int, int] = {}
    started = time.monotonic()
    while RUN.course is course and runner.state not in ("stopped", "cleanup"):
        gevent.sleep(1)
        now = _counts(environment)
        new = {ms: count - before.get(ms, 0) for ms, count in now.items() if count > before.get(ms, 0)}
        course.append(
            Second(time.monotonic() - started, sum(new.values()), percentile(new, 0.5), percentile(new, 0.99))
        )
        before = now
