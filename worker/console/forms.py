"""Reads forms, of a bounded size, in the one encoding that our pages use."""

from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams
from starlette.requests import Request

from worker.console.auth.refusals import RefusedError

LARGEST_BYTES = 1024 * 1024
"""Above any body that an event may have, also in the encoding of a form."""

_MOST_FIELDS = 200
_ENCODING = "application/x-www-form-urlencoded"


class TooLargeFormError(RefusedError):
    """The form is larger than any of ours."""

    status = 413


async def read_form(request: Request) -> QueryParams:
    """The fields of a form.

    Raises:
        RefusedError: it is no form of ours.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != _ENCODING:
        raise RefusedError("this is no form of the console")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise TooLargeFormError(f"a form has {LARGEST_BYTES} bytes at most")
    try:
        fields = parse_qsl(
            body.decode("ascii", "strict"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise RefusedError("this is no form of the console") from None
    return QueryParams(fields)
