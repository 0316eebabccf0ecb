"""The doctor's check of the transcriber, based on the web pod's metrics."""

from collections.abc import Iterator

from recado.cluster.checks_endpoints import series
from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.telemetry import metrics

#: Error classes with a cause in the configuration.
_CONFIGURED = "configuration"


def voice(installation: Installation) -> Iterator[Finding]:
    """Checks that voice notes are transcribed, if any have arrived."""
    attempts: dict[str, float] = {}
    for labels, count in series(installation.metrics, metrics.VOICE_ATTEMPTS.name):
        kind = "heard" if labels["outcome"] == "delivered" else labels["error_class"]
        attempts[kind] = attempts.get(kind, 0.0) + count
    failed = {kind: count for kind, count in attempts.items() if kind != "heard" and count}
    if not attempts.get("heard") and not failed:
        return
    if attempts.get("heard"):
        yield ok("voice", "voice notes are transcribed")
        return
    worst = max(failed, key=failed.__getitem__)
    text = f"no voice note was transcribed in {sum(failed.values()):.0f} attempts, mostly for {worst}"
    if worst == _CONFIGURED:
        yield fault("voice", text, "compare voice.url, voice.model and the API key with the transcriber's own")
    else:
        yield warning("voice", text, "docs/runbooks/RecadoVoiceUnheard.md says what each reason means")
