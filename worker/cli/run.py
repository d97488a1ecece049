import asyncio


def run() -> None:
    """Run the worker in the foreground, until SIGTERM or Ctrl-C."""
    from worker.composition.worker import run_worker
    from worker.dead_letters.jobs.hosting import JobHost
    from worker.infra.durations import DEFAULT_DURATIONS
    from worker.infra.telemetry.logging import configure_logging
    from worker.settings import read_settings

    settings = read_settings()
    configure_logging(settings.worker_log_level, settings.worker_log_format)
    host = JobHost(settings, DEFAULT_DURATIONS)
    asyncio.run(run_worker(settings, host_jobs=host.run))
