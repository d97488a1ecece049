"""The error that callers show to the user."""


class ServersUnavailableError(Exception):
    """No servers are available; the message is one line that says what to do."""
