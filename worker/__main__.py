"""`inventory-worker`, and `python -m worker`: process 1 of a container."""

import gc
import os
import signal
import sys

TERMINATED = 128 + signal.SIGTERM

# A process 1 ignores a signal without a handler, and the imports take a second. An exception
# could be lost in there: imports run callbacks whose exceptions Python only prints.
signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
gc.disable()  # nothing that is imported becomes garbage: looking for it is a sixth of that second

from worker.cli import main  # noqa: E402 - as said

gc.enable()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))

if __name__ == "__main__":
    main()
