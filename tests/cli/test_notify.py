"""`recado notify`: whether notices arrive, on a terminal."""

import json
from pathlib import Path

from tests.cli.test_cli import recado


def test_a_target_that_does_not_answer_is_named_without_its_secret(tmp_path: Path) -> None:
    """Port 9 of this machine is nobody's; the URL is the secret."""
    target = {"name": "slack", "format": "slack", "url": "http://127.0.0.1:9/s3cr3t", "allow_http": True}
    (tmp_path / "notify.json").write_text(json.dumps([target]))
    done = recado("notify", "test", folder=tmp_path, RECADO_NOTIFY_FILE="notify.json")

    assert done.returncode == 1
    assert done.stdout.startswith("slack: not sent: transport")
    assert "s3cr3t" not in done.stdout + done.stderr


def test_without_targets_there_is_nothing_to_try(tmp_path: Path) -> None:
    done = recado("notify", "test", folder=tmp_path)

    assert done.returncode == 2
    assert "RECADO_NOTIFY_FILE is not set" in done.stderr
