"""The targets' file: what it may hold, and that every problem is named at once and no secret is."""

import json
from pathlib import Path
from typing import Any

import pytest

from recado.notices.targets import Security, SlackTarget, SmtpTarget, load_targets
from recado.settings import SettingsError

SLACK = {"name": "slack", "format": "slack", "url": "https://hooks.slack.com/services/T0/B0/s3cr3t"}
MAIL = {
    "name": "mail",
    "format": "smtp",
    "host": "smtp.example.com",
    "username": "recado",
    "password": "s3cr3t",
    "sender": "recado@example.com",
    "to": ["shop@example.com"],
}


def write(tmp_path: Path, items: Any) -> Path:
    path = tmp_path / "notify.json"
    path.write_text(json.dumps(items))
    return path


def problems_of(tmp_path: Path, *items: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load_targets(write(tmp_path, list(items)))
    return [problem.split("notify.json: ")[1] for problem in error.value.problems]


def test_both_formats(tmp_path: Path) -> None:
    """With the usual port and encryption of mail; no secret is shown."""
    targets = load_targets(write(tmp_path, [SLACK, MAIL]))
    slack, mail = targets["slack"], targets["mail"]

    assert isinstance(slack, SlackTarget)
    assert isinstance(mail, SmtpTarget)
    assert (mail.port, mail.security) == (587, Security.STARTTLS)
    assert "s3cr3t" not in f"{targets}{slack!r}{mail!r}"


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        {**SLACK, "url": "http://hooks.slack.com/s3cr3t", "extra": 1},
        {**MAIL, "host": "169.254.169.254", "port": 0, "security": "none", "to": [], "username": ""},
        {"name": "teams", "format": "teams"},
        SLACK,
        {**MAIL, "name": "slack", "sender": "nobody"},
        SLACK,
    )

    places = [problem.split(": ")[0] for problem in found]
    assert places.count("target 1 (slack)") == 2
    assert {problem.split(": ")[1] for problem in found if problem.startswith("target 2")} == {
        "host",
        "port",
        "security",
        "to",
        "username and password",
    }
    assert "target 3 (teams): format: must be one of slack, smtp" in found
    assert any(problem.startswith("target 5 (slack): sender") for problem in found)
    assert "target 6 (slack): name: another target has it too" in found
    assert "s3cr3t" not in str(found)


@pytest.mark.parametrize("mailbox", ["a@b\r\nBcc: c@d", "@b", "a@", "a b@c"])
def test_a_mailbox_is_no_header(tmp_path: Path, mailbox: str) -> None:
    (found,) = problems_of(tmp_path, {**MAIL, "to": [mailbox]})
    assert found.startswith("target 1 (mail): to: ")
