"""Links and paths in the documentation exist."""

import re
from pathlib import Path

import pytest

from recado.queue.diagram import PAGE, with_diagram

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository finds it."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_find_their_headings(page: Path) -> None:
    """The part of a link after `#` is a heading of its page, as GitHub names headings."""
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", page.read_text())
    missing = [f"{to}#{anchor}" for to, anchor in links if anchor not in anchors(page.parent / to if to else page)]

    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_architecture_names_files_that_exist() -> None:
    """Its paths are those of the package, of docs, dashboards and tests."""
    named = re.findall(r"`([\w/]+(?:\.\w+|/))`", (ROOT / "docs" / "architecture.md").read_text())
    files = [name for name in named if "/" in name or name.endswith(".py")]

    assert len(files) > 40
    assert [name for name in files if not any((base / name).exists() for base in (ROOT, ROOT / "service/recado"))] == []


def test_the_states_are_those_of_the_code() -> None:
    """The diagram is generated from the transition table: `make generate`."""
    page = (ROOT / PAGE).read_text()

    assert with_diagram(page) == page


def test_the_readme_knows_every_command() -> None:
    """The table of the command line is complete."""
    from recado.cli import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    undocumented = {name for name in names if f"recado {name}" not in (ROOT / "README.md").read_text()}

    assert undocumented <= {"version", "restore"}


def test_the_readme_leads_to_every_page() -> None:
    """The README links every page of docs/."""
    readme = (ROOT / "README.md").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []
