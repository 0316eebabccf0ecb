"""`recado report`: what the conversations came to, for people, programs and spreadsheets."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.commands import recado
from tests.cli.test_orders import numbers as numbers
from tests.meta import NUMBER


@pytest.mark.usefixtures("numbers")
def test_the_report_in_every_form(tmp_path: Path) -> None:
    """Every format has the same figures; a name is neither a spreadsheet formula nor breaks a table."""
    recado("handoff", "+15550101234", folder=tmp_path, WHATSAPP_PHONE_NUMBER_ID=NUMBER)
    as_json = json.loads(recado("report", "--days", "2", "--json", folder=tmp_path).stdout)
    shown = recado("report", "--days", "2", folder=tmp_path)
    as_markdown = recado("report", "--days", "2", "--markdown", folder=tmp_path).stdout
    rows = list(csv.DictReader(recado("report", "--days", "2", "--csv", folder=tmp_path).stdout.splitlines()))
    funnel = {one["name"]: one for one in as_json["funnel"]}
    figures = {(row["section"], row["row"], row["figure"]): row["value"] for row in rows}

    assert (shown.returncode, shown.stderr) == (0, "")
    assert (funnel["confirmed"]["count"], funnel["confirmed"]["value"]) == (3, {"USD": "212.52"})
    assert funnel["accepted"]["count"] == 1
    assert figures["Funnel", "confirmed", "value"] == "212.52 USD"
    assert figures["Products", "CAL-001", "ordered"] == "4"
    assert figures["Products", "X", "name"] == "'=1+1"
    assert "| confirmed | 3 | 212.52 USD |" in as_markdown
    assert "212.52 USD" in shown.stdout
    assert (as_json["timezone"], as_json["days"], as_json["handoffs"]) == ("UTC", 2, {"staff": 1})
    assert figures["Hand-offs", "staff", "count"] == "1"


@pytest.mark.usefixtures("numbers")
def test_it_is_by_the_shops_clock(tmp_path: Path) -> None:
    made = recado("report", "--json", folder=tmp_path, RECADO_TIMEZONE="America/Mexico_City").stdout

    assert json.loads(made)["since"].endswith("T00:00:00-06:00")


@pytest.mark.parametrize(
    ("words", "timezone", "problem"),
    [
        (("--json", "--csv"), "UTC", "give one of --json, --csv and --markdown"),
        (("--days", "0"), "UTC", "--days"),
        (("--days", "401"), "UTC", "--days"),
        ((), "Mexico", "RECADO_TIMEZONE 'Mexico': is not a time zone"),
        ((), "../../etc/passwd", "is not a time zone"),
        ((), "UTC", "does not exist"),
    ],
)
def test_bad_input_is_exit_2(tmp_path: Path, words: tuple[str, ...], timezone: str, problem: str) -> None:
    ended = recado("report", *words, folder=tmp_path, RECADO_TIMEZONE=timezone)

    assert ended.returncode == 2
    assert problem in ended.stderr
    assert "Traceback" not in ended.stderr
