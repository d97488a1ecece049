"""Drives Debian's chromium through its DevTools pipe, which needs no driver and no package."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_SECONDS = 120

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_PIPES = 'program=$1; shift; exec "$program" "$@" 3<&{0} 4>&{1}'
_CENTRE = """(() => {{
    const found = [...document.querySelectorAll('a, button')]
        .find(each => each.textContent.trim() === {0});
    if (!found) throw new Error('no ' + {0} + ' in ' + document.body.innerText);
    found.scrollIntoView({{block: 'center'}});
    const box = found.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}})()"""


_BY_CLICK = {"anchorClick", "formSubmissionGet", "formSubmissionPost"}
"""Reasons of a navigation; a page that loads itself anew has others."""


class BrowserError(Exception):
    """The browser refused a command, or a script threw an error."""


class Chromium:
    """The pipe to one browser."""

    def __init__(self, reader: asyncio.StreamReader, commands: int) -> None:
        self._reader = reader
        self._commands = commands
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._documents: set[str] = set()
        self._clicked: dict[str, asyncio.Future[str]] = {}
        self._leaving: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path) -> AsyncIterator[Self]:
        """A browser with a fresh profile, ended at the end."""
        assert PROGRAM is not None
        (their_commands, commands), (answers, their_answers) = os.pipe(), os.pipe()
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", _PIPES.format(their_commands, their_answers), "bash", PROGRAM, *_FLAGS),
            *("--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"),
            pass_fds=(their_commands, their_answers),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        os.close(their_commands)
        os.close(their_answers)
        reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(answers, "rb")
        )
        browser = cls(reader, commands)
        listening = asyncio.create_task(browser._listen())
        try:
            yield browser
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            transport.close()
            os.close(commands)
            process.kill()
            await process.wait()

    async def open_tab(self, *, width: int = 1280, scripts: bool = True) -> "Tab":
        """A new tab; without scripts as with a browser that has them switched off."""
        created = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call(
            "Target.attachToTarget", targetId=created["targetId"], flatten=True
        )
        tab = Tab(self, attached["sessionId"])
        await tab.call("Page.enable")
        await tab.call("Page.setLifecycleEventsEnabled", enabled=True)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        await tab.call("Emulation.setDeviceMetricsOverride", **size)
        await tab.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        return tab

    async def call(
        self, method: str, session: str | None = None, **params: object
    ) -> dict[str, Any]:
        """A command, and what it returns."""
        number = len(self._answers) + 1
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        command = {"id": number, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        async with asyncio.timeout(PATIENCE_SECONDS):
            told = await answer
        if "error" in told:
            raise BrowserError(f"{method}: {told['error']}")
        return dict(told["result"])

    async def wait_document(self, loader: str) -> None:
        """Returns when this document was loaded, not one that reloads itself before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while loader not in self._documents:
                self._loaded.clear()
                await self._loaded.wait()

    def expect_document(self, session: str) -> asyncio.Future[str]:
        """Which document the next click in this tab leads to, once that is known."""
        self._clicked[session] = asyncio.get_running_loop().create_future()
        return self._clicked[session]

    async def _listen(self) -> None:
        while True:
            told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if "id" in told:
                self._answers[told["id"]].set_result(told)
            else:
                self._note(told["method"], told.get("sessionId", ""), told["params"])

    def _note(self, event: str, session: str, params: dict[str, Any]) -> None:
        if event == "Page.lifecycleEvent" and params["name"] == "load":
            self._documents.add(params["loaderId"])
            self._loaded.set()
        elif event == "Page.frameRequestedNavigation" and params["reason"] in _BY_CLICK:
            self._leaving.add(session)
        elif event == "Page.frameStartedNavigating" and session in self._leaving:
            self._leaving.remove(session)
            self._clicked.pop(session).set_result(params["loaderId"])


class Tab:
    """One page of a browser."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """A command about this page."""
        return await self._browser.call(method, self._session, **params)

    async def open(self, url: str) -> None:
        """Returns when it is loaded."""
        begun = await self.call("Page.navigate", url=url)
        await self._browser.wait_document(begun["loaderId"])

    async def click(self, target: str) -> None:
        """Clicks on the link or button with this text; waits for its page."""
        x, y = await self.evaluate(_CENTRE.format(json.dumps(target)))
        document = self._browser.expect_document(self._session)
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            await self.call("Input.dispatchMouseEvent", **event)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await document
        await self._browser.wait_document(document.result())

    async def fill(self, selector: str, value: str) -> None:
        """Replaces what a field holds, as by typing."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.call("Input.insertText", text=value)

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever JavaScript has
        """The value of an expression, once it is there."""
        told = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            raise BrowserError(told["exceptionDetails"]["exception"].get("description", told))
        return told["result"].get("value")

    async def text(self) -> str:
        """What a person reads."""
        return str(await self.evaluate("document.body.innerText"))

    async def wait_text(self, expected: str) -> str:
        """Returns when a person reads this, whether a script or a reload shows it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(BrowserError):  # between two pages
                    text = await self.text()
                    if expected in text:
                        return text
                await asyncio.sleep(0.2)
