"""What the worker's HTTP server answers."""

from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from worker.health import Health
from worker.infra.http.server import Answer, Routes
from worker.infra.telemetry.metrics import Metrics


def routes(health: Health, metrics: Metrics) -> Routes:
    """Liveness, readiness and metrics, by path."""
    return {
        "/health/live": lambda: Answer.health(health.live_problems()),
        "/health/ready": lambda: _readiness(health),
        "/metrics": lambda: Answer(
            HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(metrics.registry)
        ),
    }


def _readiness(health: Health) -> Answer:
    pause = health.pause
    return Answer.health(health.ready_problems(), None if pause is None else str(pause))
