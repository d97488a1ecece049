"""What is deployed, as its files say it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
ENV_EXAMPLE = ROOT / ".env.example"
OBSERVABILITY = ROOT / "deploy" / "observability"
KUBERNETES = ROOT / "deploy" / "kubernetes"
RABBITMQ_CONF = ROOT / "deploy" / "compose" / "rabbitmq.conf"


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of the Dockerfile, with those that continue it."""

    name: str
    arguments: str


Stage = list[Instruction]


def read_yaml(path: Path) -> Any:
    """The only document of a file."""
    return yaml.safe_load(path.read_text())


def read_manifests(folder: Path = KUBERNETES) -> dict[str, Any]:
    """The Kubernetes objects by kind; there is one of each."""
    manifests = [
        document
        for path in sorted(folder.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]
    by_kind = {manifest["kind"]: manifest for manifest in manifests}
    assert len(by_kind) == len(manifests)
    return by_kind


def read_stages() -> list[Stage]:
    """The Dockerfile's instructions, stage by stage."""
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text()).replace("\\\n", " ")
    stages: list[Stage] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append(Instruction(name, " ".join(arguments.split())))
    return stages


def find_all(stage: Stage, name: str) -> list[str]:
    """The arguments of each instruction of this name."""
    return [instruction.arguments for instruction in stage if instruction.name == name]


def find_one(stage: Stage, name: str) -> str:
    """The arguments of the only instruction of this name."""
    (arguments,) = find_all(stage, name)
    return arguments


def seconds(duration: str) -> float:
    """Reads durations such as 90s or 1m."""
    units = {"s": 1, "m": 60, "h": 3600}
    return float(duration[:-1]) * units[duration[-1]]


def tool(name: str) -> str:
    """The path of a program; skips the test where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
