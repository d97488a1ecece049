"""`inventory-worker`, and `python -m worker`: process 1 of a container."""

import gc
import os
import signal
import sys

TERMINATED = 128 + signal.SIGTERM

# Process 1 ignores signals without a handler, and the imports take a second. The handler raises no
# exception, which could be lost: imports run callbacks whose exceptions Python only prints.
signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
gc.disable()  # imports create no garbage: collecting would take a sixth of that second

from worker.cli import main  # noqa: E402 - see above

gc.enable()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))

if __name__ == "__main__":
    main()
