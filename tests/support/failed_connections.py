import gc


def collect_failed_connections() -> None:
    """Collects connections that never opened, while a loop runs.

    aio-pika's `__del__` needs a loop; without one its warning would fail whichever test runs then.
    """
    gc.collect()
