"""Exit codes of a command that did not do what was asked for."""

FAILED = 1
WRONG_USAGE = 2
