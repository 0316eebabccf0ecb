"""What is beside a yes and asks for nothing: how the order is delivered or made, and what does not matter."""

import re
from collections.abc import Sequence
from typing import Final

from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language import role
from recado.quotes.reading.context import Context
from recado.quotes.scan.elements import Element

_VERB: Final = re.compile(
    "(?:toc|toqu|timbr|llam|golpe|suen|son|funcion|sirv|serv|abr|esper|duerm|dorm|ladr|muerd|recib|firm|dobl|arrug|romp|"
    "quiebr|maltrat|moj|envuelv|envolv|cuid|tard|demor|apur|med|mid|revis|verific|verifiqu|habl|consult|autoriz|aprob|"
    "decid|qued|entr|acept|avis|anunci|vigil|estacion|parque|olvid|salud|molest|despiert|despert|grit|pit)"
    "(?:o|a|e|i|as|es|an|en|amos|emos|imos|ar|er|ir|aron|ieron|aba|ad[oa]s?|id[oa]s?)(?:me|le|les|nos|se|l[oa]s?)*"
)
_CIRCUMSTANCES: Final = frozenset([
    "fuerte", "duro", "recio", "caliente", "calientes", "calientito", "calientita", "calientitos", "calientitas",
    "calentito", "calentita", "calentitos", "calentitas", "frio", "fria", "frios", "frias", "fresco", "fresca",
    "frescos", "frescas", "fresquito", "fresquita", "tostado", "tostada", "tostadita", "tostadito", "perro", "perros",
    "portero",
    "porteria", "vigilante", "vigilancia", "celador", "guardia", "guardias", "puerta", "reja", "rejas", "porton",
    "ascensor", "elevador", "intercomunicador", "citofono", "escaleras", "lluvia", "trafico", "trancon", "prisa",
    "hambre", "afan", "demora", "cambio", "sencillo",
])  # fmt: skip
"""Words about the way to the customer's door, and about how the goods arrive there."""
_LEFT_OUT: Final = frozenset([
    "cebolla", "cebollas", "cebollita", "cilantro", "perejil", "picante", "chile", "chiles", "aji", "salsa", "salsas",
    "sal", "azucar", "hielo", "hielos", "mayonesa", "mayo", "ketchup", "catsup", "mostaza", "queso", "crema", "tomate",
    "tomates", "jitomate", "lechuga", "pepinillo", "pepinillos", "ajo", "aguacate", "palta", "aceituna", "aceitunas",
    "piña", "pina", "champinones", "hongos", "jamon", "tocino", "leche", "manteca", "mantequilla", "limon", "verdura",
    "verduras", "frijoles", "repollo", "col", "pimienta", "oregano", "aderezo", "aderezos", "vinagreta", "popote",
    "popotes", "pajilla", "pitillo", "pitillos", "bolsa", "bolsas", "servilletas", "cubiertos", "empaque", "envoltura",
    "mono", "tarjeta", "logo", "etiqueta", "etiquetas", "nata", "canela", "pasas", "nueces", "mani",
])  # fmt: skip
"""What a thing is made, packed or delivered with or without."""
_WAIVERS: Final = frozenset([
    "no importa", "no hay problema", "no hay lio", "no hay drama", "no pasa nada", "da igual", "me da igual",
])  # fmt: skip
_WITHOUT: Final = frozenset(["sin", "ni", "nada de"])
_BETWEEN: Final = frozenset([role.DEFINITE, role.NOISE])
_OF_SERVICE: Final = frozenset([role.SERVICES, role.ADDRESS, role.WEEKDAY, role.LATER, role.WHEN])
_ASKED_OF_GOODS: Final = frozenset([
    "descuento", "descuentos", "descuentico", "rebaja", "rebajita", "oferta", "ofertas", "promo", "promocion", "foto",
    "fotos", "fotito", "imagen", "imagenes", "precio", "precios", "presupuesto", "catalogo", "color", "colores",
    "talla", "tallas", "modelo", "medida", "material",
])  # fmt: skip
_DECIDES: Final = frozenset([
    role.PRODUCT, role.SEVERAL, role.QUANTITY, role.PRICE, role.TOTAL, role.ASIDE, role.YES, role.BUT, role.OR,
    role.REMOVE, role.CHANGE,
])  # fmt: skip


class Remarks:
    """Looks at the elements of one message."""

    def __init__(self, context: Context, matcher: Matcher) -> None:
        self._context = context
        self._matcher = matcher

    def tells(self, element: Element) -> bool:
        """Whether a word says how the order is delivered, or what it is made without: "tocan fuerte", "sin cebolla"."""
        words = self._context.norm(element.index).split()
        if element.q is not None:
            return False
        if set(words) <= _LEFT_OUT and element.kind in (role.UNKNOWN, role.NOISE):
            return self.leaves_out(element.index - 1) or self._context.kind(element.index + 1) is role.QUESTION
        told = all(word in _CIRCUMSTANCES or _VERB.fullmatch(word) for word in words)
        return told and not any(map(self._matcher.knows, words))

    def leaves_out(self, i: int) -> bool:
        """Whether "sin" at `i` only says how a thing is made: no product of the shop is called by what is left out."""
        if self._context.norm(i) not in _WITHOUT:
            return False
        word = self._context.norm(i + 1)
        return word in _LEFT_OUT and not self._matcher.names(word)

    def denies(self, i: int) -> bool:
        """Whether a "no" at `i` is about the delivery: "no sirve el timbre", "no me las doblen"."""
        if self._context.kind(i) is not role.NEGATION:
            return False
        j = self._context.next(i, _BETWEEN)
        if j > i + 1 and self._context.kind(j - 1) is role.DEFINITE:
            return self._context.kind(j) is role.UNKNOWN and self._context.norm(j - 2) in ("me", "se", "nos")
        return any(_VERB.fullmatch(self._context.norm(k)) for k in range(i + 1, j + 1))

    @staticmethod
    def is_about_service(clause: Sequence[Element], norms: Sequence[str]) -> bool:
        """Whether a question is about paying, delivering or what comes with the order, and not about goods."""
        if any(e.kind in _DECIDES for e in clause) or not _ASKED_OF_GOODS.isdisjoint(norms):
            return False
        return any(e.roles & _OF_SERVICE for e in clause) or not _LEFT_OUT.isdisjoint(norms)

    def waives(self, clause: Sequence[Element]) -> bool:
        """ "no hay problema con el precio": whether something is said not to matter, which is no product."""
        waived = any(self._context.norm(e.index) in _WAIVERS for e in clause)
        return waived and not any(e.kind in (role.PRODUCT, role.SEVERAL, role.BUT) for e in clause)
