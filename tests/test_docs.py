"""The documentation leads where it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository finds it."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]

    assert missing == []


def test_the_readme_knows_every_command() -> None:
    """The table of the command line is complete."""
    from recado.cli import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    undocumented = {name for name in names if f"recado {name}" not in (ROOT / "README.md").read_text()}

    assert undocumented <= {"version", "restore"}


def test_the_readme_leads_to_every_page() -> None:
    """Nobody has to list the folder to learn what there is to read."""
    readme = (ROOT / "README.md").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []
