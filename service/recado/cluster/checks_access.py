"""The doctor's checks of incoming traffic: from Meta and from Prometheus."""

import datetime
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from recado.cluster.doctor import Finding, Installation, Level, fault, ok, warning

PATH = "/api/v1/webhook"
CHALLENGE = "1158201444"
EXPIRY_NOTICE_DAYS = 14
GATEWAY = ("gateway.networking.k8s.io", "v1")
MONITORING = ("monitoring.coreos.com", "v1")


def public(installation: Installation) -> Iterator[Finding]:
    """Checks that Meta can reach the webhook: an admitted Ingress or route, with a certificate for its host."""
    ingresses = installation.kube.ingresses(installation.selector())
    routes = installation.kube.custom(*GATEWAY, "httproutes", installation.selector()) or []
    if not ingresses and not routes:
        fix = "set ingress.enabled with ingress.host, or route.enabled with its gateway"
        yield warning("ingress", "Meta cannot reach the webhook: there is no Ingress and no HTTPRoute", fix)
    for ingress in ingresses:
        yield from _ingress(installation, ingress)
    for route in routes:
        yield from _route(route)


def _ingress(installation: Installation, ingress: Any) -> Iterator[Finding]:
    name = ingress.metadata.name
    hosts = [rule.host for rule in ingress.spec.rules or [] if rule.host]
    if not (ingress.status and ingress.status.load_balancer and ingress.status.load_balancer.ingress):
        fix = f"check that a controller runs for class {ingress.spec.ingress_class_name}: kubectl get ingressclass"
        yield warning("ingress", f"no controller has admitted {name}", fix)
    else:
        yield ok("ingress", f"{name} is admitted for {', '.join(hosts)}")
    if not ingress.spec.tls:
        yield fault(
            "ingress", f"{name} has no TLS; Meta requires https", installation.upgrade("ingress.tls.enabled=true")
        )
    for entry in ingress.spec.tls or []:
        yield from _certificate(installation, entry.secret_name, hosts)


def _certificate(installation: Installation, secret: str, hosts: list[str]) -> Iterator[Finding]:
    values = installation.kube.secret(secret)
    if not values or not values.get("tls.crt"):
        yield fault(
            "ingress",
            f"Secret {secret} contains no certificate",
            f"check cert-manager ({installation.kubectl('get certificate')}) or store one: "
            + installation.kubectl(f"create secret tls {secret} --cert=... --key=..."),
        )
        return
    try:
        names, ends = read_certificate(values["tls.crt"])
    except (ssl.SSLError, ValueError, KeyError) as error:
        yield fault(
            "ingress", f"the certificate in Secret {secret} is invalid: {error}", "store a PEM certificate in it"
        )
        return
    days = (ends.timestamp() - installation.now) / 86400
    wrong = [host for host in hosts if not any(_matches(host, name) for name in names)]
    if wrong:
        text = f"the certificate in {secret} is for {', '.join(names) or 'no host'}, not for {', '.join(wrong)}"
        yield fault("ingress", text, "issue a certificate for ingress.host")
    elif days < 0:
        yield fault("ingress", f"the certificate in {secret} has expired", "renew it")
    elif days < EXPIRY_NOTICE_DAYS:
        yield warning("ingress", f"the certificate in {secret} expires in {days:.0f} days", "renew it")
    else:
        yield ok("ingress", f"the certificate in {secret} is valid for {days:.0f} days")


def read_certificate(pem: bytes) -> tuple[list[str], datetime.datetime]:
    """The DNS names and the end of a certificate. Raises ssl.SSLError, ValueError or KeyError if it is invalid.

    The standard library decodes certificates only from files.
    """
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(pem)
        decoded: dict[str, Any] = ssl._ssl._test_decode_cert(file.name)  # type: ignore[attr-defined]  # there is no public function
    names = [value for kind, value in decoded.get("subjectAltName", ()) if kind == "DNS"]
    end = ssl.cert_time_to_seconds(decoded["notAfter"])
    return names, datetime.datetime.fromtimestamp(end, datetime.UTC)


def _matches(host: str, name: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def _route(route: Any) -> Iterator[Finding]:
    name = route["metadata"]["name"]
    parents = route.get("status", {}).get("parents", [])
    refused = [
        condition.get("message", "")
        for parent in parents
        for condition in parent.get("conditions", [])
        if condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] != "True"
    ]
    if not parents:
        yield warning("route", f"no gateway has accepted {name}", "set route.parentRefs to an existing Gateway")
    elif refused:
        yield fault(
            "route", f"the gateway refused {name}: {'; '.join(refused)}", "fix route.parentRefs or route.hostnames"
        )
    else:
        yield ok("route", f"{name} is accepted for {', '.join(route['spec'].get('hostnames', []))}")


def handshake(installation: Installation) -> Iterator[Finding]:
    """Checks that the callback URL responds to Meta's handshake, from inside the cluster or else by its public name."""
    token = installation.secret_value("WHATSAPP_VERIFY_TOKEN")
    url = _callback(installation)
    if url is None:
        text = "there is no public host name; run the doctor inside the cluster to check the handshake"
        yield Finding(Level.UNSEEN, "handshake", text)
        return
    parameters = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": CHALLENGE}
    try:
        status, body = installation.fetch(url, parameters, {})
    except httpx.HTTPError as error:
        yield warning(
            "handshake", f"{url} does not respond from here: {type(error).__name__}", "try it from the internet"
        )
        return
    if status == 200 and body == CHALLENGE:
        yield ok("handshake", f"{url} responds correctly")
    elif status == 403:
        fix = "restart the pods: they still use another verify token"
        yield fault("handshake", f"{url} refuses the Secret's verify token", fix)
    else:
        yield fault(
            "handshake",
            f"{url} responds {status} instead of the challenge",
            "check that the host leads to this release",
        )


def _callback(installation: Installation) -> str | None:
    if installation.inside:
        service = installation.kube.services(installation.selector("web"))
        port = service[0].spec.ports[0].port if service else 80
        return f"http://{installation.web.metadata.name}.{installation.kube.namespace}:{port}{PATH}"
    for ingress in installation.kube.ingresses(installation.selector()):
        for rule in ingress.spec.rules or []:
            if rule.host:
                return f"https://{rule.host}{PATH}"
    for route in installation.kube.custom(*GATEWAY, "httproutes", installation.selector()) or []:
        for host in route["spec"].get("hostnames", []):
            return f"https://{host}{PATH}"
    return None


def monitoring(installation: Installation) -> Iterator[Finding]:
    """Checks that a Prometheus selects the monitor and the rules."""
    prometheuses = installation.kube.custom(*MONITORING, "prometheuses", everywhere=True)
    if prometheuses is None:
        yield ok("monitoring", "no prometheus-operator in this cluster")
        return
    for kind, plural, field, value in (
        ("monitor", "servicemonitors", "serviceMonitorSelector", "monitoring.serviceMonitor"),
        ("monitor", "podmonitors", "podMonitorSelector", "monitoring.podMonitor"),
        ("rules", "prometheusrules", "ruleSelector", "monitoring.rules"),
    ):
        for found in installation.kube.custom(*MONITORING, plural, installation.selector()) or []:
            name, labels = found["metadata"]["name"], found["metadata"].get("labels", {})
            if any(selects(prometheus["spec"].get(field), labels) for prometheus in prometheuses):
                yield ok("monitoring", f"a Prometheus selects the {kind} {name}")
            else:
                wanted = [prometheus["spec"].get(field) for prometheus in prometheuses]
                text = f"no Prometheus selects the {kind} {name}; their selectors are {wanted}"
                yield fault("monitoring", text, f"set {value}.additionalLabels to labels that one of them selects")


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a label selector matches; an absent selector matches nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[expression["operator"]]:
            return False
    return True
