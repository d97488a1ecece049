"""Walks through forms as a browser without scripts does."""

import asyncio

import httpx

from tests.console.page import Page, get

PATIENCE_SECONDS = 90


async def send(browser: httpx.AsyncClient, page: Page, action: str, **fields: str) -> Page:
    """Sends a form of a page; follows where the answer leads."""
    form = page.form(action)
    data = {**form.fields, **fields}
    answer = await browser.request(form.method.upper(), action, data=data, follow_redirects=True)
    return Page(answer)


async def wait_job(browser: httpx.AsyncClient, page: Page) -> Page:
    """Loads the page of a job until it has ended, as the page does itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while 'http-equiv="refresh"' in page.html:
            await asyncio.sleep(0.2)
            page = await get(browser, page.address)
    return page


async def wait_text(browser: httpx.AsyncClient, page: Page, expected: str) -> Page:
    """Loads the page of a job until it says so, at the latest until the job has ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while expected not in page.text:
            assert 'http-equiv="refresh"' in page.html, page.text
            await asyncio.sleep(0.1)
            page = await get(browser, page.address)
    return page
