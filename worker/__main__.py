"""`python -m worker`: process 1 of a container, where a signal without a handler is lost."""

import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

from worker.cli import main  # noqa: E402 - the imports take a second, in which SIGTERM may come

main()
