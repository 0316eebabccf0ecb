"""The chart cannot be installed wrong: each combination that cannot work is refused with a sentence."""

import generate
import pytest

POSTGRES = ('store.type="postgres"', 'store.postgres.existingSecret="db"')
INGRESS = ("ingress.enabled=true", 'ingress.host="pedidos.example.com"')

REFUSED = {
    "a simulator on the internet": (
        ["simulator.enabled=true", *INGRESS],
        "the web pod accepts what the simulator signs",
    ),
    "a simulator behind a gateway": (
        [
            "simulator.enabled=true",
            "route.enabled=true",
            'route.parentRefs=[{"name":"g"}]',
            'route.hostnames=["a.example.com"]',
        ],
        "the web pod accepts what the simulator signs",
    ),
    "no number": (["whatsapp.phoneNumberIds=[]"], "whatsapp.phoneNumberIds is empty"),
    "load without a simulator": (["loadtest.enabled=true"], "loadtest.enabled without simulator.enabled"),
    "an unknown shape": (['loadtest.shape="flood"'], "shape"),
    "no secret": (['whatsapp.existingSecret=""'], "whatsapp.secret.verifyToken is empty"),
    "half a secret": (
        ['whatsapp.existingSecret=""', 'whatsapp.secret={"verifyToken":"a","appSecret":"b"}'],
        "whatsapp.secret.accessToken is empty",
    ),
    "two pods on SQLite": (["web.replicaCount=2"], "the volume is on one node and SQLite has one writer"),
    "autoscaled SQLite": (["autoscaling.enabled=true"], "there is one web pod and nothing to scale"),
    "two scalers": ([*POSTGRES, "autoscaling.enabled=true", "web.replicaCount=2"], "both want to decide"),
    "bounds crossed": ([*POSTGRES, "autoscaling.enabled=true", "autoscaling.maxReplicas=1"], "is more than"),
    "one pod per volume": (['store.sqlite.accessMode="ReadWriteOncePod"'], "the drain would wait for ever"),
    "shared volume": (['store.sqlite.accessMode="ReadWriteMany"'], "needs a network file system"),
    "NFS": (['store.sqlite.storageClass="nfs-client"'], "looks like a network file system"),
    "EFS": (['store.sqlite.storageClass="aws-efs-sc"'], "looks like a network file system"),
    "Azure Files": (['store.sqlite.storageClass="azurefile-csi"'], "looks like a network file system"),
    "postgres without URL": (['store.type="postgres"'], "needs store.postgres.existingSecret"),
    "backup of postgres": ([*POSTGRES, "backup.enabled=true"], "Back PostgreSQL up with its own tools"),
    "backup onto itself": (
        ["backup.enabled=true", 'backup.existingClaim="shop-recado-queue"'],
        "a copy on the same disk is lost together with it",
    ),
    "public admin": (['service.type="LoadBalancer"'], "would show the admin endpoints to the internet"),
    "drain killed early": (["drain.seconds=58"], "would kill each drain before it ends by itself"),
    "drain over the minute": (["drain.activeDeadlineSeconds=60"], "would cost the next one its turn"),
    "drain killed in a send": (["settings.RECADO_READ_TIMEOUT_SECONDS=30"], "less than 40: connect and read time-out"),
    "loop suspended": (["drain.loop=true", "drain.suspend=true"], "there is none with drain.loop=true"),
    "ingress without host": (["ingress.enabled=true"], "ingress.host is empty"),
    "mTLS without TLS": (
        [*INGRESS, "ingress.mtls.enabled=true", "ingress.tls.enabled=false"],
        "a client certificate is shown in a TLS handshake",
    ),
    "mTLS without CA": ([*INGRESS, "ingress.mtls.enabled=true"], "needs ingress.mtls.caSecret"),
    "mTLS elsewhere": (
        [*INGRESS, "ingress.mtls.enabled=true", 'ingress.mtls.caSecret="ca"'],
        "For another controller leave mtls off",
    ),
    "route to nowhere": (["route.enabled=true"], "needs route.parentRefs"),
    "scraped twice": (
        ["monitoring.serviceMonitor.enabled=true", "monitoring.podMonitor.enabled=true"],
        "every series would be counted twice",
    ),
    "two Metas": (
        ["simulator.enabled=true", 'whatsapp.apiUrl="https://graph.example.com"'],
        "both say where replies go",
    ),
    "events for everyone": (["serviceAccount.create=false"], "would be given the right to write Events"),
    "long name": (['fullnameOverride="a123456789-123456789-123456789-123456789-1"'], "longer than 40 characters"),
    "unknown setting": (["settings.RECADO_BATCH=1"], "RECADO_BATCH"),
    "typo": (["drain.timeBudget=50"], "additional properties 'timeBudget' not allowed"),
    "wrong type": (['drain.suspend="no"'], "want boolean"),
    "number with spaces": (['whatsapp.phoneNumberIds=["+1 555 0100"]'], "phoneNumberIds"),
    "no CSV": (['catalogue.csv="hello"'], "catalogue/csv"),
}


@pytest.mark.parametrize(("settings", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_a_sentence(settings: list[str], sentence: str) -> None:
    """helm exits with an error that names the values and says what to do."""
    values = str(generate.CHART / "ci" / "minimal-values.yaml")
    arguments = [f"--set-json={setting}" for setting in settings]
    done = generate.helm("template", "shop", str(generate.CHART), "-f", values, *arguments)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "or move to store.type=postgres" not in done.stderr, "this version's image has no such store"
