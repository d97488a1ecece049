from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployment.files import KUBERNETES, read_manifests
from worker import __version__
from worker.console.app import create_app
from worker.console.auth.rights import Right
from worker.console.console_settings import ConsoleSettings
from worker.infra.messaging.names import MAIN_QUEUE
from worker.settings import Settings

FOLDERS = [KUBERNETES, KUBERNETES / "console"]
MANIFESTS, CONSOLE = map(read_manifests, FOLDERS)
WORKLOADS = {
    "Deployment": MANIFESTS["Deployment"],
    "Job": MANIFESTS["Job"],
    "console": CONSOLE["Deployment"],
}
OBJECTS = [
    *(MANIFESTS[kind] for kind in ("ConfigMap", "Job", "Deployment")),
    *(CONSOLE[kind] for kind in ("ConfigMap", "Deployment", "Service", "NetworkPolicy")),
]
OLDEST, NEWEST = "1.29", "1.37"
POSTGRES_CONNECTIONS = 100
"""PostgreSQL's default `max_connections`."""


def pod(kind: str) -> Any:
    return WORKLOADS[kind]["spec"]["template"]["spec"]


def container(kind: str) -> Any:
    (only,) = pod(kind)["containers"]
    return only


@pytest.mark.needs_tools
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize(
    "manifest", OBJECTS, ids=[f"{each['kind']} {each['metadata']['name']}" for each in OBJECTS]
)
def test_kubernetes_knows_every_field(manifest: Any, version: str) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    held_against = kubernetes_validate.validate(manifest, version, strict=True)
    assert held_against == version, "what does not fit is raised; the schemas are of this version"


def test_keda_knows_every_field() -> None:
    """Fields of KEDA's own definitions; no package that could check them fits in here."""
    scaled, authentication = MANIFESTS["ScaledObject"], MANIFESTS["TriggerAuthentication"]
    assert scaled["apiVersion"] == authentication["apiVersion"] == "keda.sh/v1alpha1"
    assert scaled["spec"].keys() == {
        "scaleTargetRef",
        "minReplicaCount",
        "maxReplicaCount",
        "pollingInterval",
        "advanced",
        "triggers",
    }
    autoscaler = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
    (policy,) = autoscaler["behavior"]["scaleDown"]["policies"]
    assert policy == {"type": "Pods", "value": 1, "periodSeconds": 60}
    assert authentication["spec"] == {
        "secretTargetRef": [
            {"parameter": "host", "name": "inventory-worker", "key": "rabbitmq-management-url"}
        ]
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_kustomization_names_every_manifest(folder: Path) -> None:
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(read_manifests(folder)["Kustomization"]["resources"]) == files


def test_the_release_is_that_of_the_package() -> None:
    (image,) = MANIFESTS["Kustomization"]["images"]
    assert image["newTag"] == __version__
    assert CONSOLE["Kustomization"]["images"] == [image]
    assert {container(kind)["image"] for kind in WORKLOADS} == {image["name"]}
    job = MANIFESTS["Job"]["metadata"]["name"]
    assert job == f"inventory-worker-migrate-{__version__.replace('.', '-')}"


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_pod_can_write_nowhere_and_gain_nothing(kind: str) -> None:
    assert pod(kind)["automountServiceAccountToken"] is False
    assert pod(kind)["securityContext"]["runAsNonRoot"] is True
    assert pod(kind)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(kind)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("kind", WORKLOADS)
def test_no_service_of_the_namespace_sets_our_variables(kind: str) -> None:
    assert pod(kind)["enableServiceLinks"] is False


@pytest.mark.parametrize("kind", WORKLOADS)
def test_secrets_come_from_files(kind: str) -> None:
    environment = {entry["name"]: entry["value"] for entry in container(kind)["env"]}
    (mount,) = [m for m in container(kind)["volumeMounts"] if m["name"] == "secrets"]
    assert environment
    for name, path in environment.items():
        assert name.removesuffix("_FILE") in {"DATABASE_URL", "RABBITMQ_URL"}
        assert path.startswith(mount["mountPath"] + "/")


def test_workers_and_migration_log_in_as_different_roles() -> None:
    names = [pod(kind)["volumes"][0]["secret"]["secretName"] for kind in ("Deployment", "Job")]
    assert names == ["inventory-worker", "inventory-worker-migrate"]


def test_the_configuration_names_variables_of_the_worker() -> None:
    data = MANIFESTS["ConfigMap"]["data"]
    assert data.keys() <= {name.upper() for name in Settings.model_fields}
    assert all(isinstance(value, str) for value in data.values())
    assert container("Deployment")["envFrom"] == [
        {"configMapRef": {"name": MANIFESTS["ConfigMap"]["metadata"]["name"]}}
    ]


def test_kubernetes_waits_longer_than_the_worker_needs_to_stop() -> None:
    shutdown_timeout = float(MANIFESTS["ConfigMap"]["data"]["WORKER_SHUTDOWN_TIMEOUT"])
    assert pod("Deployment")["terminationGracePeriodSeconds"] >= shutdown_timeout + 20


def test_only_a_stuck_worker_is_restarted() -> None:
    worker = container("Deployment")
    assert worker["ports"] == [
        {"name": "http", "containerPort": Settings.model_fields["worker_http_port"].default}
    ]
    assert worker["livenessProbe"]["httpGet"] == {"path": "/health/live", "port": "http"}
    assert worker["startupProbe"]["httpGet"] == {"path": "/health/live", "port": "http"}
    assert worker["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}


def test_keda_alone_says_how_many_workers_there_are() -> None:
    target = MANIFESTS["ScaledObject"]["spec"]["scaleTargetRef"]["name"]
    assert target == MANIFESTS["Deployment"]["metadata"]["name"]
    assert "replicas" not in MANIFESTS["Deployment"]["spec"]


def test_keda_counts_the_messages_that_workers_hold_too() -> None:
    (trigger,) = MANIFESTS["ScaledObject"]["spec"]["triggers"]
    assert trigger["type"] == "rabbitmq"
    assert trigger["metadata"] == {
        "protocol": "http",
        "mode": "QueueLength",
        "queueName": MAIN_QUEUE,
        "value": str(2 * int(MANIFESTS["ConfigMap"]["data"]["WORKER_PREFETCH"])),
    }
    authentication = MANIFESTS["TriggerAuthentication"]
    assert trigger["authenticationRef"] == {"name": authentication["metadata"]["name"]}


def test_all_workers_together_leave_room_in_postgresql() -> None:
    pool = Settings.model_fields["worker_pool_size"].default
    most = MANIFESTS["ScaledObject"]["spec"]["maxReplicaCount"] + 1  # one more in a rollout
    assert most * pool <= POSTGRES_CONNECTIONS // 2


def test_the_console_believes_a_proxy_and_nobody_else() -> None:
    data = {name.lower(): value for name, value in CONSOLE["ConfigMap"]["data"].items()}
    settings = ConsoleSettings.model_validate(data)
    assert settings.console_user_header == "X-Forwarded-User"
    assert settings.console_group_rights["oncall"] == {Right.LOOK, Right.REPLAY}
    assert settings.console_group_rights["leads"] == set(Right)
    (ingress,) = CONSOLE["NetworkPolicy"]["spec"]["ingress"]
    assert ingress == {
        "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "oauth2-proxy"}}}],
        "ports": [{"port": "http"}],
    }
    labels = CONSOLE["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert CONSOLE["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": labels}
    assert CONSOLE["Service"]["spec"]["selector"] == labels


def test_the_console_is_configured_as_the_workers_are() -> None:
    names = [each["configMapRef"]["name"] for each in container("console")["envFrom"]]
    assert names == [each["ConfigMap"]["metadata"]["name"] for each in (MANIFESTS, CONSOLE)]
    assert container("console")["args"] == ["console"]


async def test_the_probes_of_the_console_need_nobody_who_is_signed_in() -> None:
    data = {name.lower(): value for name, value in CONSOLE["ConfigMap"]["data"].items()}
    worker = Settings.model_validate(
        {"database_url": "postgresql://d/d", "rabbitmq_url": "amqp://r"}
    )
    app = create_app(worker, ConsoleSettings.model_validate(data))
    console = container("console")
    assert console["ports"] == [
        {"name": "http", "containerPort": ConsoleSettings.model_fields["console_port"].default}
    ]
    probes = {f"{name}Probe" for name in ("liveness", "startup", "readiness")}
    (probed,) = {(each["path"], each["port"]) for each in (console[p]["httpGet"] for p in probes)}
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.2:8090") as kubelet:
        answers = [await kubelet.get(path) for path in (probed[0], "/")]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert probed[1] == "http"
