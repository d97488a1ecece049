class RefusedError(Exception):
    """A request that gets no page; the message is for the person who made it."""

    status = 403


class NotSignedInError(RefusedError):
    """Nobody says who this is."""

    status = 401


class TooManyLoginsError(RefusedError):
    """Too many wrong passwords."""

    status = 429

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"too many wrong logins: try again in {seconds:.0f} s")
