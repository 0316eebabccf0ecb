"""What the doctor asks of settings, secrets, the catalogue, versions, and of Meta."""

import hmac
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from recado.cluster.doctor import Finding, Installation, Level, fault, ok, warning
from recado.quotes import Catalogue
from recado.quotes.catalogue import CatalogueError
from recado.settings import API_VERSION_ENDS, DEFAULT_API_VERSION, SERVE_NEEDS, variable_of

#: Values that stand in documentation; nobody's real secret.
EXAMPLES = frozenset({"changeme", "change-me", "secret", "example", "token", "test", "xxx", "todo", "..."})
EXAMPLE_PARTS = ("your-", "your_", "demo-", "<", "example")
#: A version is warned about so long before its end.
EXPIRY_NOTICE_SECONDS = 90 * 86400


def secrets(installation: Installation) -> Iterator[Finding]:
    """Every key that is used is in its Secret, has a value, and not one out of a manual."""
    problems = False
    for use in installation.secret_uses:
        values = installation.kube.secret(use.secret)
        required = not use.optional and use.variable in map(variable_of, SERVE_NEEDS)
        where = f"Secret {use.secret}, key {use.key}"
        if values is None:
            yield fault(
                "secrets",
                f"there is no Secret {use.secret}",
                installation.kubectl(f"create secret generic {use.secret} ..."),
            )
            return
        value = values.get(use.key, b"").strip()
        if not value and required:
            problems = True
            yield fault(
                "secrets", f"{where} is missing or empty", f"put {use.variable} under that key, restart the pods"
            )
        elif value and _example(value.decode(errors="replace")):
            problems = True
            yield warning(
                "secrets", f"{where} holds an example", f"put the real {use.variable} there, restart the pods"
            )
    if not installation.secret_value("RECADO_ADMIN_TOKEN"):
        yield ok("secrets", "no admin token: the admin endpoints refuse everyone")
    if not problems:
        yield ok("secrets", "every secret is there")


def _example(value: str) -> bool:
    low = value.lower()
    return low in EXAMPLES or any(part in low for part in EXAMPLE_PARTS)


def catalogue(installation: Installation) -> Iterator[Finding]:
    """The catalogue's ConfigMap is there, without which no web pod starts, and can be read."""
    volumes = installation.web.spec.template.spec.volumes or []
    source = next((v.config_map for v in volumes if v.name == "catalogue" and v.config_map), None)
    if source is None or not source.items:
        return
    key = source.items[0].key
    text = installation.kube.config_map(source.name).get(key)
    if text is None:
        mend = installation.kubectl(f"create configmap {source.name} --from-file={key}=<your catalogue>")
        yield fault("catalogue", f"there is no ConfigMap {source.name} with the key {key}", mend)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / key
        file.write_text(text, "utf-8")
        try:
            read = Catalogue.from_csv(file)
        except CatalogueError as error:
            first = "; ".join(error.problems[:3])
            yield fault(
                "catalogue", f"ConfigMap {source.name} cannot be read: {first}", "correct it and apply it again"
            )
        else:
            yield ok("catalogue", f"{len(read.products)} products in {source.name}")


def api_version(installation: Installation) -> Iterator[Finding]:
    """Meta still serves the Graph API's version."""
    version = installation.api_version
    end = API_VERSION_ENDS.get(version)
    mend = installation.upgrade(f"whatsapp.apiVersion={DEFAULT_API_VERSION}")
    if end is not None and installation.now >= end:
        yield fault("Meta", f"Graph API {version} has expired: Meta silently serves a later one", mend)
    elif end is not None and installation.now >= end - EXPIRY_NOTICE_SECONDS:
        yield warning("Meta", f"Graph API {version} ends in {(end - installation.now) / 86400:.0f} days", mend)
    else:
        yield ok("Meta", f"Graph API {version} is alive")


def token(installation: Installation) -> Iterator[Finding]:
    """Meta takes the access token and lets each business number send."""
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
        status, body = installation.fetch(url, {"fields": "health_status", **proof}, headers)
        answer = json.loads(body)
    except (httpx.HTTPError, ValueError) as error:
        return Finding(
            Level.UNSEEN, "Meta", f"{installation.api_url} cannot be asked from here: {type(error).__name__}"
        )
    if "appsecret_proof" in answer.get("error", {}).get("message", ""):
        mend = "put the secret of App settings > Basic, of the token's app, into the Secret, restart the pods"
        return fault("Meta", "the app secret is not the one of the access token's app: every webhook is refused", mend)
    if status in (401, 403) or answer.get("error", {}).get("code") in (0, 10, 190, 200):
        mend = "make a new system user token with whatsapp_business_messaging, put it into the Secret, restart the pods"
        return fault("Meta", f"the access token is refused for number {number}", mend)
    if status != 200:
        code = answer.get("error", {}).get("code")
        return warning(
            "Meta", f"number {number}: Meta answers {status}, code {code}", "compare whatsapp.phoneNumberIds"
        )
    health = answer.get("health_status", {}).get("can_send_message", "AVAILABLE")
    if health == "BLOCKED":
        return fault("Meta", f"number {number} is blocked from sending", "look at it in WhatsApp Manager")
    if health == "LIMITED":
        return warning("Meta", f"number {number} is limited", "look at its quality rating in WhatsApp Manager")
    return ok("Meta", f"the access token is good for number {number}")


def versions(installation: Installation) -> Iterator[Finding]:
    """Web and drain run the same image, and the one that the chart was made for."""
    image = installation.container.image
    jobs = installation.drain or installation.drain_loop
    if jobs is None:
        yield fault("drain", "there is neither a drain CronJob nor a drain Deployment", "upgrade the release again")
        return
    template = jobs.spec.job_template.spec.template if installation.drain else jobs.spec.template
    drain_image = template.spec.containers[0].image
    if drain_image != image:
        yield fault("versions", f"web runs {image}, the drain {drain_image}", "upgrade the release again")
    running = {pod.spec.containers[0].image for pod in installation.web_pods} - {image}
    if running:
        yield warning(
            "versions", f"a web pod still runs {', '.join(running)}", "wait for the rollout, or look at why it hangs"
        )
    wanted = installation.web.metadata.labels.get("app.kubernetes.io/version", "")
    tag = image.rpartition(":")[2] if "@" not in image else ""
    if tag and tag[:1].isdigit() and tag != wanted:
        text = f"the chart was made for {wanted}, the image is {tag}"
        yield warning("versions", text, "upgrade chart and image together, or leave image.tag empty")
    elif drain_image == image and not running:
        yield ok("versions", f"web and drain run {image}")
