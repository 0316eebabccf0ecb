"""Takes each word away that the TOML files of the language list, and tells which ones no sentence notices.

python -m tests.quotes.entries
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from recado.quotes import Catalogue, Product, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.quotes.catalogue.index import Language, own_language
from recado.quotes.language.language import Tables, tables
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.text import key, neuter, plain, sound
from tests.quotes.scoring import HERE

#: Sentences about the shop's own catalogue; a word of a table is put into them.
SENTENCES = (
    "{}", "{} 2 camisas", "2 camisas {}", "quiero 2 {}", "2 {} de camisas", "2 camisas y 3 {}", "2 camisas de {}",
    "2 camisas para {}", "2 camisas {} 1 gorra", "quiero {} camisas", "si {}", "no {}", "2 camisas, {} 3",
    "camisas a 3 {}", "la camisa {}", "una camisa azul y {}", "{} la gorra", "si, {}", "2 camisas para mi {}",
    "hola {}", "{}?", "una {} de camisas", "2 {} gorras", "{} docena de gorras", "gorra {} 4", "y {}",
    "camisas {} cada una", "la de {}", "para el {}", "{} 6", "las {}", "mi {}", "tienen camisas? {}",
    "2 camisas, una para mi {} y otra azul", "somos 3 {}, 2 camisas para cada {}", "precio de {}",
    "cuanto {} la camisa", "precio {}?", "tengo 20 {}, 2 camisas para cada uno", "la camisa no {} no me alcanza",
    "si, {} a las 6",
    "si {} tipo 6", "paso {}", "paso el {}", "no me llego {}", "{} gracias", "no gracias {}", "camisas talla {}",
    "de {} 2 camisas", "2 camisas en {}", "2 camisas sin {}", "tienen {}?", "camisa con {}", "2 camisas. {} 3 gorras",
    "2 camisas {}: 3 gorras", "2 camisas {} 12345678", "quiero {} un pedido", "2 jeans {} 32", "{} 3 camisas son 2",
    "ok confirmo mi {}", "eran 6 camisas y {} 4", "el jean azul cambialo {} negro", "sube las gorras {} 3",
    "2 jeans {}",
    "las 2 camisas {} niño", "cambia la camisa {} azul", "a {} la camisa", "camisa {}, 2", "2 camisas, {}",
    "las camisas que {} estan mal", "2 camisas y {} de las azules",
)  # fmt: skip
#: What only a labelled message notices, by its line and word: the shop and the message.
MESSAGES = {
    ("making", "hacer"): ("verduleria", "un kilo de papas para hacer unos fideos"),
    ("qualities", "normal"): ("abarrotes2", "10 cocas de 600, 5 normales y 5 sin azucar"),
    ("filler", "qué"): ("uniformes", "2 camisas blancas 10, 2 camisas blancas 12, ah y las de 10 que sean 3"),
    ("filler", "unos"): ("uniformes", "Pantalon gris 8, 10 y 12 uno de cada uno"),
    ("kinds", "plus"): ("celulares", "2 fundas iphone 14 plus"),
    ("sorts", "doble"): ("cafe", "un brownie doble"),
    ("size", "nº"): (None, "2 zapatos no 38"),
}
_GOODS = ("Camisa", "Jean", "Gorra")
"""What SENTENCES name: a catalogue of these few products is indexed at once."""
_PHRASES = frozenset(["roles", "phrases"])
"""Tables whose entries are parted by "|"."""


class Entry(NamedTuple):
    """A word or phrase of one line of a table. said: what of it stands in a sentence, in one or more ways."""

    file: str
    table: str
    line: str
    word: str
    said: tuple[str, ...]


def entries() -> Iterator[Entry]:
    """Every word and phrase of words.toml, verbs.toml and numbers.toml but the units of sizes."""
    ours = tables()
    listed = [("words", table, ours.words[table]) for table in ("roles", "modifiers", "nouns")]
    listed += [("verbs", table, ours.verbs[table]) for table in ("stems", "endings", "phrases")]
    listed += [("numbers", "units", ours.numbers["units"])]
    for file, table, lines in listed:
        for line, text in lines.items():
            for word in _words(table, text):
                yield Entry(file, table, line, word, _said(table, line, word))
    for table in ("articles", "words", "scales", "collectives", "halves", "pairs"):
        yield from (Entry("numbers", table, word, word, (word,)) for word in ours.numbers[table])


def _words(table: str, text: str) -> list[str]:
    return [word.strip() for word in text.split("|" if table in _PHRASES else None) if word.strip()]


def _said(table: str, line: str, word: str) -> tuple[str, ...]:
    """A word as it is, or forms of verbs that no phrase lists."""
    if table == "stems":
        return tuple(word.strip("'") + ending for ending in ("ame", "emos", "ando"))
    if line == "endings":
        return tuple(stem + word for stem in ("adicion", "agend", "sirv", "pid", "remplac"))
    if line == "pronouns":
        return tuple(verb + word for verb in ("adicione", "adicion", "agende", "agendar"))
    return (word,)


def without(ours: Tables, gone: Sequence[Entry]) -> Tables:
    """The tables without some of their entries."""
    less: dict[str, Any] = {
        file: {table: dict(lines) for table, lines in getattr(ours, file).items()}
        for file in ("words", "verbs", "numbers")
    }
    for entry in gone:
        lines = less[entry.file][entry.table]
        if entry.file == "numbers" and entry.table != "units":
            del lines[entry.line]
            continue
        words = _words(entry.table, lines[entry.line])
        words.remove(entry.word)
        lines[entry.line] = (" | " if entry.table in _PHRASES else " ").join(words)
    return replace(ours, **less)


class _Group:
    """Entries that can be taken away at once, because none of them has to do with another or with a sentence."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._singles: set[str] = set()
        self._within: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()

    def takes(self, entry: Entry, words: list[str]) -> bool:
        """Whether it takes an entry of these words: words that are spelled or sound alike do not go together."""
        alike, pairs = set(map(_alike, words)), set(itertools.pairwise(words))
        if alike & self._singles or (len(words) == 1 and alike & self._within) or pairs & self._pairs:
            return False
        (self._singles if len(words) == 1 else self._within).update(alike)
        self._pairs |= pairs
        self.entries.append(entry)
        return True


def groups(listed: Sequence[Entry]) -> list[list[Entry]]:
    """The entries in as few groups as can be."""
    spoken = {_alike(word) for sentence in SENTENCES for word in re.findall(r"\w+", plain(sentence))}
    found: list[_Group] = []
    alone = []
    for entry in listed:
        words = plain(entry.word).replace(".", " ").split()
        if len(words) == 1 and _alike(words[0]) in spoken:
            alone.append([entry])
        elif not any(group.takes(entry, words) for group in found):
            found.append(_Group())
            found[-1].takes(entry, words)
    return [group.entries for group in found] + alone


def _alike(word: str) -> str:
    return sound(neuter(key(plain(word))))


def unnoticed(listed: Sequence[Entry]) -> list[Entry]:
    """The entries without which every sentence, or the message that it has in MESSAGES, is read as before.

    The sentence that noticed the entry before comes first: most entries of a line are noticed by the same ones.
    """
    ours, language = tables(), own_language()
    whole, sentences = service(language), list(SENTENCES)
    missed = []
    for group in groups(listed):
        less = service(replace(language, lexicon=Lexicon(without(ours, group))))
        for entry in group:
            texts = ((sentence, sentence.replace("{}", said)) for sentence in sentences for said in entry.said)
            noticed = next((one for one, text in texts if whole.understand(text) != less.understand(text)), None)
            if noticed is not None:
                sentences.remove(noticed)
                sentences.insert(0, noticed)
            elif not _is_noticed_by_a_message(entry, ours, language):
                missed.append(entry)
    return missed


def _is_noticed_by_a_message(entry: Entry, ours: Tables, language: Language) -> bool:
    shop, text = MESSAGES.get((entry.line, entry.word), (None, ""))
    less = replace(language, lexicon=Lexicon(without(ours, [entry])))
    return service(language, shop).understand(text) != service(less, shop).understand(text)


def service(language: Language, shop: str | None = None) -> QuoteService:
    """A service that knows this of the language: of a shop's catalogue, or of the few goods that SENTENCES name."""
    catalogue = Catalogue(*_sold(shop), language)
    return QuoteService(lambda: catalogue)


@cache
def _sold(shop: str | None) -> tuple[tuple[Product, ...], str]:
    """What a service sells, and the currency: a file is indexed when it is read, which is a quarter of all work."""
    found = Catalogue.from_csv(HERE / f"{shop}.csv" if shop is not None else DEFAULT_PATH)
    sold = (product for product in found.products if shop is not None or product.name.startswith(_GOODS))
    return tuple(sold), found.currency


def main() -> None:
    listed = list(entries())
    missed = unnoticed(listed)
    for entry in missed:
        print(*entry[:4], sep="\t")
    print(f"{len(listed)} entries, {len(missed)} not noticed")


if __name__ == "__main__":
    main()
