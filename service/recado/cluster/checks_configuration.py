"""The doctor's checks of settings, secrets, the catalogue, versions and Meta."""

import hmac
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from recado.cluster.doctor import Finding, Installation, Level, fault, ok, warning
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import CatalogueError
from recado.quotes.language.language import LanguageError
from recado.settings import API_VERSION_ENDS, DEFAULT_API_VERSION, SERVE_NEEDS, Settings, variable_of
from recado.telemetry import metrics

#: Placeholder values from documentation.
EXAMPLES = frozenset({"changeme", "change-me", "secret", "example", "token", "test", "xxx", "todo", "..."})
EXAMPLE_PARTS = ("your-", "your_", "demo-", "<", "example")
#: How long before a version expires the doctor warns.
EXPIRY_NOTICE_SECONDS = 90 * 86400
#: Messages a second from a number that the shop's phone uses, too.
COEXISTENCE_RATE = 20


def secrets(installation: Installation) -> Iterator[Finding]:
    """Checks that every required key is in its Secret, and that no value is a placeholder."""
    problems = False
    for use in installation.secret_uses:
        values = installation.kube.secret(use.secret)
        required = not use.optional and use.variable in map(variable_of, SERVE_NEEDS)
        where = f"Secret {use.secret}, key {use.key}"
        if values is None:
            yield fault(
                "secrets",
                f"Secret {use.secret} does not exist",
                installation.kubectl(f"create secret generic {use.secret} ..."),
            )
            return
        value = values.get(use.key, b"").strip()
        if not value and required:
            problems = True
            yield fault(
                "secrets", f"{where} is missing or empty", f"store {use.variable} under that key and restart the pods"
            )
        elif value and _example(value.decode(errors="replace")):
            problems = True
            yield warning(
                "secrets", f"{where} is a placeholder", f"store the real {use.variable} there and restart the pods"
            )
    if not installation.secret_value("RECADO_ADMIN_TOKEN"):
        yield ok("secrets", "no admin token is set; the admin endpoints refuse all requests")
    if not problems:
        yield ok("secrets", "all secrets are set")


def _example(value: str) -> bool:
    low = value.lower()
    return low in EXAMPLES or any(part in low for part in EXAMPLE_PARTS)


def catalogue(installation: Installation) -> Iterator[Finding]:
    """Checks that the catalogue's ConfigMap exists (without it no web pod starts) and is valid."""
    volumes = installation.web.spec.template.spec.volumes or []
    source = next((v.config_map for v in volumes if v.name == "catalogue" and v.config_map), None)
    if source is None or not source.items:
        return
    key = source.items[0].key
    text = installation.kube.config_map(source.name).get(key)
    if text is None:
        fix = installation.kubectl(f"create configmap {source.name} --from-file={key}=<your catalogue>")
        yield fault("catalogue", f"ConfigMap {source.name} does not exist or has no key {key}", fix)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / key
        file.write_text(text, "utf-8")
        try:
            read = Catalogue.from_csv(file, _words(installation, Path(folder)))
        except CatalogueError as error:
            first = "; ".join(error.problems[:3])
            yield fault("catalogue", f"ConfigMap {source.name} is invalid: {first}", "correct it and apply it again")
        except LanguageError as error:
            first = "; ".join(error.problems[:3])
            yield fault("catalogue", f"the ConfigMap of words is invalid: {first}", "correct it and apply it again")
        else:
            yield ok("catalogue", f"{len(read.products)} products in {source.name}")


def _words(installation: Installation, parent: Path) -> Path | None:
    """A folder with the words that the web pods add; None if they add none."""
    volumes = installation.web.spec.template.spec.volumes or []
    source = next((v.config_map for v in volumes if v.name == "words" and v.config_map), None)
    if source is None:
        return None
    folder = parent / "words"
    folder.mkdir()
    for name, text in installation.kube.config_map(source.name).items():
        (folder / Path(name).name).write_text(text, "utf-8")
    return folder


def api_version(installation: Installation) -> Iterator[Finding]:
    """Checks that Meta still serves the Graph API's version."""
    version = installation.api_version
    end = API_VERSION_ENDS.get(version)
    fix = installation.upgrade(f"whatsapp.apiVersion={DEFAULT_API_VERSION}")
    if end is not None and installation.now >= end:
        yield fault("Meta", f"Graph API {version} has expired; Meta serves a later version instead", fix)
    elif end is not None and installation.now >= end - EXPIRY_NOTICE_SECONDS:
        yield warning("Meta", f"Graph API {version} expires in {(end - installation.now) / 86400:.0f} days", fix)
    else:
        yield ok("Meta", f"Graph API {version} is supported")


def token(installation: Installation) -> Iterator[Finding]:
    """Checks that Meta accepts the access token, and that each business number may send."""
    access = installation.secret_value("WHATSAPP_ACCESS_TOKEN")
    if not access:
        return
    for number in installation.settings.get("WHATSAPP_PHONE_NUMBER_ID", "").split(","):
        yield _number(installation, number.strip(), access)


def _number(installation: Installation, number: str, access: str) -> Finding:
    url = f"{installation.api_url}/{installation.api_version}/{number}"
    secret = installation.secret_value("WHATSAPP_APP_SECRET")
    proof = {"appsecret_proof": hmac.new(secret.encode(), access.encode(), "sha256").hexdigest()} if secret else {}
    headers = {"authorization": f"Bearer {access}"}
    try:
        status, body = installation.fetch(url, {"fields": "health_status,is_on_biz_app", **proof}, headers)
        response = json.loads(body)
    except (httpx.HTTPError, ValueError) as error:
        return Finding(
            Level.UNSEEN, "Meta", f"{installation.api_url} cannot be asked from here: {type(error).__name__}"
        )
    if "appsecret_proof" in response.get("error", {}).get("message", ""):
        fix = "put the secret of App settings > Basic, of the token's app, into the Secret, restart the pods"
        return fault("Meta", "the app secret is not the one of the access token's app: every webhook is refused", fix)
    if status in (401, 403) or response.get("error", {}).get("code") in (0, 10, 190, 200):
        fix = "make a new system user token with whatsapp_business_messaging, put it into the Secret, restart the pods"
        return fault("Meta", f"the access token is refused for number {number}", fix)
    if status != 200:
        code = response.get("error", {}).get("code")
        return warning(
            "Meta", f"number {number}: Meta responds {status}, code {code}", "compare whatsapp.phoneNumberIds"
        )
    health = response.get("health_status", {}).get("can_send_message", "AVAILABLE")
    if health == "BLOCKED":
        return fault("Meta", f"number {number} is blocked from sending", "look at it in WhatsApp Manager")
    if health == "LIMITED":
        return warning("Meta", f"number {number} is limited", "look at its quality rating in WhatsApp Manager")
    rate = float(installation.settings.get("RECADO_MESSAGES_PER_SECOND", Settings().messages_per_second))
    if response.get("is_on_biz_app") and not 0 < rate <= COEXISTENCE_RATE:
        text = f"number {number} is on a phone, too: Meta accepts {COEXISTENCE_RATE} messages a second from it"
        return warning("Meta", text, f"set settings.RECADO_MESSAGES_PER_SECOND to {COEXISTENCE_RATE}")
    return ok("Meta", f"the access token works for number {number}")


def other_agents(installation: Installation) -> Iterator[Finding]:
    """Checks that Meta gives customers' messages to recado and to no other agent."""
    webhooks = installation.counted(f'{metrics.IGNORED.name}{{part="standby"}}')
    if webhooks:
        text = f"another agent has the messages of {webhooks:.0f} webhooks: recado does not reply to them"
        yield warning("Meta", text, "in WhatsApp Manager, switch Meta Business Agent off for the number")


def versions(installation: Installation) -> Iterator[Finding]:
    """Checks that web and drain run the same image, in the chart's version."""
    image = installation.container.image
    jobs = installation.drain or installation.drain_loop
    if jobs is None:
        yield fault("drain", "the drain's CronJob or Deployment is missing", "upgrade the release again")
        return
    template = jobs.spec.job_template.spec.template if installation.drain else jobs.spec.template
    drain_image = template.spec.containers[0].image
    if drain_image != image:
        yield fault("versions", f"web runs {image}, the drain {drain_image}", "upgrade the release again")
    running = {pod.spec.containers[0].image for pod in installation.web_pods} - {image}
    if running:
        yield warning(
            "versions", f"a web pod still runs {', '.join(running)}", "wait for the rollout, or check why it hangs"
        )
    wanted = installation.web.metadata.labels.get("app.kubernetes.io/version", "")
    tag = image.rpartition(":")[2] if "@" not in image else ""
    if tag and tag[:1].isdigit() and tag != wanted:
        text = f"the chart's version is {wanted}, the image's {tag}"
        yield warning("versions", text, "upgrade chart and image together, or leave image.tag empty")
    elif drain_image == image and not running:
        yield ok("versions", f"web and drain run {image}")
