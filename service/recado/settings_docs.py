"""`python -m recado.settings_docs`: generates docs/settings.md and .env.example from the settings."""

from pathlib import Path
from typing import Any

import msgspec

from recado.settings import SERVE_NEEDS, Setting, all_settings, variable_of

_REQUIRED = {variable_of(field) for field in SERVE_NEEDS}


def markdown() -> str:
    """The page docs/settings.md."""
    rows = [
        f"| `{s.variable}` | {_shown(s) or ('required' if s.variable in _REQUIRED else '')} | {s.description} |"
        for s in all_settings()
    ]
    head = [
        "# Settings",
        "",
        "recado reads environment variables, and the file `.env` of the working directory; variables win. It ignores",
        "the file with a warning if another user owns it or can write it (`chmod go-w .env`). Every command checks all",
        "settings at its start and lists every problem. Durations are in seconds. This page is generated from",
        "`service/recado/settings/fields.py` (`make generate`). The standard `OTEL_*` variables configure traces.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def env_example() -> str:
    """The file .env.example: required settings are empty, all others are commented out with their default."""
    lines = ["# Copy to .env and fill in. docs/settings.md has the details."]
    for setting in all_settings():
        mark = "" if setting.variable in _REQUIRED else "#"
        lines += ["", f"# {setting.description}", f"{mark}{setting.variable}={_plain(setting.default)}"]
    return "\n".join(lines) + "\n"


def _shown(setting: Setting) -> str:
    text = _plain(setting.default)
    return f"`{text}`" if text else ""


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(_plain(part) for part in value)
    return str(msgspec.to_builtins(value, builtin_types=(), enc_hook=str))


def write(folder: Path) -> None:
    """Writes both files below the repository's folder."""
    (folder / "docs" / "settings.md").write_text(markdown())
    (folder / ".env.example").write_text(env_example())


if __name__ == "__main__":
    write(Path())
