"""`make pictures`: the console with the dead letters of `make demo`, as the README shows it."""

import asyncio
import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.chromium import PROGRAM, Chromium, Tab
from dev.demo import ROOT, environment_of, on_servers, publishing_worker
from dev.servers import Servers
from dev.worker_process import PATIENCE_SECONDS

FOLDER = ROOT / "docs" / "pictures"
WIDTH, LONGEST = 1120, 900
_ADDRESS = re.compile(r"console: (http://\S+)/\n")


def main() -> int:
    """Return 1 without a browser."""
    if PROGRAM is None:
        print("chromium is not there: apt-get install chromium", file=sys.stderr)
        return 1
    return on_servers("pictures", _take)


def _take(servers: Servers) -> int:
    with publishing_worker(servers), _console(servers) as url:
        asyncio.run(_photograph(url))
    return 0


@contextmanager
def _console(servers: Servers) -> Iterator[str]:
    """The address of a console, which is ended at the end."""
    environment = {**environment_of(servers), "CONSOLE_PORT": "0", "LOGNAME": "ana"}
    command = [sys.executable, "-m", "worker", "console"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as console:
        try:
            assert console.stdout is not None
            told = next(filter(None, map(_ADDRESS.search, console.stdout)), None)
            if told is None:
                sys.exit("the console has ended; its reason is above")
            yield told[1]
        finally:
            console.terminate()
            console.wait(PATIENCE_SECONDS)


async def _photograph(url: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        async with Chromium.start(Path(profile)) as browser:
            tab = await browser.open_tab(width=WIDTH)
            await tab.open(url)
            await _save(tab, "console-overview.png")
            await tab.open(f"{url}/replay?code=message-id-reused")
            await _save(tab, "console-replay.png")


async def _save(tab: Tab, name: str) -> None:
    """The page, or its beginning."""
    height = min(LONGEST, await tab.evaluate("document.body.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    taken = await tab.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / name).write_bytes(base64.b64decode(taken["data"]))
    print(FOLDER / name)


if __name__ == "__main__":
    sys.exit(main())
