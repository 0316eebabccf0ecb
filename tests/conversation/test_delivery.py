"""A yes in many words: with an address, a time and its reason, or a blessing; and names spelled as they sound."""

import pytest

from recado.conversation.dialogue import Phase
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from tests.conversation.replies import after

SHOP = """sku,name,aliases,unit_price,currency,unit
J1,Juguete de madera,juguete,9.00,USD,
J2,Guirnalda de papel,guirnalda,4.00,USD,
B1,Bolsa de arena,,5.00,USD,
B2,Bolsa de grava,,6.00,USD,
"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A shop with short head words, and with head words that have a silent u."""
    path = tmp_path_factory.mktemp("shop") / "shop.csv"
    path.write_text(SHOP, "utf-8")
    return Catalogue.from_csv(path)


@pytest.mark.parametrize(
    "text",
    [
        "todo bien, mándamelo a Los Olivos 233 piso 2",
        "ahora sí, envíamelo a Las Violetas 118",
        "perfecto, tal cual, envíelo",
        "sí así tal cual está, mándemelo y que Dios lo bendiga",
        "sí pero que llegue temprano porque en la tarde no hay nadie",
    ],
)
def test_a_yes_with_its_delivery_confirms(text: str) -> None:
    """Words about where, when and why do not ask for goods."""
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    assert after(catalogue, "2 camisas", text) == (Phase.CONFIRMED, {"CAM-001": 2})


@pytest.mark.parametrize(
    "text",
    [
        "sí, tal cual la foto",
        "sí, que después no hay gorras",
        "sí, pero que no haya nadie con gorra",
        "dale, tal cual pero con 2 gorras",
        "sí, mándamelo a Las Gorras 20",
        "ok, pero después no estoy seguro",
    ],
)
def test_goods_and_doubts_beside_it_hold_it_back(text: str) -> None:
    """The same words with a product, a picture or a doubt."""
    assert after(Catalogue.from_csv(DEFAULT_PATH), "2 camisas", text)[0] is not Phase.CONFIRMED


@pytest.mark.parametrize(("text", "sku"), [("1 jugete", "J1"), ("una girnalda", "J2")])
def test_a_name_without_its_mute_u_is_quoted(toys: Catalogue, text: str, sku: str) -> None:
    """As it sounds to the customer."""
    assert after(toys, text) == (Phase.OPEN, {sku: 1})


@pytest.mark.parametrize("unknown", ["2 bonsais", "un bonsái"])
def test_a_word_two_letters_from_a_short_name_is_told_once(toys: Catalogue, unknown: str) -> None:
    """No question waits for an answer, so a yes confirms the rest."""
    assert after(toys, f"{unknown} y una guirnalda", "sí") == (Phase.CONFIRMED, {"J2": 1})
