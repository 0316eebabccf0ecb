"""Numbers that are no quantities: prices, phones, addresses, times, dates, sizes, measures."""

from fractions import Fraction
from typing import Final

from recado.quotes.matcher import Matcher
from recado.quotes.text import NEWLINE, NUMBER, PUNCT, WORD, Token

Mask = tuple[str, int]
"""What the stretch is ("price", "phone", ...) and the token after it."""

_CURRENCY_SIGNS: Final = frozenset("$€£¢₡₲₱")
_ORDINALS: Final = frozenset(["er", "do", "ro", "to", "ra", "da", "ero", "vo", "mo", "ta", "ª", "º", "°"])
_SIZES: Final = range(16, 61)
_PHONE_DIGITS: Final = 7
_MONTH_DAYS: Final = 31
_HOURS: Final = range(1, 13)
_DAY: Final = range(1, 25)
_CLAUSE: Final = 8
_ADDRESS_WORDS: Final = 14
_FAR_TRIGGERS: Final = frozenset(
    [
        "calle", "cll", "carrera", "cra", "kra", "avenida", "av", "avda", "jiron", "jr", "pasaje", "psje", "diagonal",
        "dg", "transversal", "autopista", "ruta", "boulevard", "blvd", "calzada", "colonia", "col", "urbanizacion",
        "direccion", "mz",
    ]
)  # fmt: skip
"""Words that an address' number may follow at some distance; after the others it stands next."""
_WHERE: Final = frozenset(["a", "en", "hasta"])


class Noise:
    """The masks of one message, by the token they start at."""

    def __init__(self, text: str, tokens: list[Token], roles: list[frozenset[str]], matcher: Matcher) -> None:
        self._text = text
        self._tokens = tokens
        self._roles = roles
        self._matcher = matcher
        self._n = len(tokens)
        self._address_end = -_ADDRESS_WORDS  # where the last address ended

    def masks(self) -> dict[int, Mask]:
        """Every stretch of noise. Empty at once where the message has nothing that could be one."""
        found: dict[int, Mask] = {}
        i = 0
        while i < self._n:
            mask = self._at(i)
            if mask is not None and mask[1] > i:
                found[i] = mask
                if mask[0] == "address":
                    self._address_end = mask[1]
                i = mask[1]
            else:
                i += 1
        return found

    def _at(self, i: int) -> Mask | None:
        token = self._tokens[i]
        if token.kind == NUMBER:
            return self._number(i)
        if token.kind == PUNCT:
            if token.norm in _CURRENCY_SIGNS and self._is_number(i + 1):
                return "price", self._after_price(i + 2)
            if token.norm == "+" and self._is_number(i + 1) and not self._tokens[i + 1].spaced:
                return self._phone(i + 1, 2)
            return ("size", i + 2) if token.norm == "#" and self._is_number(i + 1) else None
        if token.kind != WORD:
            return None
        roles = self._roles[i]
        if not roles:
            return ("link", self._unspaced(i)) if token.norm in ("http", "https", "www") else None
        if token.norm == "que" and self._has(i + 1, "price") and self._is_number(i + 2):
            return "price", self._after_price(i + 3)
        if token.norm in ("n", "nro") and self._norm(i + 1) in ("°", "º", ".") and self._is_number(i + 2):
            return None if self._names_product(i + 3) else ("size", i + 3)
        if token.norm == "s" and self._norm(i + 1) == "/" and self._is_number(i + 2) and not self._names_product(i + 3):
            return "price", self._after_price(i + 3)
        known = self._matcher.knows(token.norm)  # "etapa 4", "manzana": words of names
        short = self._norm(i + 1) == "." and i + 2 < self._n and self._is_capital(i + 2)  # "col. Del Valle 123"
        if "address" in roles and not self._opens_name(i) and (not known or short or self._is_place(i)):
            end = self._address(i)
            if not end and self._matcher.names(token.norm):
                end = i + 1
            if end:
                return "address", end
        if "phone" in roles:
            end = self._named_number(i)
            if end:
                return "phone", end
        if "size" in roles:
            end = self._size(i)
            if end:
                return "size", end
        if "sizemark" in roles and (len(token.norm) > 1 or self._is_capital(i)):
            return "size", self._sizes_on(i + 1)
        if "currency" in roles or (token.norm == "s" and self._norm(i + 1) == "/"):
            j = i + 1
            while self._norm(j) in ("/", "$", "."):
                j += 1
            if self._is_number(j) and not self._names_product(j + 1):
                return "price", self._after_price(j + 1)
        if token.norm == "tipo" and self._is_hour(i + 1) and self._is_visit(i):
            return "time", self._after_hour(i + 2)
        if "to" in roles or "of" in roles or "for" in roles or "definite" in roles or "weekday" in roles:
            return self._after_word(i)
        if "timeunit" in roles and (end := self._after_duration(i + 1)) > i + 1:
            return "time", end
        if "month" in roles and self._is_number(i + 1) and not self._names_product(i + 2) and len(token.norm) > 3:
            return "date", i + 2
        if "number" in roles or "article" in roles or "half" in roles:
            if self._has(i + 1, "timeunit") and not self._has(i + 1, "half"):
                return "time", self._after_duration(i + 2)
            if self._has(i + 1, "of") and self._has(i + 2, "month"):
                return "date", i + 3
            if self._has(i + 1, "currency") and "number" in roles:
                return "price", i + 2
        return None

    def _number(self, i: int) -> Mask | None:
        token = self._tokens[i]
        after = self._norm(i + 1)
        phone = self._phone(i, i + 1 - i)
        if phone:
            return phone
        signed = after in _CURRENCY_SIGNS and not (self._is_number(i + 2) and not self._tokens[i + 2].spaced)  # "3 $35"
        if signed or (self._has(i + 1, "currency") and not self._names_product(i + 1)):
            return "price", self._after_price(i + 2)
        if after == "mil" and self._has(i + 2, "currency"):
            return "price", self._after_price(i + 3)
        sizes = self._sizes(i)
        if sizes:
            return "size", sizes
        if after == "%":
            return "percent", i + 2
        if after in _ORDINALS and not self._tokens[i + 1].spaced:
            return "ordinal", i + 2
        if (
            after == ":"
            and self._is_number(i + 2)
            and not self._tokens[i + 1].spaced
            and not self._tokens[i + 2].spaced
        ):
            return "time", self._after_hour(i + 3)
        if (
            after in ("/", "-")
            and self._is_number(i + 2)
            and not self._tokens[i + 2].spaced
            and not self._tokens[i + 1].spaced
        ):
            return self._date(i)
        if self._has(i + 1, "of") and self._has(i + 2, "month"):
            j = i + 3
            if self._has(j, "of") and self._is_number(j + 1):
                j += 2
            return "date", j
        if self._has(i + 1, "month") and len(after) > 2 and not self._names_product(i + 1):
            return "date", i + 2
        if self._has(i + 1, "timeunit") and not self._names_product(i + 1):
            return "time", self._after_hour(i + 1)
        if token.value in _HOURS and (end := self._after_duration(i + 1)) > i + 1:
            return "time", end
        if (
            after == "x"
            and not self._matcher.knows(token.norm)
            and self._is_number(i + 2)
            and not self._names_product(i + 3)
        ):
            j = i + 3
            while (
                self._norm(j) == "x" and self._is_number(j + 1) and self._tokens[j].spaced == self._tokens[i + 1].spaced
            ):
                j += 2
            return "size", j + 1 if self._has(j, "measure") else j
        if self._has(i + 1, "measure") and not self._has(i + 2, "of") and not self._is_capital(i + 1):
            return "measure", i + 2
        if (
            after in ('"', "''")
            and token.value is not None
            and token.value in _SIZES
            and not self._names_product(i + 2)
        ):
            return "measure", i + 2
        return None

    def _after_word(self, i: int) -> Mask | None:
        """What a preposition, an article or a weekday says of the number behind it."""
        roles = self._roles[i]
        norm = self._tokens[i].norm
        j = i + 1
        if self._norm(j) in ("las", "la", "los") and roles & {"to", "of"}:
            return self._after_article(i)
        if not self._is_number(j):
            return None
        if norm in ("las", "en") and self._has(j + 1, "timeunit"):
            return "time", self._after_hour(j + 1)
        if self._names_product(j + 1):
            return None
        steered = i > 0 and self._roles[i - 1] & {"change", "correction", "add", "remove"}
        if norm == "a" and not steered and self._ends_price(j + 1):
            return "price", self._after_price(j + 1)
        if norm == "del":
            return "size", j + 1
        if norm == "en":
            return "size", self._after_price(j + 1)
        if "of" in roles and isinstance(self._tokens[j].value, Fraction) and not self._has(j + 1, "measure"):
            return "price", self._after_price(j + 1)
        if not self._is_day(j):
            return None
        due = i > 0 and self._roles[i - 1] & {"for", "to"}
        timed = self._has(j + 1, "to") and self._norm(j + 2) in ("la", "las")  # "el 12 a las 8"
        apart = timed or self._counts(j + 1)  # "el 14 cien rosas"
        if norm == "el" and (due or apart or self._closes(j + 1) or self._has(j + 1, "of")):
            return "date", j + 1
        if "weekday" in roles and not self._closes(i) and self._closes(j + 1):
            return "date", j + 1
        return None

    def _after_article(self, i: int) -> Mask | None:
        """ "a las 3", "desde la 1", "de la 38"; but not "2 de las 3"."""
        j = i + 2
        counted = i > 0 and self._tokens[i - 1].kind == NUMBER and "of" in self._roles[i]
        if counted or self._names_product(j + 1):
            return None
        if not (self._is_number(j) or self._has(j, "number") or self._norm(j) == "una"):
            return None
        value = self._tokens[j].value
        if "of" in self._roles[i] and self._norm(i + 1) != "las" and value is not None and value in _SIZES:
            return "size", j + 1
        return "time", self._after_hour(j + 1)

    # what follows --------------------------------------------------------------------------------------------

    def _after_price(self, j: int) -> int:
        """Past "dólares", "cada uno", "c/u", "la unidad", "el par" behind an amount."""
        while self._has(j, "currency") and not self._names_product(j):
            j += 1
        if self._norm(j) == "cada":
            return j + 2 if self._norm(j + 1) in ("uno", "una", "par", "docena", "pieza", "unidad") else j + 1
        if self._norm(j) == "c" and self._norm(j + 1) in ("/", "u"):
            return j + 3 if self._norm(j + 1) == "/" else j + 2
        if self._norm(j) in ("la", "el") and (
            self._has(j + 1, "piece") or self._has(j + 1, "pair") or self._has(j + 1, "collective")
        ):
            return j + 2
        return j

    def _ends_price(self, j: int) -> bool:
        return self._closes(j) or self._norm(j) in ("cada", "c", "la", "el", "por")

    def _after_hour(self, j: int) -> int:
        while j < self._n and self._tokens[j].kind != NEWLINE:
            norm = self._norm(j)
            if norm == ":" and self._tokens[j + 1 : j + 2] and self._tokens[j + 1].spaced:
                return j  # "mañana 8 am: 4 varillas"
            if norm in (":", "y") and (
                self._is_number(j + 1) or self._has(j + 1, "half") or self._has(j + 1, "number")
            ):
                if norm == "y" and self._names_product(j + 2):
                    return j
                j += 2
            elif norm in ("am", "pm", "hrs", "hs", "h", "horas", "hora", "punto", "min") or self._has(j, "timeunit"):
                j += 1
            elif norm in ("p", "a") and self._norm(j + 1) in (".", "m"):
                j += 2
            elif (
                norm == "de"
                and self._norm(j + 1) == "la"
                and self._norm(j + 2) in ("tarde", "noche", "manana", "madrugada")
            ):
                j += 3
            else:
                return j
        return j

    def _after_duration(self, j: int) -> int:
        """Past "y media", "y cuarto" behind an hour or a unit of time ("en una hora y media", "tipo 5 y media")."""
        part = self._norm(j) == "y" and self._norm(j + 1) in ("media", "medio", "cuarto")
        return j + 2 if part and not self._names_product(j + 2) else j

    def _date(self, i: int) -> Mask | None:
        first, second = self._tokens[i], self._tokens[i + 2]
        j = i + 3
        third = self._norm(j) == self._norm(i + 1) and self._is_number(j + 1) and not self._tokens[j + 1].spaced
        if third:
            return "date", j + 2
        if (
            self._norm(i + 1) == "/"
            and first.value
            and second.value
            and first.value <= _MONTH_DAYS
            and second.value <= 12
        ):
            return None if self._names_product(j) else ("date", j)
        if self._norm(i + 1) == "-" and not self._names_product(j) and len(first.norm) + len(second.norm) >= 4:
            return "address", j
        return None

    def _phone(self, i: int, groups: int) -> Mask | None:
        digits = 0
        j = i
        count = 0
        while self._is_number(j) and (norm := self._tokens[j].norm)[0].isdigit() and "," not in norm:
            digits += sum(c.isdigit() for c in norm)
            count += 1
            j += 1
            if self._norm(j) in ("-", ")", "(") and self._is_number(j + 1):
                j += 1
        if digits < _PHONE_DIGITS or (count == 1 and digits < 8 and groups < 2):
            return None
        if "." in self._tokens[i].norm and count == 1:
            return None
        if self._names_product(j) and (count == 1 or digits < 9):
            return None
        if self._names_product(j) and count > 1:
            j -= 1
        return "phone", j

    def _named_number(self, i: int) -> int:
        """The end of "mi cel es el 555 12 34"; 0 if no long number follows."""
        j = i + 1
        while j < min(self._n, i + 6) and not self._is_number(j):
            if self._tokens[j].kind == NEWLINE or self._names_product(j):
                return 0
            j += 1
        k = j
        digits = 0
        while self._is_number(k) or (self._norm(k) in ("-", ".", "/") and self._is_number(k + 1)):
            if self._is_number(k) and self._names_product(k + 1):
                break
            digits += len(self._tokens[k].norm)
            k += 1
        return k if digits >= 4 else 0

    def _address(self, i: int) -> int:
        """The end of an address that opens at `i`; 0 if it has no number."""
        last = 0
        far = self._tokens[i].norm in _FAR_TRIGGERS
        j = i + 1
        while j < min(self._n, i + _ADDRESS_WORDS):
            token = self._tokens[j]
            if token.kind == NUMBER:
                if self._names_product(j + 1):
                    break
                last = j + 1
            elif token.kind == PUNCT:
                if token.norm in ":;!?" or (token.norm == "," and not self._goes_on(j + 1)):
                    break
                if token.norm == "." and j > i + 1 and not self._is_number(j + 1) and last:
                    break
            elif (
                token.kind == NEWLINE
                or self._roles[j] & {"request", "add", "greeting"}
                or self._names_product(j)
                or (
                    last
                    and not self._roles[j] & {"address", "of", "con"}
                    and not (len(token.norm) == 1 or token.norm in ("bis", "sur", "norte", "este", "oeste"))
                    and not self._is_number_sign(j)
                )
                or (not far and not last and j > i + 2)
            ):
                break
            elif self._roles[j] & {"address"}:
                far = far or token.norm in _FAR_TRIGGERS
            j += 1
        return last

    def _is_number_sign(self, j: int) -> bool:
        """ "cra 7 no 80-12", "calle 45 nro. 30-20"."""
        return self._norm(j) in ("no", "nro", "num", "numero") and self._is_number(j + 1 + (self._norm(j + 1) == "."))

    def _opens_name(self, i: int) -> bool:
        """Whether a word of addresses opens a name here: "bloque de 15"."""
        if not self._matcher.knows(self._tokens[i].norm):
            return False
        match = self._matcher.match(self._tokens, self._roles, i)
        return match is not None and match.words > 1

    def _is_place(self, i: int) -> bool:
        """Whether a good's name is a place here: "en la colonia Roma", "soy de la colonia", behind an address."""
        j = i - 1
        while self._has(j, "definite") or self._has(j, "possessive"):
            j -= 1
        if self._norm(j) in _WHERE or (self._has(j, "of") and self._has(j - 1, "copula")):
            return True
        if self._norm(j) in (":", ",") or self._has(j, "copula"):
            j -= 1
        return self._address_end > j or self._has(j, "address")

    def _goes_on(self, j: int) -> bool:
        return (
            self._has(j, "address")
            or self._norm(j) == "#"
            or (self._is_street(j) and len(self._norm(j + 1)) >= 3)
            or (self._is_number(j) and (self._closes(j + 1) or self._has(j + 1, "address")) and len(self._norm(j)) >= 3)
        )

    def _is_street(self, j: int) -> bool:
        """Whether a name and a number stand here, as "Durango 210"."""
        named = 0 <= j < self._n and self._tokens[j].kind == WORD and not self._roles[j] and self._is_capital(j)
        return named and self._is_number(j + 1) and not (self._names_product(j) or self._names_product(j + 2))

    def _size(self, i: int) -> int:
        """The end of "talla M, L y 38", "número 38"; 0 if no size follows."""
        j = i + 1
        while self._norm(j) in (".", ":", "°", "º", "#") or self._has(j, "of"):
            j += 1
        single = len(self._tokens[i].norm) == 1
        if self._is_number(j) and not self._names_product(j + 1) and len(self._norm(j)) <= 4:
            return self._sizes_on(j + 1)
        if self._has(j, "sizemark") or (not single and (self._has(j, "number") or self._has(j, "modifier"))):
            return self._sizes_on(j + 1)
        return 0

    def _sizes(self, i: int) -> int:
        """The end of a bare list of sizes behind a thing, "30, 32 y 34"; 0 if there is none."""
        j = i
        while self._is_bare_size(j) and (self._norm(j + 1) in (",", "-", "/") or self._has(j + 1, "and")):
            j += 2
        if j == i:
            return 0
        self._matcher.steps.charge(j - i)
        behind_word = i > 0 and self._tokens[i - 1].kind == WORD
        return j + 1 if behind_word and self._is_bare_size(j) and self._closes(j + 1) else 0

    def _is_bare_size(self, j: int) -> bool:
        return self._is_number(j) and self._tokens[j].value in _SIZES and not self._names_product(j + 1)

    def _sizes_on(self, j: int) -> int:
        """Past a list of more sizes: "M, L y XL", "38-40", "6/8"."""
        while j < self._n:
            k = j
            while self._norm(k) in (",", "-", "/") or self._has(k, "and") or self._has(k, "or"):
                k += 1
            if k == j or k - j > 2:
                return j
            mark = self._has(k, "sizemark") and (len(self._norm(k)) > 1 or self._is_capital(k))
            number = (
                self._is_number(k) and self._tokens[k].value in _SIZES and self._closes(k + 1) and self._norm(j) != ","
            )
            if not (mark or number):
                return j
            j = k + 1
        return j

    # small questions -----------------------------------------------------------------------------------------

    def _norm(self, j: int) -> str:
        return self._tokens[j].norm if 0 <= j < self._n else ""

    def _has(self, j: int, role: str) -> bool:
        return 0 <= j < self._n and role in self._roles[j]

    def _is_number(self, j: int) -> bool:
        return 0 <= j < self._n and self._tokens[j].kind == NUMBER

    def _is_day(self, j: int) -> bool:
        value = self._tokens[j].value
        return value is not None and 0 < value <= _MONTH_DAYS

    def _counts(self, j: int) -> bool:
        """Whether an amount of its own stands behind a number: "para el 14 cien rosas"."""
        return self._is_number(j) or bool({"number", "article"} & self._roles[j] if j < self._n else ())

    def _is_hour(self, j: int) -> bool:
        return self._is_number(j) and self._tokens[j].value in _DAY and not self._names_product(j + 1)

    def _is_visit(self, i: int) -> bool:
        """Whether the clause before says that somebody comes: "paso a buscar", "voy"."""
        for j in range(i - 1, max(-1, i - _CLAUSE), -1):
            if self._tokens[j].kind in (PUNCT, NEWLINE):
                return False
            if self._has(j, "visit"):
                return True
        return False

    def _is_capital(self, j: int) -> bool:
        return self._text[self._tokens[j].start].isupper()

    def _closes(self, j: int) -> bool:
        """Whether a clause ends here: end of the text, a new line, a mark, a conjunction, a courtesy."""
        if j >= self._n:
            return True
        kind = self._tokens[j].kind
        return kind in (PUNCT, NEWLINE) or bool(self._roles[j] & {"and", "courtesy", "thanks", "but"})

    def _names_product(self, j: int) -> bool:
        """Whether a product's name, or a noun for pieces, opens here (an "of" before it does not matter)."""
        if self._has(j, "of"):
            j += 1
        if not 0 <= j < self._n or self._tokens[j].kind != WORD:
            return False
        norm = self._tokens[j].norm
        if self._roles[j] & {"piece", "container", "collective", "pair"}:
            return True
        if self._roles[j] & {"currency", "timeunit", "month", "definite", "to", "and"}:
            return False
        near = self._matcher.near(norm)
        return bool(near) and self._matcher.opens(near[0][0])

    def _unspaced(self, i: int) -> int:
        j = i + 1
        while j < self._n and not self._tokens[j].spaced and self._tokens[j].kind != NEWLINE:
            j += 1
        return j
