"""Loads the certificate files of a URL as the drivers will, whose errors name no file."""

import ssl
from urllib.parse import parse_qs, urlsplit

_TRUSTED = ("sslrootcert", "sslcrl", "cafile")
_PAIRS = (("sslcert", "sslkey"), ("certfile", "keyfile"))


def find_certificate_problem(url: str) -> str | None:
    """What makes a file of the URL unusable, such as one that is half-written; None if all load."""
    parameters = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in _TRUSTED:
        if name in parameters:
            try:
                context.load_verify_locations(parameters[name])
            except OSError as error:
                return f"{name}={parameters[name]}: {_reason(error)}"
    for certificate, key in _PAIRS:
        if certificate in parameters and key in parameters:
            files = parameters[certificate], parameters[key]
            try:
                context.load_cert_chain(*files, lambda: parameters.get("sslpassword", ""))
            except OSError as error:
                return f"{certificate}={files[0]} with {key}={files[1]}: {_reason(error)}"
    return None


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        what = error.reason.replace("_", " ").lower() if error.reason else "not PEM, or not whole"
        return f"cannot be loaded: {what}"
    return str(error.strerror)
