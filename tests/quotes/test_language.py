"""A shop's own tables add words to those of the package, without code; each problem in them is reported."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from recado.quotes import Catalogue, CatalogueFile, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH, ReloadOutcome
from recado.quotes.language.language import LanguageError, tables
from recado.quotes.language.lexicon import Lexicon

FILES = {
    "words.toml": '[roles]\ncourtesy = "causita linda | pe"\n[modifiers]\ncolours = "fucsiado"\n',
    "verbs.toml": '[phrases]\nrequest = "me jalas"\n',
    "numbers.toml": '[collectives]\nmano = 5\n[units]\ncontainers = "jabuco"\n[sizes]\nad = ["mass", "1", "adarme"]\n',
    "synonyms.toml": 'groups = ["camisa trapito"]\n',
    "goods.txt": "# Things we do not sell.\ncachivache\n",
    "names.txt": "Evarista\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read(text: str, words: Path | None) -> dict[str, float]:
    catalogue = Catalogue.from_csv(DEFAULT_PATH, words)
    return {item.sku: float(item.quantity) for item in QuoteService(lambda: catalogue).quote(text).items}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me jalas una mano de camisas", {"CAM-001": 5}),
        ("2 trapitos", {"CAM-001": 2}),
        ("3 jabucos de jabón", {"HOG-014": 3}),
    ],
)
def test_words_of_a_folder_are_read(text: str, expected: dict[str, float], tmp_path: Path) -> None:
    assert read(text, None) != expected
    assert read(text, write(tmp_path, FILES)) == expected


def test_a_folder_changes_nothing_for_others(tmp_path: Path) -> None:
    before = read("2 trapitos", None)
    read("2 trapitos", write(tmp_path, FILES))
    assert read("2 trapitos", None) == before


def test_every_problem_is_named(tmp_path: Path) -> None:
    files = {
        "words.toml": '[roles]\nflattery = "guapo"\n[modifiers]\ncolours = 3\n[extra]\n',
        "numbers.toml": '[sizes]\nadarme = ["mass", "x", "a"]\n[halves]\nchin = "poco"\n',
        "verbs.toml": "[phrases\n",
        "colours.toml": "",
        "list.txt": "",
    }
    with pytest.raises(LanguageError) as caught:
        tables(write(tmp_path, files))
    problems = "\n".join(caught.value.problems)
    for part in (
        "colours.toml: is no table", "list.txt: is no table", "numbers.toml: 'adarme' needs",
        "numbers.toml: 'chin' is no fraction",
        "verbs.toml: cannot be read", "words.toml: [roles] has no 'flattery'", "words.toml: 'colours' is no text",
        "words.toml: the table has no 'extra'",
    ):  # fmt: skip
        assert part in problems
    assert len(caught.value.problems) == 8
    with pytest.raises(LanguageError):
        tables(tmp_path / "nowhere")


def test_a_changed_folder_is_loaded_and_a_bad_one_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "words", {"synonyms.toml": FILES["synonyms.toml"]})
    file = CatalogueFile(DEFAULT_PATH, folder)
    service = QuoteService(file.current)
    write(folder, {"verbs.toml": FILES["verbs.toml"], "numbers.toml": FILES["numbers.toml"]})
    assert file.reload_if_changed() is ReloadOutcome.LOADED
    assert [item.quantity for item in service.quote("me jalas una mano de trapitos").items] == [5]
    write(folder, {"verbs.toml": "["})
    assert file.reload_if_changed() is ReloadOutcome.REFUSED
    assert [item.quantity for item in service.quote("me jalas una mano de trapitos").items] == [5]


def test_a_table_that_is_named_after_no_role_is_told() -> None:
    ours = tables()
    roles = {**ours.words["roles"], "hats": "gorra"}
    with pytest.raises(ValueError, match="there is no role 'hats'"):
        Lexicon(replace(ours, words={**ours.words, "roles": roles}))
