"""What is said to a quote for 2 shirts, 3 caps and 1 scarf, one construction a line."""

import pytest

from recado.conversation.dialogue import Dialogue, State
from recado.quotes import Catalogue
from recado.quotes.catalogue import DEFAULT_PATH

CATALOGUE = Catalogue.from_csv(DEFAULT_PATH)
LETTERS = {"CAM-001": "c", "ACC-001": "g", "ACC-006": "b", "HOG-001": "t"}


@pytest.mark.parametrize(
    ("text", "lines", "state"),
    [
        ("agrega 2 bufandas", "c2 g3 b3", State.OPEN),
        ("agrégame una bufanda más", "c2 g3 b2", State.OPEN),
        ("me agregas 2 toallas", "c2 g3 b1 t2", State.OPEN),
        ("y 2 toallas", "c2 g3 b1 t2", State.OPEN),
        ("quiero también 2 toallas", "c2 g3 b1 t2", State.OPEN),
        ("ponme otras 2 gorras", "c2 g5 b1", State.OPEN),
        ("dame 2 gorras más", "c2 g5 b1", State.OPEN),
        ("quiero 5 gorras", "c2 g5 b1", State.OPEN),
        ("en total quiero 5 gorras", "c2 g5 b1", State.OPEN),
        ("que las gorras sean 5", "c2 g5 b1", State.OPEN),
        ("5 gorras en vez de 3", "c2 g5 b1", State.OPEN),
        ("no 3 gorras, 5", "c2 g5 b1", State.OPEN),
        ("no son 3 gorras, son 5", "c2 g5 b1", State.OPEN),
        ("cámbiame las gorras a 5", "c2 g5 b1", State.OPEN),
        ("gorras solo 1", "c2 g1 b1", State.OPEN),
        ("solo 1 gorra", "c2 g1 b1", State.OPEN),
        ("mejor una sola gorra", "c2 g1 b1", State.OPEN),
        ("deja 1 gorra", "c2 g1 b1", State.OPEN),
        ("quita 2 gorras", "c2 g1 b1", State.OPEN),
        ("2 gorras menos", "c2 g1 b1", State.OPEN),
        ("réstale 2 a las gorras", "c2 g1 b1", State.OPEN),
        ("ya no quiero gorras", "c2 b1", State.OPEN),
        ("las gorras ya no", "c2 b1", State.OPEN),
        ("no me mandes las gorras", "c2 b1", State.OPEN),
        ("elimina gorras", "c2 b1", State.OPEN),
        ("bórrame las gorras", "c2 b1", State.OPEN),
        ("cancela las gorras", "c2 b1", State.OPEN),
        ("quita las gorras por favor", "c2 b1", State.OPEN),
        ("sácame las gorras y la bufanda", "c2", State.OPEN),
        ("sin gorras ni bufanda", "c2", State.OPEN),
        ("solo quiero las camisas", "c2", State.OPEN),
        ("déjame nada más las camisas", "c2", State.OPEN),
        ("únicamente las camisas", "c2", State.OPEN),
        ("solo deja las camisas", "c2", State.OPEN),
        ("quita todo menos las camisas", "c2", State.OPEN),
        ("cambia las gorras por toallas", "c2 t3 b1", State.OPEN),
        ("cambia una gorra por una toalla", "c2 g2 t1 b1", State.OPEN),
        ("en lugar de gorras mándame toallas", "c2 t3 b1", State.OPEN),
        ("las gorras cámbialas por 2 toallas", "c2 t2 b1", State.OPEN),
        ("toallas en vez de gorras", "c2 t3 b1", State.OPEN),
        ("reemplaza la bufanda con una toalla", "c2 g3 t1", State.OPEN),
        ("quiero cambiar la bufanda por una toalla", "c2 g3 t1", State.OPEN),
        ("quita la bufanda y pon una toalla", "c2 g3 t1", State.OPEN),
        ("quítame la bufanda y en su lugar una toalla", "c2 g3 t1", State.OPEN),
        ("no quiero la bufanda sino una toalla", "c2 g3 t1", State.OPEN),
        ("sí pero quita la bufanda", "c2 g3", State.CONFIRMED),
        ("sí, menos la bufanda", "c2 g3", State.CONFIRMED),
        ("ok pero solo 2 gorras", "c2 g2 b1", State.CONFIRMED),
        ("dale, pero que sean 2 gorras", "c2 g2 b1", State.CONFIRMED),
        ("confirmo todo menos la bufanda", "c2 g3", State.CONFIRMED),
        ("sí pero agrégale una toalla", "c2 g3 b1 t1", State.OPEN),
        ("sí y otra bufanda", "c2 g3 b2", State.OPEN),
        ("va, pero cámbiame la bufanda por una toalla", "c2 g3 t1", State.OPEN),
        ("la bufanda no, lo demás está bien", "c2 g3", State.CONFIRMED),
        ("quita la bufanda y confirmo", "c2 g3", State.CONFIRMED),
        ("sin la bufanda y listo", "c2 g3", State.CONFIRMED),
        ("duplica todo", "c4 g6 b2", State.OPEN),
        ("el doble de todo", "c4 g6 b2", State.OPEN),
        ("el doble de gorras", "c2 g6 b1", State.OPEN),
        ("dame el total", "c2 g3 b1", State.OPEN),
        ("uno más de cada uno", "c3 g4 b2", State.OPEN),
        ("1 de cada", "c1 g1 b1", State.OPEN),
        ("súbele 2 a las gorras", "c2 g5 b1", State.OPEN),
        ("bájale una a las gorras", "c2 g2 b1", State.OPEN),
        ("camisas 3, gorras 4", "c3 g4 b1", State.OPEN),
        ("3 camisas y 4 gorras", "c3 g4 b1", State.OPEN),
        ("perdón, eran 3 camisas", "c3 g3 b1", State.OPEN),
        ("me equivoqué, son 3 camisas", "c3 g3 b1", State.OPEN),
        ("*3 camisas", "c3 g3 b1", State.OPEN),
        ("olvida la bufanda", "c2 g3", State.OPEN),
        ("olvídate de la bufanda", "c2 g3", State.OPEN),
        ("mejor sin bufanda", "c2 g3", State.OPEN),
        ("una docena de gorras mejor", "c2 g12 b1", State.OPEN),
        ("un par de gorras menos", "c2 g1 b1", State.OPEN),
        ("cancela mi pedido", "", State.REJECTED),
        ("ya no quiero nada", "", State.REJECTED),
        ("mejor no", "", State.REJECTED),
        ("no, gracias, muy caro", "", State.REJECTED),
        ("siempre no", "", State.REJECTED),
        ("borra todo y empecemos de nuevo", "", State.REJECTED),
        ("dejémoslo ahí", "", State.REJECTED),
    ],
)
def test_what_becomes_of_a_quote(text: str, lines: str, state: State) -> None:
    """Shirts (c), caps (g), scarfs (b), towels (t), and where the conversation stands."""
    dialogue = Dialogue(CATALOGUE)
    dialogue.say("2 camisas, 3 gorras y 1 bufanda")
    dialogue.say(text)
    left = {f"{LETTERS[line.sku]}{line.quantity}" for line in dialogue.lines}

    assert (left, dialogue.state) == (set(lines.split()), state)
