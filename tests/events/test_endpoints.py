"""The endpoints' file: valid contents; all problems are reported at once, without secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from recado.events.endpoints import Shown, ShownText, load_endpoints
from recado.settings import SettingsError
from tests.events.test_signing import SECRET, make_secret

CRM = {"name": "crm", "url": "https://crm.example.com/hooks?shop=1", "secret": SECRET}


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "events.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def problems_of(tmp_path: Path, *items: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load_endpoints(write(tmp_path, list(items)))
    return [problem.split("events.json: ")[1] for problem in error.value.problems]


def test_a_small_endpoint_gets_the_usual_types_and_nothing_of_the_customer(tmp_path: Path) -> None:
    endpoint = load_endpoints(write(tmp_path, [CRM]))["crm"]

    assert endpoint.secrets == (SECRET,)
    assert (endpoint.customer, endpoint.text) == (Shown.NONE, ShownText.NONE)
    assert "order.created" in endpoint.wanted
    assert "message.received" not in endpoint.wanted


def test_a_full_endpoint(tmp_path: Path) -> None:
    old = make_secret()
    item = {
        **CRM,
        "secret_previous": old,
        "types": ["message.received"],
        "customer": "masked",
        "text": "full",
        "headers": {"Authorization": "Bearer static-token"},
    }
    endpoint = load_endpoints(write(tmp_path, [item]))["crm"]

    assert endpoint.secrets == (SECRET, old)
    assert "message.received" in endpoint.wanted
    assert "order.created" not in endpoint.wanted


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    item = {**CRM, "secret_previous": make_secret(), "headers": {"Authorization": "Bearer static-token"}}
    endpoints = load_endpoints(write(tmp_path, [item]))

    assert "whsec" not in f"{endpoints}{endpoints['crm']!r}"
    assert "static-token" not in repr(endpoints)


def test_every_problem_of_every_endpoint_is_named_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        {"name": "CRM 1", "url": "ftp://crm", "secret": "hunter2hunter2", "types": ["order.made"], "customer": "some"},
        {**CRM, "text": 1, "headers": {"Host": "x"}, "retries": 3},
        CRM,
        {"name": "crm", "url": "https://other.example.com", "secret": SECRET},
        {},
    )

    assert [problem.partition(": ")[0] for problem in found] == [
        *["endpoint 1"] * 5,
        *["endpoint 2 (crm)"] * 3,
        "endpoint 4 (crm)",
        *["endpoint 5"] * 3,
    ]
    assert "hunter2" not in str(found)
    assert found[-1].endswith("secret is missing")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"url": "http://crm.example.com"}, "url: must be https"),
        ({"url": "http://crm.example.com", "allow_http": True}, "url: must be https; http is for"),
        ({"url": "HTTP://crm.example.com"}, "url: must be https"),
        ({"url": "HTTP://crm.example.com", "allow_http": True}, "url: must be https; http is for"),
        ({"url": "https://[::1"}, "url: not a URL"),
        ({"url": "https://crm.example.com:65536"}, "url: not a URL"),
        ({"url": "https://user:pass@crm.example.com"}, "user or password"),
        ({"url": "https://crm.example.com/#x"}, "fragment"),
        ({"url": "https://169.254.169.254/latest"}, "link-local"),
        ({"url": "https://[fe80::1]/"}, "link-local"),
        ({"url": "https://0.0.0.0/"}, "unspecified"),
        ({"url": "https://224.0.0.1/"}, "multicast"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "link-local"),
        ({"url": "crm.example.com"}, "must begin with http"),
        ({"url": ""}, "must be printable"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"secret_previous": "old"}, "whsec_"),
        ({"types": []}, "must name at least one type"),
        ({"types": "order.created"}, "types: Expected `array`"),
        ({"headers": {"X-Token": "a\r\nb"}}, "printable ASCII"),
        ({"headers": {"Webhook-Id": "1"}}, "cannot be set"),
        ({"headers": {"user-agent": "shop"}}, "cannot be set"),
        ({"headers": {"bad name": "1"}}, "cannot be set"),
        ({"name": "a" * 33}, "1 to 32"),
        ({"name": ""}, "1 to 32"),
    ],
)
def test_refused(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    found = problems_of(tmp_path, {**CRM, **change})

    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize("url", ["http://crm", "http://crm.shop.svc:8080/hooks", "http://127.0.0.1:9000/"])
def test_http_inside_the_cluster_if_allowed(tmp_path: Path, url: str) -> None:
    assert load_endpoints(write(tmp_path, [{**CRM, "url": url, "allow_http": True}]))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[1]", b"null", b'[{"name":"\xff"}]', b"[" * 100_000, b"\xef\xbb\xbf[]"]
)
def test_a_file_that_is_no_list_of_objects(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError, match=r"events\.json"):
        load_endpoints(write(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_endpoints(tmp_path / "none.json")
