"""The values for hand-off, voice notes, templates, reminders and the shop's hours reach every pod as settings."""

import json
from collections.abc import Callable
from typing import Any

import generate
import pytest
import yaml

from recado.settings import Settings, SettingsError, all_settings, load

from .conftest import Manifest, find

Render = Callable[..., list[Manifest]]
DEFAULTS = yaml.safe_load((generate.CHART / "values.yaml").read_text())
#: A value for each that differs from the default.
OTHER: dict[str, Any] = {
    "whatsapp.businessAccountId": "102290129340398",
    "shop.timezone": "America/Mexico_City",
    "shop.businessHours": "mon-fri 9-18, sat 9:30-13",
    "handoff.holdSeconds": 1234567,
    "handoff.answerSeconds": 600,
    "handoff.total": 250.5,
    "handoff.onForeignStatus": True,
    "outsideWindow.send": "direct_send",
    "outsideWindow.quoteTemplate": "cotizacion",
    "outsideWindow.orderTemplate": "pedido",
    "outsideWindow.language": "es_MX",
    "reminder.seconds": 3600,
    "voice.model": "large-v3-turbo",
    "voice.seconds": 30,
    "voice.maxBytes": 4194304,
}


def settings(documents: list[Manifest]) -> dict[str, str]:
    """Returns the environment that all pods share."""
    (found,) = (d["data"] for d in documents if d["kind"] == "ConfigMap" and "-settings-" in d["metadata"]["name"])
    return dict(found)


def test_every_value_of_its_own_reaches_the_pods(render: Render) -> None:
    """Each value is in the environment under its setting's name, in the form that recado reads."""
    assert OTHER.keys() == generate.OWN_VALUES.keys()
    data = settings(render(*(f"{name}={json.dumps(value)}" for name, value in OTHER.items())))
    read = load(data)
    fields = {setting.variable: setting.field for setting in all_settings()}

    assert {name: getattr(read, fields[variable]) for name, variable in generate.OWN_VALUES.items()} == OTHER


def test_by_default_they_are_recados_defaults() -> None:
    """A chart without values of the operator's sets what recado would use anyway."""
    fields = {setting.variable: setting.field for setting in all_settings()}
    own = {name: DEFAULTS[group][key] for name in OTHER for group, _, key in [name.partition(".")]}

    assert own == {name: getattr(Settings(), fields[variable]) for name, variable in generate.OWN_VALUES.items()}


@pytest.mark.parametrize("given", [[], ["*.fbcdn.net", "files.example.com"]])
def test_the_hosts_of_customers_files(render: Render, given: list[str]) -> None:
    """Without any, recado uses its default hosts."""
    data = settings(render(f"whatsapp.mediaHosts={json.dumps(given)}"))

    assert load(data).whatsapp_media_hosts == (tuple(given) or Settings().whatsapp_media_hosts)


def test_a_setting_is_given_in_one_place() -> None:
    """The chart refuses a setting under `settings` that has a value of its own, since the two could differ."""
    assert not {setting.variable for setting in generate.settable()} & set(generate.OWN_VALUES.values())


@pytest.mark.parametrize(
    ("voice", "rule"),
    [
        ({"url": ""}, None),
        ({"url": "https://api.openai.com/v1"}, None),
        ({"url": "https://api.openai.com:443/v1"}, None),
        ({"url": "https://whisper.example.com:8443/v1"}, {"ports": [{"port": 8443, "protocol": "TCP"}]}),
        ({"url": "http://whisper.voice/v1"}, {"ports": [{"port": 80, "protocol": "TCP"}]}),
        (
            {"url": "http://whisper.voice:80/v1", "networkPolicyPort": 8000},
            {"ports": [{"port": 8000, "protocol": "TCP"}]},
        ),
        (
            {"url": "http://whisper.voice:8000/v1", "networkPolicyTo": [{"podSelector": {}}]},
            {"ports": [{"port": 8000, "protocol": "TCP"}], "to": [{"podSelector": {}}]},
        ),
    ],
)
@pytest.mark.parametrize("component", ["web", "drain"])
def test_the_way_to_the_transcriber_is_open(
    render: Render, voice: dict[str, Any], rule: dict[str, Any] | None, component: str
) -> None:
    """The network policy opens the transcriber's port to the pods that transcribe; HTTPS is open anyway."""
    policy = "networkPolicy.enabled=true"
    before = find(render(policy), "NetworkPolicy", f"shop-recado-{component}")["spec"]["egress"]
    given = [f"voice.{name}={json.dumps(value)}" for name, value in voice.items()]
    egress = find(render(policy, *given), "NetworkPolicy", f"shop-recado-{component}")["spec"]["egress"]

    assert [one for one in egress if one not in before] == ([rule] if rule else [])
    assert all(one in egress for one in before)


def test_the_key_of_the_transcriber_comes_from_its_secret(render: Render) -> None:
    """The pods that transcribe read the key from its Secret; it is never a plain value."""
    documents = render('voice.url="https://api.openai.com/v1"', 'voice.existingSecret="shop-voice"', 'voice.key="k"')
    named = {"name": "RECADO_TRANSCRIBE_TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop-voice", "key": "k"}}}
    web = find(documents, "Deployment", "shop-recado")["spec"]["template"]["spec"]["containers"][0]
    job = find(documents, "CronJob", "shop-recado-drain")["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    assert named in web["env"]
    assert named in job["containers"][0]["env"]
    assert "RECADO_TRANSCRIBE_TOKEN" not in settings(documents)


def test_templates_cannot_be_asked_for_without_their_account(render: Render) -> None:
    """The chart refuses them, since the pods would not start."""
    with pytest.raises(SettingsError, match="WHATSAPP_BUSINESS_ACCOUNT_ID"):
        load(settings(render('outsideWindow.send="direct_send"')) | {"RECADO_AFTER_WINDOW": "template"})
    documents = render('outsideWindow.send="template"', 'whatsapp.businessAccountId="102290129340398"')
    assert load(settings(documents)).whatsapp_business_account_id == "102290129340398"
