"""Reads RabbitMQ's management API, which tells what a client cannot see."""

import asyncio
import json
import ssl
from base64 import b64encode
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from worker.infra.server_urls import ServerUrl, ServerUrlError

_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class ManagementError(Exception):
    """The API cannot be read; the message has no part of the URL."""


class ManagementApi:
    """GET requests alone; `http(s)://user:password@host:15672`, with `?cafile=` where needed."""

    def __init__(self, url: ServerUrl, seconds: float) -> None:
        self._url = url
        self._seconds = seconds

    async def get(self, *path: str) -> Any:  # noqa: ANN401 - JSON
        """The document at `/api/…`; each part of the path is encoded.

        Raises:
            ManagementError: there is none.
        """
        where = "/".join(quote(part, safe="") for part in path)
        try:
            status, body = await asyncio.to_thread(self._read, f"/api/{where}")
            document = json.loads(body)
        except ServerUrlError as wrong:
            raise ManagementError(str(wrong)) from None
        except (OSError, HTTPException, ValueError) as error:
            raise ManagementError(f"RABBITMQ_MANAGEMENT_URL: {type(error).__name__}") from None
        if status in _REFUSED:
            raise ManagementError(
                f"RABBITMQ_MANAGEMENT_URL: /api/{where} is refused: its user needs "
                "the tag `monitoring` and a permission in the vhost"
            )
        if status == HTTPStatus.OK or "alarms" in document:  # alarms come with an error status
            return document
        raise ManagementError(
            f"RABBITMQ_MANAGEMENT_URL: /api/{where}: {document.get('reason', status)}"
        )

    def _read(self, path: str) -> tuple[int, bytes]:
        url = urlsplit(self._url())
        connection = _connect(url, self._seconds)
        user, password = (unquote(part or "guest") for part in (url.username, url.password))
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        try:
            connection.request("GET", f"{url.path}{path}", headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def _connect(url: SplitResult, seconds: float) -> HTTPConnection:
    host, port = url.hostname or "", url.port
    if url.scheme == "http":
        return HTTPConnection(host, port, timeout=seconds)
    cafile = parse_qs(url.query).get("cafile", [None])[-1]
    context = ssl.create_default_context(cafile=cafile)
    return HTTPSConnection(host, port, timeout=seconds, context=context)
