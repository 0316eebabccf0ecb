"""The constructions by which a customer steers an order or speaks of it, one row each.

A row's words are a pattern over the message in its plain form (lower case, no accents, tokens apart). Its examples and
counterexamples run as tests.
"""

import re
from enum import Enum, auto
from typing import Final

import msgspec


class Does(Enum):
    """What a construction does to the things that follow it, or says of the order as a whole."""

    ORDER = auto()
    """Nothing: the things are asked for."""
    ADD = auto()
    SET = auto()
    """The things, or a bare number, mend what was said."""
    REMOVE = auto()
    KEEP = auto()
    """All other things go."""
    CHANGE = auto()
    """The first thing goes, the next one comes."""

    RAISE = auto()
    """A bare number is added; one behind "a" is set."""
    LOWER = auto()
    """A bare number is taken off; one behind "a" is set."""
    REPEAT = auto()
    TOTAL = auto()
    START_OVER = auto()
    PERSON = auto()
    REST = auto()
    """Yes to all that is not changed."""
    DROP = auto()
    """None of what was offered."""
    TAKE = auto()
    """What was spoken of is ordered."""
    CANCEL = auto()
    """The whole order is called off."""
    CLOSE = auto()
    """The list is complete; that is no yes."""
    EVERYTHING = auto()
    """All options of a question, one of each."""


class Construction(msgspec.Struct, frozen=True):
    """One row. `examples` hold it, `counterexamples` do not though they resemble it."""

    does: Does
    words: re.Pattern[str]
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()


def _row(does: Does, words: str, examples: tuple[str, ...], counterexamples: tuple[str, ...] = ()) -> Construction:
    return Construction(does, re.compile(rf"(?<!\S)(?:{words})(?!\S)"), examples, counterexamples)


_PERSON: Final = (
    r"(?:un |una |el |la |algun |alguna |otro |otra )?"
    r"(?:asesor|asesora|asesores|agente|humano|humana|operador|operadora|ejecutivo|ejecutiva|representante|vendedor|"
    r"vendedora|encargado|encargada|supervisor|supervisora|gerente|dueno|duena|persona|alguien|ser humano|empleado|"
    r"empleada|trabajador|administrador|administradora|atencion al cliente|servicio al cliente|soporte|gente)"
)
_REACH: Final = (
    r"(?:hablar|hable|hablo|comunicar\w*|comunica\w*|comunique\w*|pasa|pasame|paseme|pasarme|pasas|pasenme|atienda|"
    r"atiende|atender|atenderme|atendido|atendida|contactar\w*|contacta\w*|contacte\w*|llame|llamen|llamar|transfiere\w*|"
    r"transfiera\w*|transferir\w*|conecta\w*|conecte\w*|platicar|chatear|escribir|ayude|ayuden|tratar)"
)

CONSTRUCTIONS: Final = (
    _row(
        Does.PERSON,
        rf"{_REACH}(?: \S+)? (?:con|a|por) {_PERSON}",
        ("quiero hablar con una persona", "pásame con alguien", "me comunica con un asesor", "ser atendido por una persona"),
        ("2 camisas para una persona", "me pasas una gorra"),
    ),
    _row(
        Does.PERSON,
        rf"{_PERSON}(?: real| de verdad| humana?)?(?: por favor| porfa)? (?:que|para que|me|nos|puede|podria|real|de verdad)"
        rf"(?: \S+){{0,2}} {_REACH}|(?:me|nos) (?:puede|puedes|pueden|podria|podrian|podrias) {_REACH} {_PERSON}|"
        rf"(?:que )?(?:me|nos) {_REACH} {_PERSON}",
        ("alguien que me atienda", "me puede atender una persona", "que me atienda alguien"),
        ("hay alguien?",),
    ),
    _row(
        Does.PERSON,
        r"(?:^|(?<=quiero )|(?<=necesito )|(?<=prefiero )|(?<=mejor )|(?<=por favor )|(?<=hola )|(?<=, ))"
        r"(?:a |con )?(?:un |una |el |la |algun |alguna )?(?:asesor|asesora|agente|humano|operador|operadora|ejecutivo|"
        r"representante|persona real|persona|atencion al cliente|servicio al cliente|ser humano)"
        r"(?: de verdad| real| humana?)?(?= ?(?:$|[,.!?]|por favor|porfa|ya|urgente|gracias|para|ahora))",
        ("un asesor", "asesor por favor", "necesito un asesor", "una persona, por favor", "quiero un humano"),
        ("soy asesor y quiero 2 camisas", "somos una persona"),
    ),
    _row(
        Does.START_OVER,
        r"(?:empe[cz]\w+|comen[cz]\w+|inicia\w*|arranc\w+|vamos|volv\w+ a empezar|otra vez)(?: \S+){0,3}? "
        r"(?:de nuevo|de cero|desde cero|otra vez desde cero|desde el principio|otra vez)|borron y cuenta nueva|"
        r"reinicia\w*|desde cero",
        ("empezar de nuevo", "empecemos desde cero", "quiero empezar otra vez", "borrón y cuenta nueva"),
        ("lo mismo otra vez", "quiero 2 camisas de nuevo"),
    ),
    _row(
        Does.CANCEL,
        r"(?:cancel|anul|elimin|borr|quit|sac|olvid|descart)\w*(?: \S+)? (?:todo|toda|todos|todas)(?: (?:el|mi|la|lo) \w+)?"
        r"(?= ?(?:$|[,.!?y]))|"
        r"(?:cancel|anul|elimin|borr|descart|olvid)\w* (?:el|la|mi|ese|este|esa|esta|con el|del|de la|de mi)? ?(?:pedido|orden|cotizacion|"
        r"compra|encargo|solicitud)(?: \S+)?|(?:quiero |quisiera |necesito |puedo )?cancelar(?:lo|la|los|las)?(?= ?(?:$|[,.!?]))|"
        r"(?:cancelalo|cancelala|cancelelo|cancela|cancele|cancelemos|anulalo|anula)(?= ?(?:$|[,.!?]|por favor|porfa|gracias))|"
        r"me arrepenti|ya no lo quiero|"
        r"ya no los quiero|ya no quiero (?:nada|el pedido|la orden|la compra|mi pedido)|no quiero nada|"
        r"(?:mejor )?(?:olvidalo|olvidelo|olvidate|dejalo asi nomas)(?: todo)?|quitalo todo|borralo todo|quita todo",
        ("cancela todo", "cancela mi pedido", "quiero cancelar", "borra todo", "ya no quiero nada", "olvídalo"),
        ("cancela la gorra", "ya no quiero la camisa"),
    ),
    _row(
        Does.REPEAT,
        r"lo mismo (?:de|que) (?:la )?(?:siempre|antes|ayer|la vez pasada|vez pasada|ultima vez|otra vez|anterior|otras veces|"
        r"la ultima vez|la anterior|la otra vez|pedi\w*(?: \S+){0,3}|compr\w+(?: \S+){0,3}|el \S+|la semana pasada)|"
        r"lo mismo(?: otra vez| de nuevo| nuevamente| por favor| porfa)?(?= ?(?:$|[,.!?]|pero|mas|y |con|sin))|"
        r"(?:repit\w+|repet\w+)(?: (?:me|el|la|mi|lo|ese|los|ultimo|ultima|mismo|misma|pedido|orden|anterior|compra|pasado|pasada))*|"
        r"(?:el|un) mismo pedido(?: de \S+(?: \S+)?| otra vez)?|otra vez lo mismo|de nuevo lo mismo|"
        r"(?:lo|igual) que (?:la vez pasada|la ultima vez|siempre|antes)|otro (?:pedido )?igual|otra igual|"
        r"(?:el|mi) pedido de siempre|(?:pedido|orden) igual",
        ("lo mismo otra vez", "lo mismo de la vez pasada", "repite mi último pedido", "lo mismo pero con 3 gorras",
         "lo mismo que la última vez", "el mismo pedido de siempre"),
        ("es lo mismo?",),
    ),
    _row(
        Does.TOTAL,
        r"(?:el|mi) total|^total\??|cuanto (?:es|seria|sera|sale|va|llevo|vamos|debo|te debo|le debo|queda|quedaria|serian|suma|"
        r"pago|hay que pagar|tengo que pagar)(?: (?:todo|en total|el total|ya|hasta ahora|ahi|por todo|asi|el pedido))*"
        r"(?= ?(?:$|[,.!?]))|cuanto (?:me )?(?:sale|queda|cuesta|seria)(?:ria)? (?:todo|el pedido|en total)|como va mi pedido|"
        r"que llevo(?: hasta ahora| pedido)?|mi (?:pedido|cotizacion)\?",
        ("dame el total", "cuánto es todo?", "cuánto sería?", "cuánto llevo?"),
        ("cuánto es la camisa?", "que sean 4 en total"),
    ),
    _row(
        Does.REST,
        r"(?:lo|los|las|el|todo lo|todos los|todas las) (?:demas|resto|otro|otra|otros|otras)(?: \S+)? (?:si|esta bien|igual|va|"
        r"perfecto|bien|ok|queda igual|dejalo|confirmado|confirmo|mandalo|si va)|"
        r"(?:confirm\w+|mand\w+|dej\w+|va|si) (?:todo )?(?:lo|los|las|el) (?:demas|resto|otro|otros|otras)|"
        r"con (?:lo demas|el resto) (?:si|ok|bien)",
        ("no quiero la gorra, lo demás sí", "quita la gorra, el resto está bien", "confirmo lo demás"),
        ("y lo demás?",),
    ),
    _row(
        Does.DROP,
        r"ningun[oa]?(?: de (?:los|las|esos|esas|ellos|ellas)(?: \S+)?)?|ni (?:uno|una)|(?:olvida|olvide|olvidate de|deja|dejemos)"
        r" (?:eso|esos|esas|esa|ese)|eso no|esos no|esas no|sin eso|"
        r"(?:entonces|ya|mejor)?(?: )?(?:no|nada) de (?:eso|esos|esas)",
        ("ninguna", "no, ninguno", "ninguno de los dos", "olvida eso"),
        ("olvida la funda",),
    ),
    _row(
        Does.TAKE,
        r"(?:me )?(?:lo|la|los|las) (?:llevo|quiero|tomo|compro|pido|agrego|encargo|ordeno)|"
        r"(?:dame|deme|dennos|danos)l[oa]s?|(?:mand|envi|apart|separ|guard|despach|prepar|anot|apunt|agreg|pon|entreg|"
        r"alist|empac|factur|reserv|lleva)\w{0,4}?(?:me|nos|se)?l[oa]s?|(?:quiero|dame|me llevo) (?:ese|esa|esos|esas|eso)(?= ?(?:$|[,.!?]))",
        ("ok me lo llevo", "dámelo", "los quiero", "quiero ese", "mándala", "apártamelos"),
        ("quiero una gorra", "me llevo 2 camisas"),
    ),
    _row(
        Does.CLOSE,
        r"(?:eso|esto|seria|es|y ya|solo|nada mas) ?(?:es|seria|seria lo|era)? ?(?:todo|eso|lo unico)(?: (?:por ahora|por hoy|por el momento|nada mas))?"
        r"(?= ?(?:$|[,.!?]|gracias|y |por favor))|nada mas(?= ?(?:$|[,.!?]|gracias|por ahora))|solo eso|"
        r"(?:ya )?no (?:necesito |quiero )?nada mas|"
        r"ya no mas|hasta ahi(?: nomas)?",
        ("eso es todo", "sería todo", "nada más", "eso sería todo, gracias", "solo eso"),
        ("nada más la camisa",),
    ),
    _row(
        Does.EVERYTHING,
        r"(?:los|las) (?:dos|tres|cuatro|2|3|4)|ambos|ambas|tod[oa]s",
        ("los dos", "ambas"),
        ("la dos",),
    ),
    _row(
        Does.RAISE,
        r"(?:sube|subi|suba|subile|subele|subale|subime|subeme|subelo|subela|subelos|subelas|aumenta|aumente|aumentale)",
        ("súbele 2", "sube las gorras a 3"),
    ),
    _row(
        Does.LOWER,
        r"(?:baja|bajale|bajele|bajame|bajalo|bajala|bajalos|bajalas|baje|reduce|reducelo|reducela|reducele|reduzca|disminuye)",
        ("bájale 2", "baja las gorras a 1"),
        ("baja en grasa",),
    ),
    _row(
        Does.ADD,
        r"ponle|pongale|ponele|ponles|echale|echele|metele|metale|sumale|sumele|sume|suma|y ponme|anadele|falt(?:a|an|o|aron|aba|aban)|"
        r"(?:se )?me (?:olvide|olvido|olvidaba|falto|faltaba)(?: (?:pedir|decir|agregar|anotar))?|"
        r"(?:se me olvido|se me paso|me olvide de)(?: (?:pedir|decirte|decirle|agregar|anotar|poner))?|"
        r"tambien|ademas|aparte|encima|adicional(?:es|mente)?|extras?|otr[oa]s?(?= (?:[0-9]+|dos|tres|cuatro|cinco|seis|diez)(?!\S))",
        ("ponle 2 gorras", "también 2 gorras", "2 gorras aparte", "no, falta la gorra", "se me olvidó la gorra", "otras 2 gorras"),
        ("aparta 2 gorras",),
    ),
    _row(
        Does.KEEP,
        r"(?:solo|solamente|unicamente|nomas|nada mas)(?: (?:quiero|dejame|deja|dejeme|me llevo|llevo|dame|mandame|va|con|voy a llevar|"
        r"me quedo con|necesito|deme))?(?= (?:el|la|los|las) )|"
        r"(?:deja|dejame|dejeme|dejemos|deje|dejar|quedate con|quedame con|me quedo con|quiero|dame|manda|mandame)"
        r"(?: (?:con|el pedido))? (?:solo|solamente|unicamente|nada mas|nomas)(?: con)?|"
        r"(?:me quedo|nos quedamos|quedate|quedemonos) (?:solo |solamente |nada mas )?con(?= (?:el|la|los|las) )",
        ("déjame solo la camisa", "solo la camisa", "solo quiero la camisa", "me quedo con la camisa", "nada más la camisa"),
        ("mejor solo 2 toallas",),
    ),
    _row(
        Does.SET,
        r"\*(?= ?\S)|digo|quise decir|queria decir|me equivoque|me confundi|corrijo|correccion|mas bien|en realidad|"
        r"(?:que )?(?:sean?|fueran?|queden?|quede)|seran?|son|era|eran|es|serian|dejalo en|deja(?:lo|la|los|las)? (?:en|a)|pon(?:lo|la|los|las) en|"
        r"(?:cambia|cambie)(?:lo|la|los|las|me|melo|mela)? a|sube(?:lo|la|los|las|le)? a|baja(?:lo|la|los|las|le)? a",
        ("*3 camisas", "digo, 3 camisas", "son 3", "me equivoqué, eran 12", "cámbialo a 3"),
        ("es de algodón?",),
    ),
)  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """A construction in a message, from token `start` to the one before `end`."""

    does: Does
    start: int
    end: int


def constructions(norms: list[str]) -> list[Found]:
    """The constructions in a message, given its tokens in their plain form, in order; of two at a place the longer."""
    text = " ".join(norms)
    starts: dict[int, int] = {}
    position = 0
    for index, norm in enumerate(norms):
        starts[position] = index
        position += len(norm) + 1
    found: dict[int, Found] = {}
    for row in CONSTRUCTIONS:
        for match in row.words.finditer(text):
            start = starts.get(match.start())
            if start is None:
                continue
            end = start + len(match[0].split())
            if start not in found or found[start].end < end:
                found[start] = Found(row.does, start, end)
    return [found[start] for start in sorted(found)]
