"""The targets' file: valid contents; all problems are reported at once, without secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from recado.notices.targets import Security, SlackTarget, SmtpTarget, WhatsAppTarget, load_targets
from recado.runtime import warn_of_targets
from recado.settings import SettingsError

SLACK = {"name": "slack", "format": "slack", "url": "https://hooks.slack.com/services/T0/B0/s3cr3t"}
PHONE = {"name": "phone", "format": "whatsapp", "phone": "+5215550100001", "phone_number_id": "700000000000001"}
PUSH = {"name": "push", "format": "apprise", "url": "tgram://s3cr3t/12315544"}
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
    """Mail has the usual port and encryption; no secret is shown."""
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
    assert "target 3 (teams): format: must be one of slack, smtp, whatsapp, apprise" in found
    assert any(problem.startswith("target 5 (slack): sender") for problem in found)
    assert "target 6 (slack): name: another target has it too" in found
    assert "s3cr3t" not in str(found)


def test_a_phone_and_a_service_of_apprises(tmp_path: Path) -> None:
    """The phone has the usual template; the service's URL is a secret."""
    targets = load_targets(write(tmp_path, [PHONE, PUSH]))
    phone = targets["phone"]

    assert isinstance(phone, WhatsAppTarget)
    assert (phone.template, phone.language) == ("recado_aviso", "es")
    assert "s3cr3t" not in f"{targets}"


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({**PHONE, "phone": "5550100001"}, "phone"),
        ({**PHONE, "phone": "+0123456789"}, "phone"),
        ({**PHONE, "phone_number_id": "shop"}, "phone_number_id"),
        ({**PHONE, "template": "Aviso"}, "template"),
        ({**PHONE, "language": "español"}, "template"),
        ({**PUSH, "url": "s3cr3t"}, "url"),
        ({**PUSH, "url": "json://169.254.169.254/s3cr3t"}, "url"),
        ({**PUSH, "url": "tgram://1:s3cr3t℀/x"}, "url"),
        ({**PUSH, "url": "tgram://[s3cr3t/x"}, "url"),
        ({**SLACK, "url": "https://bot:s3cr3t/x@hooks.slack.com"}, "url"),
        ({**PUSH, "url": "json://[fe80::1]/s3cr3t"}, "url"),
    ],
)
def test_what_is_wrong_with_them(tmp_path: Path, target: dict[str, str], field: str) -> None:
    (found,) = problems_of(tmp_path, target)

    assert found.split(": ")[1] == field
    assert "s3cr3t" not in found


@pytest.mark.parametrize(
    "url", ["tgram://123456789:AAs3cr3t/12315544", "discord://4174216298/JHMHI8qBe7bk", "ntfy://pedidos"]
)
def test_what_is_in_the_place_of_a_host_may_be_digits(tmp_path: Path, url: str) -> None:
    """Digits that are the id of a bot or of a webhook are not refused as an IP address."""
    assert load_targets(write(tmp_path, [{**PUSH, "url": url}])).keys() == {"push"}


@pytest.mark.parametrize("mailbox", ["a@b\r\nBcc: c@d", "@b", "a@", "a b@c"])
def test_a_mailbox_is_no_header(tmp_path: Path, mailbox: str) -> None:
    (found,) = problems_of(tmp_path, {**MAIL, "to": [mailbox]})
    assert found.startswith("target 1 (mail): to: ")


@pytest.mark.parametrize(("items", "warned"), [([PHONE], 1), ([PHONE, MAIL], 0), ([], 0)])
def test_it_is_warned_of_notices_that_go_through_meta_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, items: list[Any], warned: int
) -> None:
    """Otherwise nobody would learn that Meta refuses the token."""
    warn_of_targets(load_targets(write(tmp_path, items)))

    assert len(caplog.records) == warned
