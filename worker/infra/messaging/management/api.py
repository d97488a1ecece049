"""Reads RabbitMQ's management API, which tells what a client cannot see."""

import asyncio
import json
import ssl
from base64 import b64encode
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class ManagementError(Exception):
    """The API cannot be read; the message has no part of the URL."""


class ManagementApi:
    """GET requests alone; `http(s)://user:password@host:15672`, with `?cafile=` where needed."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds

    async def get(self, *path: str) -> Any:  # noqa: ANN401 - JSON
        """The document at `/api/…`; each part of the path is encoded.

        Raises:
            ManagementError: there is none.
        """
        where = "/".join(quote(part, safe="") for part in path)
        try:
            status, body = await asyncio.to_thread(self._read, f"{self._url.path}/api/{where}")
            document = json.loads(body)
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

    def _read(self, target: str) -> tuple[int, bytes]:
        connection = self._connect()
        user, password = (unquote(part or "guest") for part in self._credentials)
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        try:
            connection.request("GET", target, headers={"Authorization": f"Basic {credentials}"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    @property
    def _credentials(self) -> tuple[str | None, str | None]:
        return self._url.username, self._url.password

    def _connect(self) -> HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "http":
            return HTTPConnection(host, port, timeout=self._seconds)
        cafile = parse_qs(self._url.query).get("cafile", [None])[-1]
        context = ssl.create_default_context(cafile=cafile)
        return HTTPSConnection(host, port, timeout=self._seconds, context=context)
