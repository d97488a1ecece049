"""The one error that a caller shows to a person."""


class ServersUnavailableError(Exception):
    """There are no servers to work with; the message says in a line what to do about it."""
