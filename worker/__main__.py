"""`inventory-worker`, and `python -m worker`: process 1 of a container."""

import gc
import signal
import sys

# A process 1 ignores a signal without a handler, and the imports take a second.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
gc.disable()  # nothing that is imported becomes garbage: looking for it is a sixth of that second

from worker.cli import main  # noqa: E402 - as said

gc.enable()

if __name__ == "__main__":
    main()
