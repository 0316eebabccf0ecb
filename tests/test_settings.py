"""Settings are read from the environment, all problems are reported at once, and secrets are never shown."""

import os
import re
from pathlib import Path

import pytest

from recado import settings_docs
from recado.settings import (
    DRAIN_NEEDS,
    SERVE_NEEDS,
    SettingsError,
    UnknownPolicy,
    all_settings,
    load,
    read_environment,
)

ROOT = Path(__file__).parent.parent
SECRETS = {
    "WHATSAPP_VERIFY_TOKEN": "verify-me-verify-me",
    "WHATSAPP_APP_SECRET": "an-app-secret-of-32-characters-or-more",
    "WHATSAPP_ACCESS_TOKEN": "an-access-token-of-ours",
    "RECADO_ADMIN_TOKEN": "an-admin-token-of-ours",
}


def test_defaults_are_the_designs() -> None:
    """Without any variable: five attempts with waits of 2, 4, 8 and 16 minutes, 80 messages a second, the newest API
    version."""
    settings = load({})

    assert settings.backoff_seconds == (120, 240, 480, 960)
    assert settings.messages_per_second == 80
    assert settings.whatsapp_api_version == "v26.0"
    assert settings.unknown_policy is UnknownPolicy.RETRY


def test_values_are_read_by_their_types() -> None:
    """Numbers, lists, booleans and paths; white space around them is ignored."""
    settings = load(
        {
            "RECADO_BACKOFF_SECONDS": " 1, 2.5 ",
            "RECADO_MARK_AS_READ": "true",
            "RECADO_CATALOGUE": "/etc/c.csv",
            "WHATSAPP_PHONE_NUMBER_ID": "106540352242922, 27681414235104944",
            "RECADO_PORT": "8080",
        }
    )

    assert settings.backoff_seconds == (1, 2.5)
    assert settings.mark_as_read
    assert settings.catalogue == Path("/etc/c.csv")
    assert settings.whatsapp_phone_number_id == ("106540352242922", "27681414235104944")
    assert settings.port == 8080


def test_every_problem_is_named_at_once() -> None:
    """Invalid values, unknown names and missing secrets, each with its variable."""
    with pytest.raises(SettingsError) as caught:
        load({"RECADO_PORT": "x", "RECADO_TYPO": "1", "WHATSAPP_API_VERSION": "18"}, needs=SERVE_NEEDS)

    named = {problem.partition(":")[0].split()[0] for problem in caught.value.problems}

    assert named == {
        "RECADO_PORT",
        "RECADO_TYPO",
        "WHATSAPP_API_VERSION",
        "WHATSAPP_VERIFY_TOKEN",
        "WHATSAPP_APP_SECRET",
        "WHATSAPP_ACCESS_TOKEN",
        "WHATSAPP_PHONE_NUMBER_ID",
    }


@pytest.mark.parametrize("missing", SERVE_NEEDS)
def test_serving_without_a_secret_is_refused(missing: str) -> None:
    """An empty variable counts as a missing secret."""
    complete = {**SECRETS, "WHATSAPP_PHONE_NUMBER_ID": "106540352242922"}
    with pytest.raises(SettingsError, match=missing.upper()):
        load({**complete, missing.upper(): "  "}, needs=SERVE_NEEDS)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *((s.variable, "inf") for s in all_settings() if s.variable.endswith("_SECONDS")),
        *((s.variable, "1e300") for s in all_settings() if s.variable.endswith("_SECONDS")),
        ("RECADO_DRAIN_SECONDS", "nan"),
        ("RECADO_DRAIN_BATCH", "1" * 30),
        ("RECADO_MESSAGES_PER_SECOND", "1e-300"),
        ("RECADO_MESSAGES_PER_SECOND", "inf"),
        ("RECADO_HOST", "127.0.0.1\udcff"),
        ("WHATSAPP_ACCESS_TOKEN", "two words"),
        ("WHATSAPP_ACCESS_TOKEN", "two\nlines"),
        ("WHATSAPP_APP_SECRET", "contraseña"),
        ("RECADO_ADMIN_TOKEN", "tab\tbed"),
        ("WHATSAPP_APP_SECRET", "x" * 31),
        ("WHATSAPP_APP_SECRET_PREVIOUS", "x" * 31),
        ("WHATSAPP_ACCESS_TOKEN", "x" * 15),
        ("WHATSAPP_VERIFY_TOKEN", "x" * 15),
        ("RECADO_ADMIN_TOKEN", "x" * 15),
        ("WHATSAPP_PHONE_NUMBER_ID", "1.06540352242922e+14"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+57 300 000 0000"),
        ("WHATSAPP_PHONE_NUMBER_ID", "573000000000"),
        ("WHATSAPP_PHONE_NUMBER_ID", "['106540352242922']"),
        ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922,0106540352242922"),
        ("WHATSAPP_PHONE_NUMBER_ID", "١٠٦٥٤٠٣٥٢٢٤٢٩٢٢"),
        ("WHATSAPP_API_VERSION", "v٢.٠"),
        ("WHATSAPP_API_URL", "http://graph.facebook.com"),
        ("WHATSAPP_API_URL", "http://10.0.0.1:8090"),
        ("WHATSAPP_API_URL", "http://0x08080808"),
        ("WHATSAPP_API_URL", "http://svc.example.com"),
        ("WHATSAPP_API_URL", "http://meta.shop.svc.example.com"),
        ("WHATSAPP_API_URL", "graph.facebook.com"),
        ("WHATSAPP_API_URL", "http://127.0.0.1:99999"),
        ("WHATSAPP_API_URL", "http://127.0.0.1:0"),
        ("WHATSAPP_API_URL", "http://exa mple"),
        ("WHATSAPP_API_URL", "http://:80"),
        ("WHATSAPP_API_URL", "http://1.2.3.999"),
        ("WHATSAPP_API_URL", "http://[::1"),
        ("RECADO_FORWARDED_ALLOW_IPS", "10.0.0.0/33"),
        ("RECADO_FORWARDED_ALLOW_IPS", "10.42.0.7/16"),
        ("RECADO_FORWARDED_ALLOW_IPS", "10.0.0.1,"),
        ("RECADO_FORWARDED_ALLOW_IPS", "10.0.0.1,*"),
        ("RECADO_FORWARDED_ALLOW_IPS", "ingress-nginx"),
    ],
)
def test_what_cannot_work_is_refused(variable: str, value: str) -> None:
    """Useless numbers, secrets that do not fit into a header and impossible addresses are reported at the start."""
    with pytest.raises(SettingsError, match=f"^{variable}[ :]") as caught:
        load({variable: value})
    assert len(caught.value.problems) == 1
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RECADO_MESSAGES_PER_SECOND", "0"),
        ("RECADO_MESSAGES_PER_SECOND", "0.001"),
        ("RECADO_ACK_BUDGET_SECONDS", "0"),
        ("RECADO_DEDUPE_SECONDS", "1e9"),
        ("WHATSAPP_API_URL", "http://shop_simulator:8090/"),
        ("WHATSAPP_API_URL", "http://[::1]:8090"),
        ("WHATSAPP_API_URL", "http://localhost:8090"),
        ("WHATSAPP_API_URL", "http://meta.shop.svc:8090"),
        ("WHATSAPP_API_URL", "http://meta.shop.svc.cluster.local:8090"),
        ("WHATSAPP_API_URL", "https://graph.example.com"),
        ("WHATSAPP_APP_SECRET", "x" * 32),
        ("RECADO_ADMIN_TOKEN", "x" * 16),
        ("WHATSAPP_API_URL", "https://127.0.0.1"),
        ("RECADO_FORWARDED_ALLOW_IPS", "*"),
        ("RECADO_FORWARDED_ALLOW_IPS", "10.42.0.0/16, 127.0.0.1,fd00:10:42::/56"),
    ],
)
def test_what_can_work_is_accepted(variable: str, value: str) -> None:
    """Values at the limits, and every kind of host."""
    load({variable: value})


def test_a_list_of_nothing_is_missing() -> None:
    """A list of only separators contains no business number."""
    with pytest.raises(SettingsError, match="WHATSAPP_PHONE_NUMBER_ID is required"):
        load({**SECRETS, "WHATSAPP_PHONE_NUMBER_ID": " , "}, needs=SERVE_NEEDS)


def test_a_file_in_another_encoding_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names an .env that is not UTF-8."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("RECADO_CATALOGUE=catálogo.csv\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"\.env: is not UTF-8"):
        read_environment()


def test_a_drain_needs_the_token_only() -> None:
    """A drain receives no webhooks, so it needs no app secret."""
    load({"WHATSAPP_ACCESS_TOKEN": SECRETS["WHATSAPP_ACCESS_TOKEN"]}, needs=DRAIN_NEEDS)


def test_a_lease_must_outlast_a_send() -> None:
    """With a shorter lease, a second process would send a reply that is still being sent."""
    with pytest.raises(SettingsError, match="RECADO_LEASE_SECONDS"):
        load({"RECADO_LEASE_SECONDS": "20"})


@pytest.mark.parametrize("folder", [".", "/", "./"])
def test_a_folder_is_no_database(folder: str) -> None:
    """The error is one sentence, and nothing opens the folder."""
    with pytest.raises(SettingsError, match="RECADO_DATABASE is a directory; give a file path"):
        load({"RECADO_DATABASE": folder})


def test_a_file_of_ours_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment overrides it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("RECADO_PORT=1234\nRECADO_HOST=::1")
    (tmp_path / ".env").chmod(0o644)
    monkeypatch.setenv("RECADO_HOST", "::")
    assert {name: read_environment()[name] for name in ("RECADO_PORT", "RECADO_HOST")} == {
        "RECADO_PORT": "1234",
        "RECADO_HOST": "::",
    }


def test_an_address_is_no_database() -> None:
    """A connection URL is not used as the path of a file, and the error does not repeat its password."""
    with pytest.raises(SettingsError, match="RECADO_DATABASE is a postgresql:// URL") as caught:
        load({"RECADO_DATABASE": "postgresql://recado:s3cret@db/recado"})
    assert "s3cret" not in str(caught.value)


DATABASE = "postgresql://recado:s3cr%40t@db.example.com:5432/recado?sslmode=verify-full"


@pytest.mark.parametrize("url", [DATABASE, "postgres://recado@db/recado", "postgresql:///?host=/run&dbname=recado"])
def test_a_database_on_a_server(url: str) -> None:
    """By the name under which platforms provide it, and with both schemes of libpq."""
    assert load({"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    "url", ["mysql://recado:s3cret@db/recado", "s3cret", "postgresql://recado:s3cret@db", "postgresql://[s3cret/recado"]
)
def test_a_database_that_cannot_be_is_refused_and_not_repeated(url: str) -> None:
    """One sentence without the password."""
    with pytest.raises(SettingsError, match="DATABASE_URL: ") as caught:
        load({"DATABASE_URL": url})
    assert "s3cret" not in str(caught.value)


def test_the_queue_is_in_one_place() -> None:
    """With two databases, the messages that wait in one of them would be forgotten."""
    with pytest.raises(SettingsError, match="DATABASE_URL and RECADO_DATABASE are both set") as caught:
        load({"DATABASE_URL": DATABASE, "RECADO_DATABASE": "data/recado.db"})
    assert "s3cr" not in str(caught.value)


def test_the_databases_password_is_a_secret() -> None:
    """The password alone is a secret, too, encoded or not, because an error of the driver could contain it."""
    settings = load({"DATABASE_URL": DATABASE})

    assert settings.public()["DATABASE_URL"] is True
    assert "s3cr" not in repr(settings)
    assert {DATABASE, "s3cr%40t", "s3cr@t"} <= set(settings.secrets)


@pytest.mark.parametrize("url", ["https://user:s3cret@graph.example.com", "https://s3cret@h/", "https://a@s3cret@h"])
def test_an_address_with_credentials_is_refused_and_not_repeated(url: str) -> None:
    """It would be logged with the effective settings."""
    with pytest.raises(SettingsError, match=r"WHATSAPP_API_URL .*must not contain a user or password") as caught:
        load({"WHATSAPP_API_URL": url})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("variable", ["RECADO_LOG_LEVEL", "RECADO_FORWARDED_ALLOW_IPS", "RECADO_PORT"])
@pytest.mark.parametrize("url", ["postgresql://user:s3cret@db/recado", "//user:s3cret@db/recado"])
def test_a_url_in_the_wrong_variable_is_shown_without_credentials(variable: str, url: str) -> None:
    """Neither the problem nor the error within it, which may repeat the value, shows the password."""
    with pytest.raises(SettingsError, match=variable) as caught:
        load({variable: url})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("mode", "owner"), [(0o664, 0), (0o602, 0), (0o600, 65534)])
def test_a_file_of_others_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mode: int, owner: int
) -> None:
    """Otherwise everyone who can write .env would decide where the access token is sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("RECADO_PORT=1234")
    (tmp_path / ".env").chmod(mode)
    monkeypatch.setattr(
        Path, "stat", lambda path, **_: os.stat_result((mode, 0, 0, 1, owner or os.geteuid(), 0, 0, 0, 0, 0))
    )
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    assert "RECADO_PORT" not in read_environment()
    assert ".env is ignored" in caplog.text


def test_a_link_of_others_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another user's link is ignored even if its target is ours, such as a mailbox, which everyone can write to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mailbox").write_text("RECADO_PORT=1234")
    (tmp_path / "mailbox").chmod(0o600)
    (tmp_path / ".env").symlink_to("mailbox")
    assert read_environment()["RECADO_PORT"] == "1234"
    ours = (tmp_path / ".env").lstat()
    monkeypatch.setattr(Path, "lstat", lambda path: os.stat_result((*ours[:4], os.geteuid() + 1, *ours[5:10])))
    assert "RECADO_PORT" not in read_environment()
    assert ".env is ignored" in caplog.text


def test_secrets_are_never_shown() -> None:
    """Neither by repr, nor in the logged effective settings, nor in an error about them."""
    settings = load(SECRETS)
    shown = repr(settings) + str(settings) + str(settings.public())

    assert not any(secret in shown for secret in SECRETS.values())
    assert settings.public()["WHATSAPP_APP_SECRET"] is True


def test_every_setting_is_documented() -> None:
    """docs/settings.md and .env.example are generated from the settings; run `make generate` after a change."""
    assert settings_docs.markdown() == (ROOT / "docs/settings.md").read_text()
    assert settings_docs.env_example() == (ROOT / ".env.example").read_text()


def test_the_example_file_loads() -> None:
    """.env.example names only settings that exist, with valid values."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [re.sub("^#", "", line).partition("=") for line in lines if re.match(r"#?[A-Z_]+=", line)]

    assert load({name: value for name, _, value in pairs}) == load({})
    assert {name for name, _, _ in pairs} == {setting.variable for setting in all_settings()}


def test_short_secrets_are_for_a_simulated_meta_on_this_machine() -> None:
    """Everywhere else, the error names each secret that could be guessed, without showing it."""
    short = {
        "WHATSAPP_APP_SECRET": "s" * 31,
        "WHATSAPP_VERIFY_TOKEN": "v" * 15,
        "WHATSAPP_ACCESS_TOKEN": "t" * 15,
        "RECADO_ADMIN_TOKEN": "a" * 15,
    }
    assert load({**short, "WHATSAPP_API_URL": "http://127.0.0.1:8090"}).whatsapp_app_secret == "s" * 31
    outside = {"WHATSAPP_API_URL": "http://127.0.0.1:8090", "RECADO_HOST": "0.0.0.0"}
    for elsewhere in ({}, {"WHATSAPP_API_URL": "http://recado-simulator:8090"}, outside):
        with pytest.raises(SettingsError) as refused:
            load({**short, **elsewhere})
        assert [problem.partition(":")[0] for problem in refused.value.problems] == [
            "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN", "WHATSAPP_ACCESS_TOKEN", "RECADO_ADMIN_TOKEN",
        ]  # fmt: skip
        assert not any("s" * 31 in problem for problem in refused.value.problems)
