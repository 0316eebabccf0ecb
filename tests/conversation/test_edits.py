"""One construction per line: messages after a quote, a question, an order or a price."""

import pytest

from recado.conversation.dialogue import Dialogue, Phase
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
LETTERS = {
    "CAM-001": "c", "ACC-001": "g", "ACC-006": "b", "HOG-001": "t", "PAN-004": "a", "PAN-005": "n", "PAN-006": "j",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines", "state"),
    [
        ("agrega 2 bufandas", "c2 g3 b3", Phase.OPEN),
        ("agrégame una bufanda más", "c2 g3 b2", Phase.OPEN),
        ("me agregas 2 toallas", "c2 g3 b1 t2", Phase.OPEN),
        ("y 2 toallas", "c2 g3 b1 t2", Phase.OPEN),
        ("quiero también 2 toallas", "c2 g3 b1 t2", Phase.OPEN),
        ("ponme otras 2 gorras", "c2 g5 b1", Phase.OPEN),
        ("dame 2 gorras más", "c2 g5 b1", Phase.OPEN),
        ("quiero 5 gorras", "c2 g5 b1", Phase.OPEN),
        ("en total quiero 5 gorras", "c2 g5 b1", Phase.OPEN),
        ("que las gorras sean 5", "c2 g5 b1", Phase.OPEN),
        ("5 gorras en vez de 3", "c2 g5 b1", Phase.OPEN),
        ("no 3 gorras, 5", "c2 g5 b1", Phase.OPEN),
        ("no son 3 gorras, son 5", "c2 g5 b1", Phase.OPEN),
        ("cámbiame las gorras a 5", "c2 g5 b1", Phase.OPEN),
        ("gorras solo 1", "c2 g1 b1", Phase.OPEN),
        ("solo 1 gorra", "c2 g1 b1", Phase.OPEN),
        ("mejor una sola gorra", "c2 g1 b1", Phase.OPEN),
        ("deja 1 gorra", "c2 g1 b1", Phase.OPEN),
        ("quita 2 gorras", "c2 g1 b1", Phase.OPEN),
        ("2 gorras menos", "c2 g1 b1", Phase.OPEN),
        ("réstale 2 a las gorras", "c2 g1 b1", Phase.OPEN),
        ("ya no quiero gorras", "c2 b1", Phase.OPEN),
        ("las gorras ya no", "c2 b1", Phase.OPEN),
        ("no me mandes las gorras", "c2 b1", Phase.OPEN),
        ("elimina gorras", "c2 b1", Phase.OPEN),
        ("bórrame las gorras", "c2 b1", Phase.OPEN),
        ("cancela las gorras", "c2 b1", Phase.OPEN),
        ("quita las gorras por favor", "c2 b1", Phase.OPEN),
        ("sácame las gorras y la bufanda", "c2", Phase.OPEN),
        ("sin gorras ni bufanda", "c2", Phase.OPEN),
        ("solo quiero las camisas", "c2", Phase.OPEN),
        ("déjame nada más las camisas", "c2", Phase.OPEN),
        ("únicamente las camisas", "c2", Phase.OPEN),
        ("solo deja las camisas", "c2", Phase.OPEN),
        ("quita todo menos las camisas", "c2", Phase.OPEN),
        ("cambia las gorras por toallas", "c2 t3 b1", Phase.OPEN),
        ("cambia una gorra por una toalla", "c2 g2 t1 b1", Phase.OPEN),
        ("en lugar de gorras mándame toallas", "c2 t3 b1", Phase.OPEN),
        ("las gorras cámbialas por 2 toallas", "c2 t2 b1", Phase.OPEN),
        ("toallas en vez de gorras", "c2 t3 b1", Phase.OPEN),
        ("reemplaza la bufanda con una toalla", "c2 g3 t1", Phase.OPEN),
        ("quiero cambiar la bufanda por una toalla", "c2 g3 t1", Phase.OPEN),
        ("quita la bufanda y pon una toalla", "c2 g3 t1", Phase.OPEN),
        ("quítame la bufanda y en su lugar una toalla", "c2 g3 t1", Phase.OPEN),
        ("no quiero la bufanda sino una toalla", "c2 g3 t1", Phase.OPEN),
        ("sí pero quita la bufanda", "c2 g3", Phase.CONFIRMED),
        ("sí, menos la bufanda", "c2 g3", Phase.CONFIRMED),
        ("ok pero solo 2 gorras", "c2 g2 b1", Phase.CONFIRMED),
        ("dale, pero que sean 2 gorras", "c2 g2 b1", Phase.CONFIRMED),
        ("confirmo todo menos la bufanda", "c2 g3", Phase.CONFIRMED),
        ("sí pero agrégale una toalla", "c2 g3 b1 t1", Phase.OPEN),
        ("sí y otra bufanda", "c2 g3 b2", Phase.OPEN),
        ("va, pero cámbiame la bufanda por una toalla", "c2 g3 t1", Phase.OPEN),
        ("la bufanda no, lo demás está bien", "c2 g3", Phase.CONFIRMED),
        ("quita la bufanda y confirmo", "c2 g3", Phase.CONFIRMED),
        ("sin la bufanda y listo", "c2 g3", Phase.CONFIRMED),
        ("duplica todo", "c4 g6 b2", Phase.OPEN),
        ("el doble de todo", "c4 g6 b2", Phase.OPEN),
        ("el doble de gorras", "c2 g6 b1", Phase.OPEN),
        ("dame el total", "c2 g3 b1", Phase.OPEN),
        ("uno más de cada uno", "c3 g4 b2", Phase.OPEN),
        ("1 de cada", "c1 g1 b1", Phase.OPEN),
        ("súbele 2 a las gorras", "c2 g5 b1", Phase.OPEN),
        ("bájale una a las gorras", "c2 g2 b1", Phase.OPEN),
        ("camisas 3, gorras 4", "c3 g4 b1", Phase.OPEN),
        ("3 camisas y 4 gorras", "c3 g4 b1", Phase.OPEN),
        ("perdón, eran 3 camisas", "c3 g3 b1", Phase.OPEN),
        ("me equivoqué, son 3 camisas", "c3 g3 b1", Phase.OPEN),
        ("*3 camisas", "c3 g3 b1", Phase.OPEN),
        ("olvida la bufanda", "c2 g3", Phase.OPEN),
        ("olvídate de la bufanda", "c2 g3", Phase.OPEN),
        ("mejor sin bufanda", "c2 g3", Phase.OPEN),
        ("una docena de gorras mejor", "c2 g12 b1", Phase.OPEN),
        ("un par de gorras menos", "c2 g1 b1", Phase.OPEN),
        ("cancela mi pedido", "", Phase.REJECTED),
        ("ya no quiero nada", "", Phase.REJECTED),
        ("mejor no", "", Phase.REJECTED),
        ("no, gracias, muy caro", "", Phase.REJECTED),
        ("siempre no", "", Phase.REJECTED),
        ("borra todo y empecemos de nuevo", "", Phase.REJECTED),
        ("dejémoslo ahí", "", Phase.REJECTED),
        ("ay no, siempre no", "", Phase.REJECTED),
        ("cancela todo porfa", "", Phase.REJECTED),
        ("la bufanda no la quiero", "c2 g3", Phase.OPEN),
        ("la bufanda ya no la quiero", "c2 g3", Phase.OPEN),
        ("no, la bufanda no, quítala", "c2 g3", Phase.OPEN),
        ("la bufanda olvídalo", "c2 g3", Phase.OPEN),
        ("la bufanda no la quiero, lo demás sí", "c2 g3", Phase.CONFIRMED),
        ("sí, pero las camisas no las quiero", "g3 b1", Phase.CONFIRMED),
        ("que sean 4 gorras, baja a 1 camisa", "c1 g4 b1", Phase.OPEN),
        ("que sean 4 gorras, sin bufanda, baja a 1 camisa", "c1 g4", Phase.OPEN),
        ("la bufanda por una toalla", "c2 g3 t1", Phase.OPEN),
        ("cambia las gorras por 2", "c2 g2 b1", Phase.OPEN),
        ("sí, se me olvidó la toalla", "c2 g3 b1 t1", Phase.OPEN),
        ("sí, + 1 toalla", "c2 g3 b1 t1", Phase.OPEN),
        ("gorras no, toallas", "c2 t3 b1", Phase.OPEN),
        ("las gorras no, mejor toallas", "c2 t3 b1", Phase.OPEN),
        ("no quiero gorras, quiero toallas", "c2 t3 b1", Phase.OPEN),
        ("no son gorras, son toallas", "c2 t3 b1", Phase.OPEN),
        ("no, gorras no, toallas por favor", "c2 t3 b1", Phase.OPEN),
        ("sí, gorras no, toallas", "c2 t3 b1", Phase.OPEN),
        ("gorras no, 2 toallas", "c2 t2 b1", Phase.OPEN),
        ("gorras no, camisas", "c2 b1", Phase.OPEN),
        ("gorras no, gracias", "c2 b1", Phase.OPEN),
        ("gorras no y bufandas tampoco", "c2", Phase.OPEN),
        ("gorras no, pero agrega toallas", "c2 t1 b1", Phase.OPEN),
        ("no sé", "c2 g3 b1", Phase.OPEN),
        ("el evento es el 12 a las 8", "c2 g3 b1", Phase.OPEN),
    ],
)
def test_what_becomes_of_a_quote(text: str, lines: str, state: Phase) -> None:
    """Shirts (c), caps (g), scarfs (b), towels (t), and the state of the conversation."""
    assert after("2 camisas, 3 gorras y 1 bufanda", text) == (set(lines.split()), state)


@pytest.mark.parametrize(
    ("before", "text", "lines", "state"),
    [
        # 3 jeans y una gorra
        ("3 jeans y una gorra", "azul", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "el azul", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "los azules porfa", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "quiero los azules", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "dame azules", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "que sean azules", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "los negros mejor", "n3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "el 501", "j3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "los 501", "j3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "el primero", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "la segunda opción", "n3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "opción 2", "n3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "el último", "j3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "el más caro", "j3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "2 azules y 1 negro", "a2 n1 g1", Phase.OPEN),
        ("3 jeans y una gorra", "uno de cada uno", "a1 n1 j1 g1", Phase.OPEN),
        ("3 jeans y una gorra", "mejor 2 azules", "a2 g1", Phase.OPEN),
        ("3 jeans y una gorra", "solo 1 negro", "n1 g1", Phase.OPEN),
        ("3 jeans y una gorra", "jean azul", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "jeans negros", "n3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "quiero 2 jeans azules", "a2 g1", Phase.OPEN),
        ("3 jeans y una gorra", "dos azules y el resto negros", "a2 n1 g1", Phase.OPEN),
        ("3 jeans y una gorra", "no, ninguno", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "ya no quiero jeans", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "olvida los jeans", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "sin jeans", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "quita los jeans", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "mejor sin los jeans", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "olvida los jeans y confirmo", "g1", Phase.CONFIRMED),
        ("3 jeans y una gorra", "sí", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "dale", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "cuál es la diferencia?", "g1", Phase.OPEN),
        ("3 jeans y una gorra", "y 2 camisas", "c2 g1", Phase.OPEN),
        ("3 jeans y una gorra", "agrega 2 camisas", "c2 g1", Phase.OPEN),
        ("3 jeans y una gorra", "quita la gorra", "", Phase.NONE),
        ("3 jeans y una gorra", "cancela todo", "", Phase.REJECTED),
        ("3 jeans y una gorra", "un asesor", "g1", Phase.HUMAN),
        ("3 jeans y una gorra", "azul y 2 camisas", "a3 c2 g1", Phase.OPEN),
        ("3 jeans y una gorra", "sí, el azul", "a3 g1", Phase.OPEN),
        ("3 jeans y una gorra", "los azules y quita la gorra", "a3", Phase.OPEN),
        ("3 jeans y una gorra", "azules, y la gorra que sean 2", "a3 g2", Phase.OPEN),
        # 2 o 3 camisas y una gorra
        ("2 o 3 camisas y una gorra", "3", "c3 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "son 2", "c2 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "que sean 3", "c3 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "mejor 3", "c3 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "tres", "c3 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "3 camisas", "c3 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "dame 2", "c2 g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "sí", "g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "ninguna", "g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "ya no quiero camisas", "g1", Phase.OPEN),
        ("2 o 3 camisas y una gorra", "mejor 2, sí", "c2 g1", Phase.OPEN),
        # 2 camisas, sí
        ("2 camisas|sí", "otra camisa", "c1", Phase.OPEN),
        ("2 camisas|sí", "quiero 3 gorras", "g3", Phase.OPEN),
        ("2 camisas|sí", "y 2 gorras", "g2", Phase.OPEN),
        ("2 camisas|sí", "agrega 2 gorras", "g2", Phase.OPEN),
        ("2 camisas|sí", "también una gorra", "g1", Phase.OPEN),
        ("2 camisas|sí", "quita una camisa", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "cambia las camisas por gorras", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "mejor 3", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "que sean 3", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "cancela el pedido", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "quiero cancelar", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "ya no lo quiero", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "no", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "gracias", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "sí", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "ok", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "cuándo llega?", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "hola", "c2", Phase.CONFIRMED),
        ("2 camisas|sí", "lo mismo", "c2", Phase.OPEN),
        ("2 camisas|sí", "lo mismo pero 3", "c3", Phase.OPEN),
        ("2 camisas|sí", "lo mismo y una gorra", "c2 g1", Phase.OPEN),
        ("2 camisas|sí", "lo mismo más una gorra", "c2 g1", Phase.OPEN),
        ("2 camisas|sí", "repite el pedido", "c2", Phase.OPEN),
        ("2 camisas|sí", "otro igual", "c2", Phase.OPEN),
        ("2 camisas|sí", "quiero lo mismo de antes", "c2", Phase.OPEN),
        ("2 camisas|sí", "un asesor", "c2", Phase.HUMAN),
        ("2 camisas|sí", "precio de la gorra", "c2", Phase.CONFIRMED),
        ("un jean y una gorra", "el jean que sea el 501", "j1 g1", Phase.OPEN),
        ("un jean y una gorra", "el jean que sea negro", "n1 g1", Phase.OPEN),
        ("un jean y una gorra", "el jean mejor azul", "a1 g1", Phase.OPEN),
        ("un jean y una gorra|el jean que sean 3", "el azul", "a3 g1", Phase.OPEN),
        # cuánto cuesta la gorra?
        ("cuánto cuesta la gorra?", "dame 2", "g2", Phase.OPEN),
        ("cuánto cuesta la gorra?", "la quiero", "g1", Phase.OPEN),
        ("cuánto cuesta la gorra?", "me la llevo", "g1", Phase.OPEN),
        ("cuánto cuesta la gorra?", "ok, dame una", "g1", Phase.OPEN),
        ("cuánto cuesta la gorra?", "quiero 3", "g3", Phase.OPEN),
        ("cuánto cuesta la gorra?", "sí, 2 por favor", "g2", Phase.OPEN),
        ("cuánto cuesta la gorra?", "2", "g2", Phase.OPEN),
        ("cuánto cuesta la gorra?", "y la camisa?", "", Phase.NONE),
        ("cuánto cuesta la gorra?", "gracias", "", Phase.NONE),
        ("cuánto cuesta la gorra?", "muy cara", "", Phase.NONE),
        ("cuánto cuesta la gorra?", "2 camisas", "c2", Phase.OPEN),
        ("cuánto cuesta la gorra?", "mejor una camisa", "c1", Phase.OPEN),
    ],
)
def test_what_is_said_to_a_question_an_order_or_a_price(before: str, text: str, lines: str, state: Phase) -> None:
    """ "jeans" may be blue (a), black (n) or 501 (j)."""
    assert after(*before.split("|"), text) == (set(lines.split()), state)


def after(*texts: str) -> tuple[set[str], Phase]:
    """The lines after these messages, and the state of the conversation."""
    dialogue = Dialogue(CATALOGUE)
    for text in texts:
        dialogue.say(text)
    return written(dialogue), dialogue.state


def written(dialogue: Dialogue) -> set[str]:
    """The lines, each as a letter and a quantity."""
    return {f"{LETTERS[line.sku]}{line.quantity}" for line in dialogue.lines}


@pytest.mark.parametrize(
    "text",
    [
        "ya no quiero tantas gorras",
        "no quiero tantas gorras",
        "no tantas gorras",
        "tantas gorras no",
        "son muchas gorras",
        "son demasiadas gorras",
        "menos gorras",
        "mejor menos gorras",
        "con menos gorras",
        "sí, pero no tantas gorras",
        "sí, pero menos gorras",
        "quita algunas gorras",
        "quita 1 o 2 gorras",
    ],
)
@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ("2", "c2 g2"),
        ("solo 2", "c2 g2"),
        ("que sean 2", "c2 g2"),
        ("2 gorras", "c2 g2"),
        ("una menos", "c2 g2"),
        ("quita una", "c2 g2"),
        ("ya no quiero gorras", "c2"),
        ("quita las gorras", "c2"),
        ("sí", "c2 g3"),
    ],
)
def test_fewer_without_a_number_asks_how_many(text: str, answer: str, lines: str) -> None:
    """The line that the message names. Nothing changes and nothing is confirmed before the customer says how many."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("2 camisas y 3 gorras")
    dialogue.say(text)
    asked = (written(dialogue), dialogue.state, dialogue.asks)
    dialogue.say(answer)

    assert asked == ({"c2", "g3"}, Phase.OPEN, True)
    assert (written(dialogue), dialogue.state, dialogue.asks) == (
        set(lines.split()),
        Phase.OPEN,
        answer == "sí",
    )


@pytest.mark.parametrize(
    ("before", "text", "lines"),
    [
        ("2 camisas y 3 gorras", "ya no quiero tantas gorras, solo 2", "c2 g2"),
        ("2 camisas y 3 gorras", "no tantas gorras, mejor 1", "c2 g1"),
        ("3 gorras", "no quiero tantas, 2", "g2"),
        ("3 gorras", "mejor menos, 2", "g2"),
        ("2 camisas y 3 gorras", "todo menos las gorras", "c2"),
        ("2 camisas y 3 gorras", "2 gorras menos", "c2 g1"),
    ],
)
def test_fewer_with_a_number(before: str, text: str, lines: str) -> None:
    assert after(before, text) == (set(lines.split()), Phase.OPEN)


@pytest.mark.parametrize(("text", "more"), [("mejor 4 o 5 gorras", "g4"), ("agrega 4 o 5 gorras", "g7")])
def test_an_answer_says_how_many_there_are_to_be(text: str, more: str) -> None:
    """Unless the question was how many more."""
    dialogue = Dialogue(CATALOGUE)
    for said in ("3 gorras", text, "4"):
        dialogue.say(said)

    assert written(dialogue) == {more}
