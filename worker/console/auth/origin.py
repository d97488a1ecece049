"""What a trusted proxy says of a connection that it forwards."""

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.requests import Request

from worker.console.auth.gates import Network, is_trusted


def is_https(request: Request, trusted: Sequence[Network]) -> bool:
    """Tells whether the browser came by HTTPS."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    return request.url.scheme == "https" or (
        forwarded.strip().lower() == "https" and is_trusted(request, trusted)
    )


def client_address(request: Request, trusted: Sequence[Network]) -> str:
    """Where the browser is: the last address that is no trusted proxy's."""
    peer = request.client.host if request.client else ""
    if not is_trusted(request, trusted):
        return peer
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        try:
            address = ip_address(hop.strip())
        except ValueError:
            break
        if not any(address in network for network in trusted):
            return str(address)
    return peer
