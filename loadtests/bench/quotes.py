"""Measure the order parser: time per message (small and large catalogue), load time, the worst messages.

    python -m loadtests.bench.quotes [--cases FILE ...]

Prints one line a figure. Times per message are CPU time of one core, so that a busy machine does not disturb them.
"""

import argparse
import csv
import gc
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from recado.conversation.dialogue import Dialogue
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.budget import Steps
from recado.quotes.catalogue.catalogue import DEFAULT_PATH

CASES = sorted(Path("tests/quotes").glob("cases-*.jsonl"))
NOUNS = [
    "silla",
    "mesa",
    "lámpara",
    "cortina",
    "plato",
    "vaso",
    "olla",
    "sartén",
    "cuchillo",
    "tenedor",
    "libro",
    "lápiz",
    "borrador",
    "pincel",
    "martillo",
    "taladro",
    "clavo",
    "perno",
    "cable",
    "foco",
]
KINDS = [
    "rústica",
    "plegable",
    "inoxidable",
    "eléctrica",
    "manual",
    "portátil",
    "infantil",
    "profesional",
    "giratoria",
    "térmica",
    "magnética",
    "hidráulica",
    "solar",
    "digital",
    "clásica",
]
HOSTILE = {
    "4,000 digits": "9" * 4000,
    '2,000 "y"': "y " * 2000,
    "1,000 unknown words": " ".join(
        "".join(w) for w in itertools.islice(itertools.product("bdfg", "aei", "lmn", "aeo", "rst", "aio"), 1000)
    )[:4096],
    "650 products": ("camisa " * 700)[:4096],
    "many quantities": "2 camisas 3 gorras, " * 200,
    "brackets": "((((" * 1000,
    "newlines": "\n" * 4096,
    "emoji": "👍🏽" * 2000,
    "digits and words": "1a" * 2000,
    "corrections": "no, mejor 3 camisas " * 200,
    "sizes": "talla M y L, " * 300,
    "phones": "+57 300 123 4567 " * 240,
    "one word": "a" * 4096,
    "zalgo": ("e" + "\u0301" * 15) * 256,
    "addresses": "calle 45 # 12-30 " * 240,
    "alternatives": "camisa o " * 450,
    "numbers in words": "dos mil treinta y " * 230,
}


def large_catalogue(folder: Path, products: int) -> Path:
    """A file of invented products, many of which share their words."""
    rng = random.Random(7)  # the same file every time
    path = folder / "large.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["sku", "name", "aliases", "unit_price", "currency"])
        for i in range(products):
            name = f"{rng.choice(NOUNS)} {rng.choice(KINDS)} {rng.choice(['M', 'R', 'T', 'X'])}{i}"
            out.writerow([f"P-{i}", name, f"modelo {i}|{name} nuevo", f"{rng.randint(1, 99)}.90", "USD"])
    return path


def texts(files: Iterable[Path]) -> list[str]:
    """The messages of case files."""
    return [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]


def times(service: QuoteService, messages: list[str]) -> list[float]:
    """Milliseconds of CPU for each message."""
    result = []
    for message in messages:
        start = time.process_time()
        service.quote(message)
        result.append((time.process_time() - start) * 1e3)
    return result


def report(label: str, values: list[float]) -> None:
    values = sorted(values)
    p99 = values[int(len(values) * 0.99)]
    rate = 1e3 / statistics.fmean(values)
    middle = statistics.median(values)
    print(f"{label:<38} median {middle:.3f} ms  p99 {p99:.2f}  max {values[-1]:.2f}  {rate:,.0f} messages/s")


def _same(catalogue: Catalogue) -> Catalogue:
    return catalogue


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cases", type=Path, nargs="*", default=CASES)
    messages = texts(arguments.parse_args().cases)
    start = time.perf_counter()
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    print(f"{'load of the given catalogue, first':<38} {(time.perf_counter() - start) * 1e3:.0f} ms (lexicon included)")
    service = QuoteService(lambda: catalogue)
    report("first pass, given catalogue", times(service, messages))
    gc.collect()
    report("given catalogue", times(service, messages * 3))
    start = time.perf_counter()
    for message in messages:
        Dialogue(catalogue).say(message)
    print(f"{'reply to a stranger':<38} mean {(time.perf_counter() - start) * 1e3 / len(messages):.3f} ms")
    with tempfile.TemporaryDirectory() as folder:
        path = large_catalogue(Path(folder), 10_000)
        start = time.perf_counter()
        large = Catalogue.from_csv(path)
        print(f"{'load of 10,000 products':<38} {(time.perf_counter() - start) * 1e3:.0f} ms")
    big = QuoteService(lambda: large)
    report("10,000 products, first pass", times(big, messages))
    own = [f"quiero 2 {p.name} y 3 {q.name}" for p, q in itertools.pairwise(large.products[:1000])]
    report("10,000 products", times(big, messages + own))
    for label, message in HOSTILE.items():
        fresh = Catalogue(catalogue.products, catalogue.currency)
        fresh.matcher(Steps())
        cold = times(QuoteService(partial(_same, fresh)), [message])[0]
        worst = times(big, [message])[0]
        print(f"{'hostile: ' + label:<38} {cold:.1f} ms, on 10,000 products {worst:.1f} ms")
    timed = "import time; t = time.perf_counter(); import recado.quotes; print(round((time.perf_counter() - t) * 1e3))"
    taken = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{'import recado.quotes':<38} {taken} ms")


if __name__ == "__main__":
    main()
