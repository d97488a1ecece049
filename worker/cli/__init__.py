"""The command line `inventory-worker`."""

from worker.cli.main import main

__all__ = ["main"]
