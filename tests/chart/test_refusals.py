"""The chart refuses each combination of values that cannot work, with a sentence that says why."""

from pathlib import Path

import generate
import pytest

POSTGRES = ('store.type="postgres"', 'store.postgres.existingSecret="db"')
INGRESS = ("ingress.enabled=true", 'ingress.host="pedidos.example.com"')

REFUSED = {
    "a simulator on the internet": (
        ["simulator.enabled=true", *INGRESS],
        "have it sign webhooks that the web pod accepts",
    ),
    "a simulator behind a gateway": (
        [
            "simulator.enabled=true",
            "route.enabled=true",
            'route.parentRefs=[{"name":"g"}]',
            'route.hostnames=["a.example.com"]',
        ],
        "have it sign webhooks that the web pod accepts",
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
    "autoscaled SQLite": (["autoscaling.enabled=true"], "SQLite allows one web pod only"),
    "two scalers": ([*POSTGRES, "autoscaling.enabled=true", "web.replicaCount=2"], "both set the number of web pods"),
    "bounds crossed": ([*POSTGRES, "autoscaling.enabled=true", "autoscaling.maxReplicas=1"], "is more than"),
    "one pod per volume": (['store.sqlite.accessMode="ReadWriteOncePod"'], "the drain could not start"),
    "shared volume": (['store.sqlite.accessMode="ReadWriteMany"'], "needs a network file system"),
    "NFS": (['store.sqlite.storageClass="nfs-client"'], "looks like a network file system"),
    "EFS": (['store.sqlite.storageClass="aws-efs-sc"'], "looks like a network file system"),
    "Azure Files": (['store.sqlite.storageClass="azurefile-csi"'], "looks like a network file system"),
    "postgres without URL": (['store.type="postgres"'], "needs store.postgres.existingSecret"),
    "backup of postgres": ([*POSTGRES, "backup.enabled=true"], "Back up PostgreSQL with its own tools"),
    "a database that no pod would use": (
        ['store.postgres.existingSecret="db"'],
        "store.type is sqlite, so no pod would use that database",
    ),
    "a URL of one's own": (
        ['extraEnv=[{"name":"DATABASE_URL","value":"postgresql://db/recado"}]'],
        "extraEnv contains DATABASE_URL, which the chart sets",
    ),
    "backup onto itself": (
        ["backup.enabled=true", 'backup.existingClaim="shop-recado-queue"'],
        "a backup on the same disk is lost with it",
    ),
    "templates of no account": (['outsideWindow.send="template"'], "whatsapp.businessAccountId is empty"),
    "an account that is none": (['whatsapp.businessAccountId="12"'], "at '/whatsapp/businessAccountId'"),
    "hours that are none": (['shop.businessHours="always"'], "at '/shop/businessHours'"),
    "a zone that is none": (['shop.timezone="Mexico"'], "at '/shop/timezone'"),
    "a host of all": (['whatsapp.mediaHosts=["*"]'], "at '/whatsapp/mediaHosts/0'"),
    "a setting with a value of its own": (
        ["settings.RECADO_HOLD_SECONDS=1"],
        "additional properties 'RECADO_HOLD_SECONDS' not allowed",
    ),
    "public admin": (['service.type="LoadBalancer"'], "would expose the admin endpoints to the internet"),
    "drain killed early": (["drain.seconds=58"], "otherwise Kubernetes kills drains before they end"),
    "drain over the minute": (
        ["drain.activeDeadlineSeconds=60"],
        "must be less than 60, the seconds",
    ),
    "drain over five minutes": (
        ['drain.schedule="*/5 * * * *"', "drain.activeDeadlineSeconds=300"],
        "must be less than 300, the seconds",
    ),
    "drain killed in a send": (
        ["settings.RECADO_READ_TIMEOUT_SECONDS=30"],
        "at least 40: the connect and read",
    ),
    "ingress without host": (["ingress.enabled=true"], "ingress.host is empty"),
    "mTLS without TLS": (
        [*INGRESS, "ingress.mtls.enabled=true", "ingress.tls.enabled=false"],
        "client certificates need TLS",
    ),
    "mTLS without CA": ([*INGRESS, "ingress.mtls.enabled=true"], "needs ingress.mtls.caSecret"),
    "mTLS elsewhere": (
        [*INGRESS, "ingress.mtls.enabled=true", 'ingress.mtls.caSecret="ca"'],
        "For another controller disable mtls",
    ),
    "route to nowhere": (["route.enabled=true"], "needs route.parentRefs"),
    "scraped twice": (
        ["monitoring.serviceMonitor.enabled=true", "monitoring.podMonitor.enabled=true"],
        "every series would be counted twice",
    ),
    "two Metas": (
        ["simulator.enabled=true", 'whatsapp.apiUrl="https://graph.example.com"'],
        "both set where replies go",
    ),
    "events for everyone": (["serviceAccount.create=false"], "gets permission to write Events"),
    "long name": (['fullnameOverride="a123456789-123456789-123456789-12345678z"'], "longer than 39 characters"),
    "no name": (['nameOverride="Foo_Bar"'], "at '/nameOverride'"),
    "unknown setting": (
        ["settings.RECADO_BATCH=1"],
        "at '/settings': additional properties 'RECADO_BATCH' not allowed",
    ),
    "a setting that is no number": (
        ['settings.RECADO_BACKOFF_SECONDS="nope"'],
        "at '/settings/RECADO_BACKOFF_SECONDS'",
    ),
    "one wait that is none": (['settings.RECADO_BACKOFF_SECONDS="120,0"'], "at '/settings/RECADO_BACKOFF_SECONDS'"),
    "a setting out of bounds": (
        ["settings.RECADO_BACKOFF_JITTER=2"],
        "at '/settings/RECADO_BACKOFF_JITTER': maximum: got 2, want 1",
    ),
    "a setting of nothing": (
        ["settings.RECADO_DRAIN_BATCH=0"],
        "at '/settings/RECADO_DRAIN_BATCH': exclusiveMinimum: got 0, want 0",
    ),
    "a policy that is none": (['settings.RECADO_UNKNOWN_POLICY="ask"'], "at '/settings/RECADO_UNKNOWN_POLICY'"),
    "a rate that is none": (["settings.RECADO_MESSAGES_PER_SECOND=0.0001"], "RECADO_MESSAGES_PER_SECOND"),
    "a setting in extraEnv": (
        ['extraEnv=[{"name":"RECADO_BACKOFF_SECONDS","value":"nope"}]'],
        "set it under settings",
    ),
    "a lease like a send": (["settings.RECADO_LEASE_SECONDS=25"], "must be more than 25"),
    "a margin like the window": (["settings.RECADO_REPLY_WINDOW_SECONDS=300"], "otherwise no reply is sent"),
    "minute 99": (['drain.schedule="99 * * * *"'], "at '/drain/schedule'"),
    "hour 24": (['backup.schedule="0 24 * * *"'], "at '/backup/schedule'"),
    "some months": (['backup.drillSchedule="0 0 1 1 *"'], "at '/backup/drillSchedule'"),
    "backwards": (['drain.schedule="50-10 * * * *"'], "50-10, which runs backwards"),
    "own label": (['commonLabels={"app.kubernetes.io/name":"x"}'], "commonLabels has the key app.kubernetes.io/name"),
    "own label of a pod": (['web.podLabels={"recado/volume":"x"}'], "web.podLabels has the key recado/volume"),
    "own annotation": (['podAnnotations={"checksum/secret":"x"}'], "podAnnotations has the key checksum/secret"),
    "own annotation of a claim": (
        ['store.sqlite.annotations={"helm.sh/resource-policy":"x"}'],
        "store.sqlite.annotations has the key helm.sh/resource-policy",
    ),
    "own variable": (['extraEnv=[{"name":"POD_NAME","value":"x"}]'], "extraEnv contains POD_NAME"),
    "own secret": (['extraEnv=[{"name":"WHATSAPP_APP_SECRET","value":"x"}]'], "extraEnv contains WHATSAPP_APP_SECRET"),
    "a variable twice": (
        ['extraEnv=[{"name":"TZ","value":"x"},{"name":"TZ","value":"y"}]'],
        "extraEnv contains TZ twice",
    ),
    "own volume": (
        ['web.extraVolumes=[{"name":"queue","emptyDir":{}}]'],
        "contains the volume queue twice",
    ),
    "own mount": (
        ['drain.extraVolumeMounts=[{"name":"a","mountPath":"/tmp/"}]'],
        "drain.extraVolumeMounts mounts at /tmp",
    ),
    "a host twice": ([*INGRESS, 'ingress.extraHosts=["pedidos.example.com"]'], "contain a host twice"),
    "a node's port without nodes": (["service.nodePort=30080"], "service.nodePort needs service.type=NodePort"),
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


@pytest.mark.parametrize("release", ["1shop", "shop.north"])
def test_a_release_whose_name_is_none_of_a_service_is_refused(release: str) -> None:
    """Helm takes such a name; the API server would refuse the Service."""
    values = str(generate.CHART / "ci" / "minimal-values.yaml")
    done = generate.helm("template", release, str(generate.CHART), "-f", values)
    assert done.returncode != 0
    assert "Set fullnameOverride" in done.stderr


def test_a_catalogue_that_no_config_map_holds_is_refused(tmp_path: Path) -> None:
    """The chart refuses it before the API server would, in the middle of an upgrade; one byte less is accepted."""
    values = str(generate.CHART / "ci" / "minimal-values.yaml")
    file = tmp_path / "catalogo.csv"
    head = "sku,name,aliases,unit_price,currency\n"
    for size, sentence in (
        (2**20, ""),
        (2**20 + 1, "has 1048577 bytes; a ConfigMap holds at most 1048576"),
    ):
        file.write_text(head + "x" * (size - len(head)))
        done = generate.run(
            "template", "shop", str(generate.CHART), "-f", values, "--set-file", f"catalogue.csv={file}"
        )
        assert sentence in done.stderr
        assert bool(done.returncode) is bool(sentence)
