from worker.infra.telemetry.metrics import Metrics


class _NoPool:
    def checkedout(self) -> int:
        return 0

    def checkedin(self) -> int:
        return 0


def all_metrics() -> Metrics:
    """All metrics, including those that need a database."""
    metrics = Metrics()
    metrics.watch_pool(_NoPool)
    return metrics
