"""Reads the settings: the only reader of the environment. It reports every problem at once."""

import logging
import os
import re
import stat
import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from recado.errors import Expected
from recado.hours import parse as parse_hours
from recado.settings.fields import DEFAULT_HOST, Setting, Settings, all_settings, variable_of
from recado.settings.values import MEDIA_HOST, MIN_PER_SECOND, NUMBER_ID, AfterWindow
from recado.urls import (
    check_database_url,
    check_proxies,
    check_secret_safe,
    check_url,
    is_loopback,
    without_credentials,
)

log = logging.getLogger(__name__)

#: Meta's app secrets are 32 hexadecimal digits. A token of 16 characters cannot be guessed within the rate limit.
SECRET_LENGTHS = {
    "whatsapp_app_secret": 32,
    "whatsapp_app_secret_previous": 32,
    "whatsapp_verify_token": 16,
    "whatsapp_access_token": 16,
    "admin_token": 16,
}


class SettingsError(Expected):
    """The environment contains invalid settings; `problems` lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems

    def lines(self) -> Sequence[str]:
        return self.problems


def read_environment() -> dict[str, str]:
    """The process's environment, and below it the file `.env` of the working directory if it can be trusted.

    Raises SettingsError when that file cannot be read.
    """
    path = Path(".env")
    if not path.is_file():
        return dict(os.environ)
    found = path.stat()
    owners = {found.st_uid, path.lstat().st_uid}
    if not owners <= {0, os.geteuid()} or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        # A user who can write it could send the access token to another host. So could one who links it to a file of
        # ours with foreign content, such as a mailbox.
        log.warning("%s is ignored: another user owns it or can write it", path.absolute())
        return dict(os.environ)
    from dotenv import dotenv_values

    try:
        file = dotenv_values(path)
    except UnicodeDecodeError as error:
        raise SettingsError([".env: is not UTF-8"]) from error
    except OSError as error:
        raise SettingsError([f".env: cannot be read: {error.strerror}"]) from error
    return {**{k: v for k, v in file.items() if v is not None}, **os.environ}


def load(environment: Mapping[str, str], *, needs: Collection[str] = ()) -> Settings:
    """Settings from an environment; an empty variable counts as absent.

    Raises SettingsError, naming every bad, missing or unknown `RECADO_*` variable at once.
    """
    problems, values = [], {}
    settings = all_settings()
    for setting in settings:
        raw = environment.get(setting.variable, "").strip()
        if raw:
            try:
                values[setting.field] = _value(setting, raw)
            except ValueError as error:
                shown = "" if setting.secret else f" {raw!r}"
                problems.append(without_credentials(f"{setting.variable}{shown}: {error}"))  # errors repeat values
                continue
        if setting.field in needs and not values.get(setting.field):
            problems.append(f"{setting.variable} is required but not set")
    problems += _short_secrets(values)
    if "database_url" in values and "database" in values:
        problems.append("DATABASE_URL and RECADO_DATABASE are both set: the queue is in one place; unset one of them")
    known = {setting.variable for setting in settings}
    problems += [
        f"{name} is not a setting of recado" for name in environment if name.startswith("RECADO_") and name not in known
    ]
    if not problems:
        problems = _contradictions(result := Settings(**values))
    if problems:
        raise SettingsError(problems)
    return result


def _value(setting: Setting, raw: str) -> Any:
    """The value of a variable. Raises ValueError if it is invalid."""
    if setting.secret and not re.fullmatch("[!-~]+", raw):
        raise ValueError("must be printable ASCII without spaces")  # it goes into a header, or came from Meta
    if not raw.isprintable():
        raise ValueError("must be printable text")
    value = _convert(raw, setting.type)
    if setting.field in ("whatsapp_api_url", "transcribe_url"):
        check_url(value)
        check_secret_safe(value)
    if setting.field == "database_url":
        check_database_url(value)
    if setting.field == "business_hours":
        parse_hours(value)
    if setting.field == "timezone":
        check_timezone(value)
    if setting.field == "forwarded_allow_ips":
        check_proxies(value)
    if setting.field == "whatsapp_phone_number_id" and not all(map(NUMBER_ID.fullmatch, value)):
        raise ValueError("must be ids of 15 to 20 digits (Meta's dashboard, API Setup > Phone number ID)")
    if setting.field == "whatsapp_media_hosts" and not all(map(MEDIA_HOST.fullmatch, value)):
        raise ValueError("must be names of hosts, such as lookaside.fbsbx.com or *.fbcdn.net")
    if setting.field == "messages_per_second" and 0 < value < MIN_PER_SECOND:
        raise ValueError(f"must be 0 or at least {MIN_PER_SECOND}")
    return value


def check_timezone(name: str) -> None:
    """Raises ValueError unless it is the name of a time zone."""
    from zoneinfo import ZoneInfo  # costs the drain 3 ms at each start

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone, such as America/Mexico_City") from error


def _convert(raw: str, kind: Any) -> Any:
    base = get_args(kind)[0]
    if get_origin(base) is tuple:
        parts = [part.strip() for part in raw.split(",") if part.strip()]
        return msgspec.convert(parts, kind, strict=False)
    if base is Path or isinstance(base, types.UnionType):
        return Path(raw)
    return msgspec.convert(raw, kind, strict=False)


def _short_secrets(values: Mapping[str, Any]) -> list[str]:
    """Secrets that are too short. Any length is allowed if Meta is simulated here and only this machine can connect."""
    if is_loopback(values.get("whatsapp_api_url", "")) and is_loopback(f"//{values.get('host', DEFAULT_HOST)}"):
        return []
    return [
        f"{variable_of(field)}: must have at least {length} characters"
        for field, length in SECRET_LENGTHS.items()
        if 0 < len(values.get(field, "")) < length
    ]


def _contradictions(settings: Settings) -> list[str]:
    """Contradictions between settings that are valid on their own."""
    problems = []
    if settings.lease_seconds <= settings.send_seconds + 5:
        problems.append(
            "RECADO_LEASE_SECONDS: must exceed RECADO_CONNECT_TIMEOUT_SECONDS + RECADO_READ_TIMEOUT_SECONDS"
            " by more than 5; otherwise another process takes over an attempt that is still in progress"
        )
    if settings.reply_window_margin_seconds >= settings.reply_window_seconds:
        problems.append("RECADO_REPLY_WINDOW_MARGIN_SECONDS: must be less than RECADO_REPLY_WINDOW_SECONDS")
    if settings.after_window is AfterWindow.TEMPLATE and not settings.whatsapp_business_account_id:
        problems.append(
            "RECADO_AFTER_WINDOW=template: set WHATSAPP_BUSINESS_ACCOUNT_ID, whose templates are checked before one is"
            " sent"
        )
    if settings.port == settings.metrics_port:
        problems.append("RECADO_METRICS_PORT: must differ from RECADO_PORT")
    if not settings.database.name:
        problems.append("RECADO_DATABASE is a directory; give a file path such as /var/lib/recado/recado.db")
    elif len(scheme := settings.database.parts[0]) > 1 and scheme.endswith(":"):
        # The rest of the URL may contain a password. As a path it would create a queue that no other pod sees.
        problems.append(f"RECADO_DATABASE is a {scheme}// URL; give a file path, or set DATABASE_URL for PostgreSQL")
    return problems
