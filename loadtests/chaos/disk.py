"""Faults of the disk. They need root to mount their own file systems; they do not touch other disks."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
from loadtests.chaos.installation import Installation, installation
from loadtests.chaos.result import FaultResult, NotHereError, load

PER_SECOND = 40.0
CUTS = 10
IMAGE_BYTES = 48 * 1024 * 1024
SLOW_SECONDS = 0.15


async def power_cut(folder: Path) -> FaultResult:
    """Checks what is on the disk itself at random moments under load, without the kernel's memory.

    The database is on a file system in a file. All processes stop, the file is copied, and the copy is opened
    elsewhere: everything that was acknowledged must be in it.
    """
    row = FaultResult(fault="power cut", injected=f"{CUTS} cuts")
    chance = random.Random(1)
    with _ext4(folder / "disk.img", folder / "disk") as disk:
        async with installation(disk, statuses=False, logs=folder / "logs") as shop, load(row, shop, PER_SECOND):
            missing, broken = 0, 0
            for _ in range(CUTS):
                await asyncio.sleep(chance.uniform(0.2, 0.8))
                acknowledged = _stop_and_copy(shop, folder / "disk.img", folder / "cut.img")
                found, file = await asyncio.to_thread(_open_elsewhere, folder / "cut.img", folder / "cut")
                missing += len(acknowledged - found)
                broken += file != "ok"
    row.require(not missing, f"{missing} acknowledged messages are missing in copies")
    row.require(not broken, f"{broken} copies are broken")
    row.note = row.note or "every copy sound, nothing acknowledged missing"
    return row


def _stop_and_copy(shop: Installation, image: Path, copy: Path) -> set[str]:
    for process in shop.processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        acknowledged = {inbound.wamid for inbound in shop.simulator.ledger if inbound.acknowledged_at is not None}
        shutil.copyfile(image, copy)
    finally:
        for process in shop.processes:
            os.kill(process.pid, signal.SIGCONT)
    return acknowledged


def _open_elsewhere(image: Path, mount: Path) -> tuple[set[str], str]:
    with _mounted(image, mount) as disk:
        connection = apsw.Connection(str(disk / "recado.db"))
        try:
            found = {wamid for (wamid,) in connection.execute("SELECT wamid FROM entry")}
            return found, str(connection.execute("PRAGMA integrity_check").get)
        except apsw.Error as error:
            return set(), str(error)
        finally:
            connection.close()


async def full_disk(folder: Path) -> FaultResult:
    """The disk is full for three seconds under load: webhooks get 503, and Meta delivers them again."""
    row = FaultResult(fault="full disk", injected="3 s")
    with _tmpfs(folder / "disk", "64m") as disk:
        async with installation(disk, logs=folder / "logs") as shop, load(row, shop, PER_SECOND):
            await asyncio.sleep(1)
            ballast = disk / "ballast"
            _fill(ballast)
            await asyncio.sleep(3)
            ballast.unlink()
    row.require(row.refused > 0, "the disk was full")
    return row


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(b"x" * 65536)


async def read_only_disk(folder: Path) -> FaultResult:
    """The kernel makes the file system read-only, as after an error of the disk; then the pod is restarted."""
    row = FaultResult(fault="read-only disk", injected="2 s, then a restart")
    with _ext4(folder / "disk.img", folder / "disk") as disk:
        async with installation(disk, logs=folder / "logs") as shop, load(row, shop, PER_SECOND):
            await asyncio.sleep(1)
            _call("mount", "-o", "remount,abort", str(disk))
            await asyncio.sleep(2)
            refused = {a: n for a, n in shop.simulator.sender.counts.items() if a.isdigit() and a != "200"}
            for process in shop.processes:
                process.stop(signal.SIGKILL)
            _call("umount", str(disk))
            _call("mount", "-o", "loop", str(folder / "disk.img"), str(disk))
            for process in shop.processes:
                process.start()
            for process in shop.processes:
                await asyncio.to_thread(process.ready)
    row.require(set(refused) == {"503"}, f"503 and nothing else: {refused}")
    return row


async def slow_disk(folder: Path) -> FaultResult:
    """Each sync takes 150 ms longer, for five seconds."""
    row = FaultResult(fault="slow disk", injected=f"5 s, +{SLOW_SECONDS * 1000:.0f} ms a sync")
    if not shutil.which("strace"):
        raise NotHereError("strace is not installed")
    syncs = "fsync,fdatasync"
    inject = f"inject={syncs}:delay_exit={int(SLOW_SECONDS * 1e6)}"
    async with installation(folder) as shop, load(row, shop, PER_SECOND):
        await asyncio.sleep(1)
        options = ("-qq", "-f", "-o", "/dev/null", "-e", f"trace={syncs}", "-e", inject)
        tracers = [
            await asyncio.create_subprocess_exec("strace", *options, "-p", str(process.pid))
            for process in shop.processes
        ]
        started, before = time.monotonic(), shop.simulator.sender.counts["200"]
        await asyncio.sleep(5)
        rate = (shop.simulator.sender.counts["200"] - before) / (time.monotonic() - started)
        for tracer in tracers:
            tracer.terminate()
            await tracer.wait()
    row.note = f"{rate:.0f} webhooks a second meanwhile"
    return row


# -- file systems of our own


@contextlib.contextmanager
def _ext4(image: Path, mount: Path) -> Iterator[Path]:
    with image.open("wb") as out:
        out.truncate(IMAGE_BYTES)
    _call("mkfs.ext4", "-q", "-F", str(image))
    with _mounted(image, mount) as disk:
        yield disk


@contextlib.contextmanager
def _mounted(image: Path, mount: Path) -> Iterator[Path]:
    mount.mkdir(exist_ok=True)
    _call("mount", "-o", "loop", str(image), str(mount))
    try:
        yield mount
    finally:
        _call("umount", str(mount))


@contextlib.contextmanager
def _tmpfs(mount: Path, size: str) -> Iterator[Path]:
    mount.mkdir(exist_ok=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={size}", "recado-chaos", str(mount))
    try:
        yield mount
    finally:
        _call("umount", str(mount))


def _call(*argv: str) -> None:
    try:
        subprocess.run(argv, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise NotHereError(f"{argv[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise NotHereError(f"{argv[0]}: {error.stderr.decode().strip()}") from error
