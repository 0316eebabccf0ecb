"""The catalogue: each problem is reported with its line; a changed file is loaded unless it is invalid."""

import logging
import os
from decimal import Decimal
from pathlib import Path

import pytest

from recado.quotes import Catalogue, CatalogueError, CatalogueFile, QuoteService, ReloadOutcome
from recado.quotes.catalogue.catalogue import DEFAULT_PATH

HEADER = "sku,name,aliases,unit_price,currency\n"
GOOD = HEADER + "A-1,Camisa,polera|remera,25.50,USD\nA-2,Zapatos,zapato|par de zapatos,45.99,USD\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "catalogo.csv"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as error:
        Catalogue.from_csv(written(folder, text))
    return error.value.problems


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Prices are exact decimals, aliases are split, and goods sold in pairs are recognised by their alias."""
    catalogue = Catalogue.from_csv(written(tmp_path, "\ufeff" + GOOD))
    shirt, shoes = catalogue.products
    assert (shirt.unit_price, shirt.aliases, shirt.pair) == (Decimal("25.50"), ("polera", "remera"), False)
    assert shoes.pair
    assert catalogue.currency == "USD"


def test_every_problem_is_named_with_its_line(tmp_path: Path) -> None:
    """All problems of a file are reported at once, in order."""
    found = problems(
        tmp_path,
        GOOD + "A-1,Falda,,10,USD\n,Gorra,,5,USD\nA-5,,,5,USD\nA-6,CAMISA,,5,USD\nA-7,Polo,remera,5,USD\n"
        "A-8,Media,,gratis,USD\nA-9,Bota,,-1,USD\nA-10,Taza,,5,XXQ\nA-11,Vaso,,5,EUR\nA-12,Plato\nA-13,Olla,,NaN,USD\n",
    )
    lines = [problem.partition(":")[0] for problem in found]
    assert lines == [f"line {n}" for n in (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)]
    assert "already in line 2" in found[0]
    assert "'Camisa' (line 2)" in found[4]
    assert "unknown" in found[7]
    assert "'USD'" in found[8]


@pytest.mark.parametrize(
    ("text", "part"),
    [("", "line 1"), ("a,b\n1,2\n", "is missing"), (HEADER, "no product"), (HEADER + '"A-1,Camisa\n', "line 2")],
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text: str, part: str) -> None:
    """An empty file, other columns, no product, a missing quotation mark: each is one clear problem."""
    assert any(part in problem for problem in problems(tmp_path, text))


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    """A file that cannot be read or is not UTF-8 is a CatalogueError, too."""
    with pytest.raises(CatalogueError, match="cannot be read"):
        Catalogue.from_csv(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("sku,name\nñ".encode("latin-1"))
    with pytest.raises(CatalogueError, match="UTF-8"):
        Catalogue.from_csv(tmp_path / "latin.csv")


def test_a_changed_file_is_loaded_and_a_bad_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a reload, quotes have the new prices. An invalid file is logged once, and the last valid catalogue stays
    in use."""
    path = written(tmp_path, GOOD)
    file = CatalogueFile(path)
    service = QuoteService(file.current)
    assert file.reload_if_changed() is ReloadOutcome.UNCHANGED
    written(tmp_path, GOOD.replace("25.50", "26.00") + "A-3,Gorra,,13.00,USD\n")
    with caplog.at_level(logging.INFO, logger="recado"):
        assert file.reload_if_changed() is ReloadOutcome.LOADED
        assert service.quote("2 camisas").total == Decimal("52.00")
        written(tmp_path, GOOD + "broken")
        assert file.reload_if_changed() is ReloadOutcome.REFUSED
        assert file.reload_if_changed() is ReloadOutcome.UNCHANGED
        path.unlink()
        assert file.reload_if_changed() is ReloadOutcome.REFUSED
    assert service.quote("1 gorra").total == Decimal("13.00")
    assert [getattr(record, "action", None) for record in caplog.records] == [
        "catalogue.reloaded",
        "catalogue.refused",
        "catalogue.refused",
    ]


def test_a_config_map_swap_is_seen(tmp_path: Path) -> None:
    """Kubernetes replaces the symlink `..data`, not the file: the path stays the same and leads to another file."""
    for name, text in (("v1", GOOD), ("v2", GOOD.replace("25.50", "30.00"))):
        (tmp_path / name).mkdir()
        written(tmp_path / name, text)
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "catalogo.csv").symlink_to("..data/catalogo.csv")
    file = CatalogueFile(tmp_path / "catalogo.csv")
    (tmp_path / "..new").symlink_to("v2")
    os.replace(tmp_path / "..new", tmp_path / "..data")  # noqa: PTH105 - the call that Kubernetes makes
    assert file.reload_if_changed() is ReloadOutcome.LOADED
    assert file.current().by_sku["A-1"].unit_price == Decimal("30.00")


def test_the_shipped_catalogue_is_good() -> None:
    """The default catalogue has 124 products in dollars."""
    catalogue = Catalogue.from_csv(DEFAULT_PATH)
    assert (len(catalogue.products), catalogue.currency) == (124, "USD")


@pytest.mark.parametrize("text", ["\u202e", "🙂", "!!"])
@pytest.mark.parametrize("column", ["name", "alias"])
def test_what_nobody_could_write_is_no_name(tmp_path: Path, text: str, column: str) -> None:
    """A name or alias without a letter or digit is refused, with its line."""
    name, alias = (text, "") if column == "name" else ("Zapato", f"{text}|bota")
    path = tmp_path / "catalogue.csv"
    path.write_text(f"sku,name,aliases,unit_price,currency\nA,{name},{alias},1.50,USD\n")
    with pytest.raises(CatalogueError, match=f"line 2: {column} .* has no letter"):
        Catalogue.from_csv(path)
