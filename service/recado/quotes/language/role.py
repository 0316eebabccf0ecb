"""What the words, marks and things of a message do in it."""

from enum import IntEnum, auto
from typing import Final


class Role(IntEnum):
    """A part that a word can play, or what an element of a message is. An integer, because its hash is fast.

    Most members are tables of words.toml, verbs.toml and numbers.toml, where the words stand that play them.
    """

    OUTSIDE = 0
    """No element: the place before the first and after the last."""
    # what only elements are
    QUANTITY = auto()
    PRODUCT = auto()
    SEVERAL = auto()
    UNKNOWN = auto()
    QUALITY = auto()
    """A colour, a size, a part of a name: "2 de las azules"."""
    COMMA = auto()
    STOP = auto()
    QUESTION = auto()
    LINE = auto()
    LINK = auto()
    MASK = auto()
    NOISE = auto()
    EMOJI = auto()
    TOLD = auto()
    """A word of refusal that refuses nothing in this place."""
    # numbers
    ARTICLE = auto()
    NUMBER = auto()
    SCALE = auto()
    HALF = auto()
    PAIR = auto()
    COLLECTIVE = auto()
    PIECE = auto()
    CONTAINER = auto()
    UNIT = auto()
    BOX = auto()
    # goods and qualities
    GOOD = auto()
    NAME = auto()
    NOUN = auto()
    MODIFIER = auto()
    COLOURS = auto()
    PATTERNS = auto()
    PLAIN = auto()
    SIZES = auto()
    MATERIALS = auto()
    WEARERS = auto()
    KINDS = auto()
    VARIANTS = auto()
    GRADES = auto()
    BEDS = auto()
    SORTS = auto()
    QUALITIES = auto()
    # other nouns
    SERVICES = auto()
    ABOUT = auto()
    PEOPLE = auto()
    OCCASIONS = auto()
    VACUOUS = auto()
    FILLER = auto()
    # what is done to an order, and what is said of it
    REQUEST = auto()
    ADD = auto()
    REMOVE = auto()
    CHANGE = auto()
    GREETING = auto()
    THANKS = auto()
    COURTESY = auto()
    YES = auto()
    TAKING = auto()
    SETTLED = auto()
    COMING = auto()
    NOTICE = auto()
    UNSETTLED = auto()
    LATER = auto()
    VISIT = auto()
    WHEN = auto()
    NOT_YET = auto()
    NOPE = auto()
    HELP = auto()
    PRICE = auto()
    TOTAL = auto()
    AVAILABLE = auto()
    STORY = auto()
    ADDRESS = auto()
    PHONE = auto()
    SIZE = auto()
    NEGATION = auto()
    WITHOUT = auto()
    CORRECTION = auto()
    RESTATEMENT = auto()
    MAKING = auto()
    PERSON = auto()
    SECOND_THOUGHT = auto()
    LIMIT = auto()
    CONDITION = auto()
    REASON = auto()
    INSTEAD = auto()
    ADVERT = auto()
    ASIDE = auto()
    ONLY = auto()
    EACH = auto()
    EACH_KIND = auto()
    SAME = auto()
    AS_BEFORE = auto()
    UNSEEN = auto()
    DOUBLE = auto()
    TRIPLE = auto()
    HALF_OF = auto()
    ANOTHER = auto()
    MORE = auto()
    AND = auto()
    OR = auto()
    CON = auto()
    BUT = auto()
    DEFINITE = auto()
    DEMONSTRATIVE = auto()
    POSSESSIVE = auto()
    OF = auto()
    TO = auto()
    FOR = auto()
    BY = auto()
    THAT = auto()
    COPULA = auto()
    ASK = auto()
    CURRENCY = auto()
    TIMEUNIT = auto()
    MONTH = auto()
    WEEKDAY = auto()
    MEASURE = auto()
    SIZEMARK = auto()


Roles = frozenset[Role]


def named(name: str) -> Role:
    """The role that a table is named after. Raises ValueError for a name that is no role's."""
    try:
        return Role[name.upper()]
    except KeyError:
        raise ValueError(f"there is no role {name!r}") from None


# The reader asks for roles some hundred times a message, and Python 3.11 takes five times as long to find a member in
# an enum as to find a name in a module.
OUTSIDE: Final = Role.OUTSIDE
QUANTITY: Final = Role.QUANTITY
PRODUCT: Final = Role.PRODUCT
SEVERAL: Final = Role.SEVERAL
UNKNOWN: Final = Role.UNKNOWN
QUALITY: Final = Role.QUALITY
COMMA: Final = Role.COMMA
STOP: Final = Role.STOP
QUESTION: Final = Role.QUESTION
LINE: Final = Role.LINE
LINK: Final = Role.LINK
MASK: Final = Role.MASK
NOISE: Final = Role.NOISE
EMOJI: Final = Role.EMOJI
TOLD: Final = Role.TOLD
ARTICLE: Final = Role.ARTICLE
NUMBER: Final = Role.NUMBER
SCALE: Final = Role.SCALE
HALF: Final = Role.HALF
PAIR: Final = Role.PAIR
COLLECTIVE: Final = Role.COLLECTIVE
PIECE: Final = Role.PIECE
CONTAINER: Final = Role.CONTAINER
UNIT: Final = Role.UNIT
BOX: Final = Role.BOX
GOOD: Final = Role.GOOD
NAME: Final = Role.NAME
NOUN: Final = Role.NOUN
MODIFIER: Final = Role.MODIFIER
COLOURS: Final = Role.COLOURS
PATTERNS: Final = Role.PATTERNS
PLAIN: Final = Role.PLAIN
SIZES: Final = Role.SIZES
MATERIALS: Final = Role.MATERIALS
WEARERS: Final = Role.WEARERS
KINDS: Final = Role.KINDS
VARIANTS: Final = Role.VARIANTS
GRADES: Final = Role.GRADES
BEDS: Final = Role.BEDS
SORTS: Final = Role.SORTS
QUALITIES: Final = Role.QUALITIES
SERVICES: Final = Role.SERVICES
ABOUT: Final = Role.ABOUT
PEOPLE: Final = Role.PEOPLE
OCCASIONS: Final = Role.OCCASIONS
VACUOUS: Final = Role.VACUOUS
FILLER: Final = Role.FILLER
REQUEST: Final = Role.REQUEST
ADD: Final = Role.ADD
REMOVE: Final = Role.REMOVE
CHANGE: Final = Role.CHANGE
GREETING: Final = Role.GREETING
THANKS: Final = Role.THANKS
COURTESY: Final = Role.COURTESY
YES: Final = Role.YES
TAKING: Final = Role.TAKING
SETTLED: Final = Role.SETTLED
COMING: Final = Role.COMING
NOTICE: Final = Role.NOTICE
UNSETTLED: Final = Role.UNSETTLED
LATER: Final = Role.LATER
VISIT: Final = Role.VISIT
WHEN: Final = Role.WHEN
NOT_YET: Final = Role.NOT_YET
NOPE: Final = Role.NOPE
HELP: Final = Role.HELP
PRICE: Final = Role.PRICE
TOTAL: Final = Role.TOTAL
AVAILABLE: Final = Role.AVAILABLE
STORY: Final = Role.STORY
ADDRESS: Final = Role.ADDRESS
PHONE: Final = Role.PHONE
SIZE: Final = Role.SIZE
NEGATION: Final = Role.NEGATION
WITHOUT: Final = Role.WITHOUT
CORRECTION: Final = Role.CORRECTION
RESTATEMENT: Final = Role.RESTATEMENT
MAKING: Final = Role.MAKING
PERSON: Final = Role.PERSON
SECOND_THOUGHT: Final = Role.SECOND_THOUGHT
LIMIT: Final = Role.LIMIT
CONDITION: Final = Role.CONDITION
REASON: Final = Role.REASON
INSTEAD: Final = Role.INSTEAD
ADVERT: Final = Role.ADVERT
ASIDE: Final = Role.ASIDE
ONLY: Final = Role.ONLY
EACH: Final = Role.EACH
EACH_KIND: Final = Role.EACH_KIND
SAME: Final = Role.SAME
AS_BEFORE: Final = Role.AS_BEFORE
UNSEEN: Final = Role.UNSEEN
DOUBLE: Final = Role.DOUBLE
TRIPLE: Final = Role.TRIPLE
HALF_OF: Final = Role.HALF_OF
ANOTHER: Final = Role.ANOTHER
MORE: Final = Role.MORE
AND: Final = Role.AND
OR: Final = Role.OR
CON: Final = Role.CON
BUT: Final = Role.BUT
DEFINITE: Final = Role.DEFINITE
DEMONSTRATIVE: Final = Role.DEMONSTRATIVE
POSSESSIVE: Final = Role.POSSESSIVE
OF: Final = Role.OF
TO: Final = Role.TO
FOR: Final = Role.FOR
BY: Final = Role.BY
THAT: Final = Role.THAT
COPULA: Final = Role.COPULA
ASK: Final = Role.ASK
CURRENCY: Final = Role.CURRENCY
TIMEUNIT: Final = Role.TIMEUNIT
MONTH: Final = Role.MONTH
WEEKDAY: Final = Role.WEEKDAY
MEASURE: Final = Role.MEASURE
SIZEMARK: Final = Role.SIZEMARK
