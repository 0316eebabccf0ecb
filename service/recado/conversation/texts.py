"""The texts for customers: quotes, questions and courtesies in Spanish, at most 4096 characters each.

Words of the customer and of the catalogue are repeated without WhatsApp's formatting marks.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from recado.orders import Line, OpenQuote, Order, OrderState
from recado.orders.quote import Quantity
from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.language.money import money
from recado.quotes.language.numbers import Unusable
from recado.quotes.service import Unmatched

LIMIT: Final = 4096
_ECHO_LIMIT: Final = 60
_HEARD_LIMIT: Final = 300
_SAYABLE: Final = 10**12
_MOST_NOTES: Final = 12
_MOST_CANDIDATES: Final = 4
_MARKS: Final = str.maketrans({"*": "", "_": " ", "~": "", "`": "", "\n": " ", "\r": " "})
_MONTHS: Final = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_STATES: Final = {
    OrderState.PLACED: "confirmado",
    OrderState.ACCEPTED: "en preparación",
    OrderState.COMPLETED: "completo",
    OrderState.CANCELLED: "cancelado",
}
_CONFIRM: Final = "¿Deseas confirmar esta cotización? Responde *SÍ* o *NO*"
_DOUBT: Final = "⚠️ Revisa lo marcado con ❓, por si entendí mal."
_GENERATED: Final = "✅ *Cotización Generada*"


def quote_text(lines: Sequence[Line], currency: str, *, lead: str = _GENERATED, notes: Sequence[str] = ()) -> str:
    """A whole quote, with open questions, and the question for a yes."""
    head = f"{lead}\n\n📦 *Productos:*\n"
    total = sum([line.total for line in lines], Decimal(0))
    tail = f"\n\n💰 *Total: {money(total, currency)}*\n\n"
    if any(line.doubtful for line in lines):
        notes = [_DOUBT, *notes]
    tail += "".join(f"{note}\n\n" for note in notes)
    tail += _CONFIRM
    return head + _as_many_as_fit(_numbered(lines, currency), LIMIT - len(head) - len(tail)) + tail


def generated() -> str:
    """The head of a first quote."""
    return _GENERATED


def before_confirming() -> str:
    """The head of a quote that cannot be confirmed while a question waits."""
    return "Antes de confirmar, respóndeme una pregunta 🙏"


def edited() -> str:
    """The head of a quote that the customer changed."""
    return "Actualicé tu cotización ✏️"


def in_place_of_the_former() -> str:
    """The head of a quote that a newer order opened."""
    return "Preparé una cotización nueva en lugar de la anterior. Para sumar, escribe *agrega ...*"


def check_first() -> str:
    """The head of a quote whose last change recado may not have understood."""
    return "Antes de confirmar, revisa tu cotización 🙏"


def changed_since() -> str:
    """The head of the newest quote, if the customer said yes to another one."""
    return "Esa cotización cambió. La última es esta:"


def expired(at: float) -> str:
    """The head of a quote at today's prices."""
    day = datetime.fromtimestamp(at, UTC)
    return f"Esa cotización venció el {day.day} de {_MONTHS[day.month - 1]}. Estos son los precios de hoy:"


def reminder() -> str:
    """The head of a quote that the customer has not answered."""
    return "¿Sigues pensando en tu pedido? 😊 Esta es tu cotización:"


def open_quote() -> str:
    """The head of a quote that is only shown again."""
    return "🧾 *Tu cotización*"


def other_price(name: str, price: Decimal, shown: Decimal, currency: str) -> str:
    """A note on a price that differs from the one in the customer's app."""
    ours, theirs = money(price, currency, exact=True), money(shown, currency, exact=True)
    return f"ℹ️ {_echo(name)} cuesta {ours} (en tu carrito decía {theirs})."


def no_longer_sold(names: Sequence[str]) -> str:
    """A note on lines that were left out of a quote."""
    return f"🔎 Ya no tenemos: {_listed(names)}."


def prices(lines: Sequence[Line], currency: str, notes: Sequence[str]) -> str:
    """The answer to a price question."""
    told = [
        f"💲 {_echo(line.name)}: {money(line.unit_price, currency, exact=True)}"
        + (f" por {line.unit}" if line.unit else "")
        + (f" · {_amount(line)} × = {money(line.total, currency)}" if line.quantity != 1 else "")
        for line in lines
    ]
    tail = "".join(f"\n\n{note}" for note in notes) + "\n\nSi lo quieres, dime cuántos. 😊"
    return _as_many_as_fit(told, LIMIT - len(tail)) + tail


def question(notes: Sequence[str], catalogue: Catalogue, *, teach: bool) -> str:
    """The questions if nothing can be quoted; with `teach`, how to order."""
    parts = [*notes, *([example(catalogue)] if teach else [])]
    return _fit("\n\n".join(parts)) if notes else instructions(catalogue)


def which(text: str, names: Sequence[str]) -> str:
    """Asks which of several products is meant."""
    shown = [_echo(name) for name in names[:_MOST_CANDIDATES]]
    options = f"{', '.join(shown[:-1])} o {shown[-1]}" if len(shown) > 1 else shown[0]
    return f"🤔 ¿Cuál «{_echo(text)}»: {options}?"


def which_line(names: Sequence[str]) -> str:
    """Asks which line of the quote is meant."""
    shown = [_echo(name) for name in names[:_MOST_NOTES]]
    options = f"{', '.join(shown[:-1])} o {shown[-1]}" if len(shown) > 1 else shown[0]
    return f"🤔 ¿De qué producto: {options}?"


def how_many(name: str, unit: str | None, reason: Unusable | None, *, in_all: bool = False) -> str:
    """Asks for an amount that can be quoted. in_all: of a line, how much there is to be of it."""
    name, end = _echo(name), " en total" if in_all else ""
    if unit is not None:
        return f"🤔 ¿Cuántos {unit} de {name}{end}?"
    if reason in (Unusable.UNIT, Unusable.FRACTION):
        return f"🤔 {name} se vende por unidad: ¿cuántas unidades quieres{end}?"
    return f"🤔 ¿Cuántas unidades de {name}{end}?"


def missing(entry: Unmatched) -> str:
    """Says that the shop does not sell something, and names similar products."""
    note = f"🔎 No encontré «{_echo(entry.text)}»."
    if entry.candidates:
        note += f" ¿Quisiste decir {' o '.join(_echo(name) for name in entry.candidates[:_MOST_CANDIDATES])}?"
    return note


def unclear(words: str) -> str:
    """Asks what some words mean."""
    return f"🤔 ¿A qué te refieres con «{_echo(words)}»?" if words else "🤔 ¿Qué producto quieres decir?"


def too_much(name: str, quantity: Quantity) -> str:
    """Says that a quantity is above the limit."""
    count = quantity if quantity < _SAYABLE else "Tantas"
    return (
        f"🙏 {count} unidades de {_echo(name)} son más de las que puedo cotizar por aquí. "
        "Escríbenos una cantidad menor, o te atiende una persona."
    )


def no_room(names: Sequence[str]) -> str:
    """Names the products that do not fit into the quote."""
    return f"🙏 No caben más productos en una cotización. Quedó fuera: {_listed(names)}. Pídelo después, aparte."


def short(notes: Sequence[str]) -> list[str]:
    """As many notes as fit into a reply."""
    left = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"🔎 … y {left} cosas más."] if left > 0 else [])]


def placed(order: Order, number: str) -> str:
    """The answer to the yes that places an order."""
    head = f"🎉 *¡Pedido {number} confirmado!*\n\n📦 *Productos:*\n"
    tail = f"\n\n💰 *Total: {money(order.total, order.currency)}*"
    if order.left_out:
        tail += f"\n\nQuedó fuera: {_listed(order.left_out)}."
    tail += "\n\nEn breve te contactamos para coordinar la entrega. ¡Gracias!"
    return head + _as_many_as_fit(_numbered(order.lines, order.currency), LIMIT - len(head) - len(tail)) + tail


def already_confirmed(number: str) -> str:
    """The answer to another yes."""
    return f"Tu pedido *{number}* ya está confirmado ✅. ¿Necesitas algo más?"


def ask_staff(number: str) -> str:
    """The answer to a change of a confirmed order."""
    return (
        f"Tu pedido *{number}* ya está confirmado y no puedo cambiarlo por aquí. "
        "Si quieres, escribe *asesor* y te atiende una persona."
    )


def handed_over(hours: str = "") -> str:
    """The answer to a request for a person. hours: when one is available, if none is now."""
    when = f"Atendemos {hours}; te escribimos a primera hora 🙋." if hours else "Te escribe por aquí en un momento 🙋."
    return f"Te paso con una persona del equipo. {when}\nPara seguir con el asistente, escribe *bot*."


def given_back(catalogue: Catalogue) -> str:
    """The answer to a customer who prefers recado to a person."""
    return f"Sigues con el asistente 🤖.\n\n{example(catalogue)}"


def opted_out() -> str:
    """The answer to a customer who does not want to be written to."""
    return "Listo, no te escribiremos por iniciativa nuestra. Si nos escribes, te respondemos."


def opted_in() -> str:
    """The answer to a customer who wants to be written to again."""
    return "Listo, volvemos a avisarte."


def with_offer_of_a_person(text: str) -> str:
    """The answer to several messages in a row that were not understood."""
    return _fit(f"{text}\n\n🙋 Si prefieres que te atienda una persona, escribe *un asesor*.")


def how_to_change(catalogue: Catalogue) -> str:
    """The answer to the button that changes a quote."""
    name = _echo(catalogue.products[0].name).lower()
    return f"Escríbeme qué agrego, quito o cambio ✏️, por ejemplo:\n«agrega 2 {name}»\n«quita {name}»"


def moved(number: str, state: OrderState) -> str:
    """The notice to the customer when the staff changes an order's state."""
    match state:
        case OrderState.ACCEPTED:
            return f"👍 Recibimos tu pedido *{number}* y ya lo estamos preparando."
        case OrderState.COMPLETED:
            return f"✅ Tu pedido *{number}* está completo. ¡Gracias por tu compra!"
        case OrderState.CANCELLED:
            return f"Tu pedido *{number}* quedó cancelado. Si tienes dudas, escríbenos por aquí."
        case OrderState.PLACED:
            raise ValueError("nobody moves an order back")


def in_state(state: OrderState) -> str:
    """The state of an order in the words of a template: "Tu pedido P-1042 está ..."."""
    return _STATES[state]


def located(number: str) -> str:
    """The answer to a location for an order."""
    return f"📍 ¡Gracias! Anoté la ubicación en tu pedido *{number}*."


def emptied() -> str:
    """The answer when the last line was taken out."""
    return "Listo, quité lo que había en tu cotización. Cuando quieras, escríbeme qué necesitas. 😊"


def instructions(catalogue: Catalogue) -> str:
    """How to order, with an example from the catalogue."""
    return "No encontré productos en tu mensaje 🙈. Te ayudo a hacer tu pedido.\n\n" + example(catalogue)


def help_text(catalogue: Catalogue, heads: Sequence[str]) -> str:
    """The answer to "ayuda", "¿qué venden?"."""
    return f"¡Con gusto! 😊 Tenemos, entre otros: {_listed(heads)}.\n\n" + example(catalogue)


def greeting(catalogue: Catalogue) -> str:
    """The answer to a greeting."""
    return "¡Hola! 👋 Qué gusto saludarte.\n\n" + example(catalogue)


def please_write() -> str:
    """The answer to a message without words, such as a picture."""
    return "Por ahora solo puedo leer texto 🙏. ¿Me escribes tu pedido, por favor?"


def not_heard() -> str:
    """The answer to a voice note that was not understood."""
    return "No logré entender el audio 🙈. ¿Me lo escribes, por favor?"


def heard(words: str, text: str) -> str:
    """An answer to a voice note, which begins with the transcript, so that the customer can check it."""
    lead = f"🎤 Entendí: «{_echo(words, _HEARD_LIMIT)}»\n\n"
    return lead + text if len(lead) + len(text) <= LIMIT else text


def please_write_or_speak() -> str:
    """The same for shops with a transcriber."""
    return "No puedo ver imágenes 🙏. ¿Me escribes tu pedido, o me mandas una nota de voz?"


def document() -> str:
    """The answer to a document without words."""
    return (
        "Recibí tu documento, pero no puedo leerlo por aquí 🙏. Escríbeme tu pedido o, si prefieres que te atienda una "
        "persona, escribe *asesor*."
    )


def rejected() -> str:
    """The answer to a refusal of an open quote."""
    return "De acuerdo, dejamos esta cotización sin efecto. Cuando quieras, escríbeme otro pedido. 😊"


def no_open_quote() -> str:
    """The answer to a yes or a no without an open quote."""
    return "No tienes una cotización pendiente por ahora. Escríbeme qué productos necesitas y te la preparo. 😊"


def slow_down() -> str:
    """The answer to a customer who writes faster than the limit."""
    return "Recibí muchos mensajes tuyos seguidos 😅. Espera un momentito, por favor, y vuelve a escribirme."


def too_long() -> str:
    """The answer to a message that is too long to be read."""
    return "Tu mensaje es demasiado largo para mí 🙈. ¿Me lo escribes más corto, por favor, o en varios mensajes?"


def thanks(waiting: OpenQuote | None = None) -> str:
    """The answer to a message that is not an order: thanks, opening hours, small talk. waiting: an open quote."""
    if waiting is None:
        next_step = "Si deseas una cotización, dime qué productos necesitas y cuántos."
    else:
        total = money(waiting.total, waiting.currency)
        next_step = f"Tu cotización de *{total}* espera tu respuesta: *SÍ* para confirmarla, o dime qué cambio."
    return f"¡Gracias por escribirnos! 😊 {next_step} Para otra consulta, escribe *asesor*."


def _numbered(lines: Sequence[Line], currency: str) -> list[str]:
    return [_line(number, line, currency) for number, line in enumerate(lines, 1)]


def _line(number: int, line: Line, currency: str) -> str:
    doubt = " ❓" if line.doubtful else ""
    each, total = money(line.unit_price, currency, exact=True), money(line.total, currency)
    return f"{number}. {_echo(line.name)}{doubt}\n   Cantidad: {_amount(line)} × {each} = {total}"


def _amount(line: Line) -> str:
    """How much of a product, as it is written in Spanish: "2", "1,5 kg"."""
    amount = str(line.quantity) if isinstance(line.quantity, int) else f"{line.quantity:f}".replace(".", ",")
    return amount if line.unit is None else f"{amount} {line.unit}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NOTES
    return ", ".join(_echo(name) for name in names[:_MOST_NOTES]) + (f" y {more} más" if more > 0 else "")


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


def example(catalogue: Catalogue) -> str:
    first, second = (
        catalogue.products[0],
        catalogue.products[min(len(catalogue.products) - 1, len(catalogue.products) // 10)],
    )
    example = f"2 {_echo(first.name).lower()}"
    if second is not first:
        example += f" y 1 {_echo(second.name).lower()}"
    return f"Escríbeme qué necesitas y cuántos, por ejemplo:\n«Quiero {example}»"


@lru_cache(maxsize=1024)  # the same names of products recur
def _echo(text: str, limit: int = _ECHO_LIMIT) -> str:
    """Other people's words in recado's text: one line, short, without marks that WhatsApp would format."""
    plain = " ".join(text.translate(_MARKS).split())
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def _fit(text: str) -> str:
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
