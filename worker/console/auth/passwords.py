"""Salted hashes of passwords, as the users file has them."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Self

_NAME = "scrypt"
_N, _R, _P = 2**14, 8, 5
"""16 MiB and about a fifth of a second for each guess, as OWASP's cheat sheet has it."""

_MOST_MEMORY = 64 * 1024 * 1024
_BYTES = 32


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What remains of a password; its text is `scrypt$n$r$p$salt$hash`."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> Self:
        """A new hash, with a salt of its own."""
        salt = secrets.token_bytes(16)
        return cls(_N, _R, _P, salt, _scrypt(password, salt, _N, _R, _P))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the text.

        Raises:
            ValueError: it is no hash.
        """
        name, *numbers, salt, digest = text.split("$")
        if name != _NAME:
            raise ValueError("the hash is none of scrypt")
        n, r, p = map(int, numbers)
        return cls(n, r, p, base64.b64decode(salt), base64.b64decode(digest))

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"{_NAME}${self.n}${self.r}${self.p}${salt}${digest}"

    def matches(self, password: str) -> bool:
        """Tells whether this is the password; takes its time."""
        made = _scrypt(password, self.salt, self.n, self.r, self.p)
        return hmac.compare_digest(made, self.digest)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=n,
        r=r,
        p=p,
        maxmem=_MOST_MEMORY,
        dklen=_BYTES,
    )
