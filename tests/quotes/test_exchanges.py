"""What takes the place of something else, and what an advertisement names."""

import pytest

from tests.quotes.shops import quote, sure_lines


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("catalogo", "en vez de mandarme camisas, mándeme gorras", {"ACC-001": 1}),
        ("catalogo", "3 camisas, en vez de mandarme camisas mándeme gorras", {"ACC-001": 3}),
        ("catalogo", "en lugar de que me mande 2 camisas mándeme 3 gorras", {"ACC-001": 3}),
        ("catalogo", "2 camisas, en vez de esas dame 3 gorras", {"ACC-001": 3}),
        ("electrica", "en vez de mandarme breakers de 20 mándeme de 40", {"BRK-004": 1}),
        ("electrica", "en vez de la extension de 3 m ponme la de 5", {"ACC-008": 1}),
        ("electrica", "2 breakers de 20, en vez de eso dame de 40", {"BRK-004": 2}),
        ("", "una falda y dos blusas bueno no la falda no solo las blusas", {"CAM-011": 2}),
        ("", "3 gorras y 2 camisas, las gorras ya no nomas las camisas", {"CAM-001": 2}),
        ("", "una gorra y un cinturon ay no el cinturon no nada mas la gorra", {"ACC-001": 1}),
        ("", "una falda, dos blusas, la falda no solo la necesito hoy", {"CAM-011": 2}),
    ],
)
def test_what_goes_is_not_quoted(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("shop", "text", "expected"),
    [
        ("plomeria", "me quedó corta la manguera, me faltan 8 metros de la de 3/4", {"MAN-034": 8}),
        ("plomeria", "10 m de manguera de 1/2 y 8 metros de la de 3/4", {"MAN-012": 10, "MAN-034": 8}),
    ],
)
def test_a_measure_counts_another_size_of_the_thing_before(shop: str, text: str, expected: dict[str, int]) -> None:
    assert sure_lines(shop, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LIQUIDACIÓN zapatos de cuero\n2 gorras", {"ACC-001": 2}),
        ("LIQUIDACIÓN\nzapatos $20\ngorras $5\n2 gorras", {"ACC-001": 2}),
        ("LIQUIDACIÓN\nzapatos $20\ngorras $5\n\n2 gorras\n1 camisa", {"ACC-001": 2, "CAM-001": 1}),
        ("PROMO 2 camisas\n1 gorra", {"CAM-001": 2, "ACC-001": 1}),
        ("PROMO escolar\nmochila\n2 libretas", {"ACC-012": 1, "PAP-001": 2}),
    ],
)
def test_an_advertisement_above_an_order_without_a_verb_is_not_ordered(text: str, expected: dict[str, int]) -> None:
    assert sure_lines("catalogo", text) == expected


@pytest.mark.parametrize("text", ["cable 12 en rollo, dos por favor", "2 de cable 14 en rollo"])
def test_what_is_also_sold_in_that_container_is_asked_back(text: str) -> None:
    assert quote("electrica", text).asks


def test_the_container_before_its_contents_is_the_thing() -> None:
    assert sure_lines("electrica", "rollo de cable 12, dos") == {"ROL-002": 2}
