import json
import re
import subprocess

import pytest

from tests.deployment.files import (
    DOCKERFILE,
    KUBERNETES,
    ROOT,
    find_all,
    find_one,
    read_manifests,
    read_stages,
    seconds,
    tool,
)
from worker import __version__
from worker.cli.migrate import alembic_ini

BUILD, SHIPPED = read_stages()


def test_the_image_is_built_in_one_stage_and_shipped_from_another() -> None:
    assert find_one(BUILD, "FROM") == "python:3.13-slim AS build"
    assert find_one(SHIPPED, "FROM") == "python:3.13-slim"
    assert not [run for run in find_all(SHIPPED, "RUN") if "pip" in run]


def test_dependencies_are_installed_as_locked() -> None:
    install = next(run for run in find_all(BUILD, "RUN") if "pip" in run)
    assert "--require-hashes" in install
    assert "--no-deps" in install
    assert "--only-binary=:all:" in install
    assert install.endswith("-r /build/requirements.txt")


def test_every_locked_dependency_has_a_hash() -> None:
    locked = (ROOT / "requirements.txt").read_text()
    names = re.findall(r"(?m)^\S+==", locked)
    hashed = re.findall(r"(?m)^\S+==[^\n]*\\\n\s+--hash=sha256:", locked)
    assert len(hashed) == len(names) > 0


def test_the_version_of_the_label_cannot_drift_from_the_package() -> None:
    for stage in (BUILD, SHIPPED):
        assert f"VERSION={__version__}" in find_all(stage, "ARG")
    assert 'org.opencontainers.image.version="$VERSION"' in find_one(SHIPPED, "LABEL")
    # A --build-arg that lies stops the build: test_image.py sees it happen.
    assert any(
        "worker.__version__" in run and '"$VERSION"' in run for run in find_all(BUILD, "RUN")
    )


def test_the_user_is_a_number_and_not_root() -> None:
    uid, gid = find_one(SHIPPED, "USER").split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert f"--uid {uid} --gid {gid}" in " ".join(find_all(SHIPPED, "RUN"))


def test_kubernetes_runs_the_user_of_the_image() -> None:
    uid, gid = map(int, find_one(SHIPPED, "USER").split(":"))
    manifests, console = read_manifests(), read_manifests(KUBERNETES / "console")
    for workload in (manifests["Deployment"], manifests["Job"], console["Deployment"]):
        context = workload["spec"]["template"]["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (uid, gid, gid)


def test_nothing_is_shipped_but_what_the_build_stage_made() -> None:
    assert all(copy.startswith("--from=build ") for copy in find_all(SHIPPED, "COPY"))


def test_sigterm_reaches_the_worker_without_a_shell_between() -> None:
    assert json.loads(find_one(SHIPPED, "ENTRYPOINT")) == ["python", "-m", "worker"]
    assert json.loads(find_one(SHIPPED, "CMD")) == ["run"]
    assert find_one(SHIPPED, "STOPSIGNAL") == "SIGTERM"


def test_the_health_check_tells_its_reason_before_it_is_killed() -> None:
    options, _, command = find_one(SHIPPED, "HEALTHCHECK").partition(" CMD ")
    script = json.loads(command)[-1].removeprefix("/app/")
    source = (ROOT / "deploy" / "container" / script).read_text()
    answer_seconds = re.search(r"(?m)^ANSWER_SECONDS = (\d+)", source)
    timeout = re.search(r"--timeout=(\S+)", options)
    assert answer_seconds
    assert timeout
    assert int(answer_seconds[1]) < seconds(timeout[1])


def test_the_migrations_lie_where_the_command_looks_for_them() -> None:
    copies = [copy.split() for copy in find_all(BUILD, "COPY")]
    at_app = {source.rstrip("/") for *sources, _ in copies for source in sources}
    assert find_all(BUILD, "WORKDIR") == find_all(SHIPPED, "WORKDIR") == ["/app"]
    assert {"worker", "alembic", str(alembic_ini().relative_to(ROOT))} <= at_app


def test_the_builder_is_sent_what_is_copied_and_no_more() -> None:
    everything, *exceptions = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    sent = {line.removeprefix("!") for line in exceptions if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for copy in find_all(BUILD, "COPY")
        for source in copy.split()[:-1]
        if not source.startswith("--")
    }
    assert everything == "*"
    assert {path for path in copied if not path.startswith("deploy/container/")} == (
        sent - {"deploy/container"}
    )
    assert all((ROOT / path).exists() for path in sent | copied)


@pytest.mark.needs_tools
def test_hadolint_has_nothing_to_say() -> None:
    lint = subprocess.run(
        [tool("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert lint.returncode == 0, lint.stdout
