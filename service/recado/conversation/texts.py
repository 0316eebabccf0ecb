"""What the customer reads: quotes, questions and courtesies in Spanish, at most 4096 characters each.

Words of the customer and of the catalogue are echoed without WhatsApp's formatting marks.
"""

from typing import Final

from recado.quotes.catalogue import Catalogue
from recado.quotes.money import money
from recado.quotes.numbers import Unusable
from recado.quotes.service import Question, Quote, QuoteLine, TooMany, Unmatched

LIMIT: Final = 4096
_ECHO_LIMIT: Final = 60
_SAYABLE: Final = 10**12
_MOST_UNMATCHED: Final = 12
_MOST_CANDIDATES: Final = 4
_MARKS: Final = str.maketrans({"*": "", "_": " ", "~": "", "`": "", "\n": " ", "\r": " "})
_CONFIRM: Final = "¿Deseas confirmar esta cotización? Responde *SÍ* o *NO*"
_DOUBT: Final = "⚠️ Revisa lo marcado con ❓, por si entendí mal."


def quote_reply(quote: Quote, catalogue: Catalogue) -> str:
    """The answer to an order or a price question, with what could not be quoted and why."""
    notes = _notes(quote)
    if not quote.items:
        return _fit("\n\n".join([*notes, _example(catalogue)])) if notes else instructions(catalogue)
    head = "✅ *Cotización Generada*\n\n📦 *Productos:*\n"
    tail = f"\n\n💰 *Total: {money(quote.total, quote.currency)}*\n\n"
    if any(item.doubtful for item in quote.items):
        notes.insert(0, _DOUBT)
    tail += "".join(f"{note}\n\n" for note in notes)
    tail += _CONFIRM
    lines = [_line(number, item, quote.currency) for number, item in enumerate(quote.items, 1)]
    return head + _as_many_as_fit(lines, LIMIT - len(head) - len(tail)) + tail


def instructions(catalogue: Catalogue) -> str:
    """How to order, with an example from the catalogue."""
    return "No encontré productos en tu mensaje 🙈. Te ayudo a hacer tu pedido.\n\n" + _example(catalogue)


def help_text(catalogue: Catalogue) -> str:
    """The answer to "ayuda", "¿qué venden?"."""
    names = ", ".join(
        _echo(product.name) for product in catalogue.products[:: max(1, len(catalogue.products) // 8)][:8]
    )
    return f"¡Con gusto! 😊 Tenemos, entre otros: {names}.\n\n" + _example(catalogue)


def greeting(catalogue: Catalogue) -> str:
    """The answer to a greeting."""
    return "¡Hola! 👋 Qué gusto saludarte.\n\n" + _example(catalogue)


def please_write() -> str:
    """The answer to an audio, a picture, a sticker."""
    return "Por ahora solo puedo leer texto 🙏. ¿Me escribes tu pedido, por favor?"


def confirmed() -> str:
    """The answer to a confirmation of an open quote."""
    return "🎉 ¡Listo! Tu cotización quedó confirmada. En breve te contactamos para coordinar la entrega. ¡Gracias!"


def rejected() -> str:
    """The answer to a refusal of an open quote."""
    return "De acuerdo, dejamos esta cotización sin efecto. Cuando quieras, escríbeme otro pedido. 😊"


def no_open_quote() -> str:
    """The answer to a yes or a no when nothing was quoted."""
    return "No tienes una cotización pendiente por ahora. Escríbeme qué productos necesitas y te la preparo. 😊"


def slow_down() -> str:
    """The answer to a customer who writes faster than the limit."""
    return "Recibí muchos mensajes tuyos seguidos 😅. Espera un momentito, por favor, y vuelve a escribirme."


def too_long() -> str:
    """The answer to a message that is too long to be read."""
    return "Tu mensaje es demasiado largo para mí 🙈. ¿Me lo escribes más corto, por favor, o en varios mensajes?"


def thanks() -> str:
    """The answer to what is no order: thanks, opening hours, small talk."""
    return "¡Gracias por escribirnos! 😊 Si deseas una cotización, dime qué productos necesitas y cuántos."


def not_understood(quote: Quote, catalogue: Catalogue) -> str:
    """The answer when nothing was recognised: names what was asked for and is not sold, then how to order."""
    notes = _notes(quote)
    return _fit("\n\n".join([*notes, _example(catalogue)])) if notes else instructions(catalogue)


def _line(number: int, item: QuoteLine, currency: str) -> str:
    doubt = " ❓" if item.doubtful else ""
    each, total = money(item.unit_price, currency), money(item.line_total, currency)
    return f"{number}. {_echo(item.name)}{doubt}\n   Cantidad: {_amount(item)} × {each} = {total}"


def _amount(item: QuoteLine) -> str:
    """How much of a product, as it is written in Spanish: "2", "1,5 kg"."""
    amount = str(item.quantity) if isinstance(item.quantity, int) else f"{item.quantity:f}".replace(".", ",")
    return amount if item.unit is None else f"{amount} {item.unit}"


def _as_many_as_fit(lines: list[str], room: int) -> str:
    text = "\n".join(lines)
    if len(text) <= room:
        return text
    shown: list[str] = []
    room -= len(_more(len(lines))) + 1
    for line in lines:
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        shown.append(line)
    return "\n".join([*shown, _more(len(lines) - len(shown))])


def _more(count: int) -> str:
    return f"… y {count} {'producto' if count == 1 else 'productos'} más"


def _notes(quote: Quote) -> list[str]:
    """One paragraph for each question: which of several, what is not sold, what is too many."""
    notes = [_question(entry) for entry in quote.unmatched[:_MOST_UNMATCHED] if entry.ambiguous]
    notes += [_missing(entry) for entry in quote.unmatched[:_MOST_UNMATCHED] if not entry.ambiguous]
    left = len(quote.unmatched) - _MOST_UNMATCHED
    if left > 0:
        notes.append(f"🔎 … y {left} cosas más que no encontré.")
    notes += [_too_many(line) for line in quote.too_many[:_MOST_UNMATCHED]]
    notes += [_how_much(question) for question in quote.questions[:_MOST_UNMATCHED]]
    notes += [f"🤔 ¿A qué se refiere «{_echo(words)}»?" for words in quote.unclear[:_MOST_UNMATCHED]]
    return notes


def _how_much(question: Question) -> str:
    """Asks for an amount that can be quoted."""
    name = _echo(question.name)
    match question.reason:
        case Unusable.UNIT | Unusable.FRACTION if question.unit is None:
            return f"🤔 {name} se vende por unidad: ¿cuántas unidades quieres?"
        case _ if question.unit is not None:
            return f"🤔 ¿Cuántos {question.unit} de {name}?"
        case _:
            return f"🤔 ¿Cuántas unidades de {name}?"


def _too_many(line: TooMany) -> str:
    count = line.quantity if line.quantity < _SAYABLE else "Tantas"
    return (
        f"🙏 {count} unidades de {_echo(line.name)} son más de las que puedo cotizar por aquí. "
        "Escríbenos una cantidad menor, o te atiende una persona."
    )


def _question(entry: Unmatched) -> str:
    names = [_echo(name) for name in entry.candidates[:_MOST_CANDIDATES]]
    options = f"{', '.join(names[:-1])} o {names[-1]}" if len(names) > 1 else names[0]
    return f"🤔 ¿Cuál «{_echo(entry.text)}»: {options}?"


def _missing(entry: Unmatched) -> str:
    note = f"🔎 No encontré «{_echo(entry.text)}»."
    if entry.candidates:
        note += f" ¿Quisiste decir {' o '.join(_echo(name) for name in entry.candidates[:_MOST_CANDIDATES])}?"
    return note


def _example(catalogue: Catalogue) -> str:
    first, second = (
        catalogue.products[0],
        catalogue.products[min(len(catalogue.products) - 1, len(catalogue.products) // 10)],
    )
    example = f"2 {_echo(first.name).lower()}"
    if second is not first:
        example += f" y 1 {_echo(second.name).lower()}"
    return f"Escríbeme qué necesitas y cuántos, por ejemplo:\n«Quiero {example}»"


def _echo(text: str) -> str:
    """Foreign words in our text: one line, short, without marks that WhatsApp would format."""
    plain = " ".join(text.translate(_MARKS).split())
    return plain if len(plain) <= _ECHO_LIMIT else plain[: _ECHO_LIMIT - 1].rstrip() + "…"


def _fit(text: str) -> str:
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
