from worker.infra.telemetry.metrics import Metrics


class _NoPool:
    def checkedout(self) -> int:
        return 0

    def checkedin(self) -> int:
        return 0


def all_metrics() -> Metrics:
    """With those that only a worker with a database shows."""
    metrics = Metrics()
    metrics.watch_pool(_NoPool)
    return metrics
