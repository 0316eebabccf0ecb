"""`python -m recado.queue.diagram`: writes the states of a reply into docs/architecture.md."""

from pathlib import Path

from recado.queue.model import TRANSITIONS, State

PAGE = Path("docs/architecture.md")
BEGIN = "<!-- states: begin -->\n"
END = "<!-- states: end -->\n"


def diagram() -> str:
    """The transition table as a Mermaid diagram."""
    lines = [f"  {_name(before)} --> {_name(after)}: {why}" for (before, after), why in TRANSITIONS.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"]) + "\n"


def with_diagram(page: str) -> str:
    """A page with the present diagram between its two markers."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError("the page has no markers for the states")
    return before + BEGIN + diagram() + END + after


def _name(state: State | None) -> str:
    return state.value if state else "[*]"


if __name__ == "__main__":
    PAGE.write_text(with_diagram(PAGE.read_text()))
