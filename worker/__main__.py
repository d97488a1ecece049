"""`python -m worker`, which is process 1 of a container: a signal without a handler is lost there."""

import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

from worker.cli import main  # noqa: E402 - the imports take a second, in which SIGTERM may come

main()
