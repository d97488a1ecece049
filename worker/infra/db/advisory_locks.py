from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Keys of PostgreSQL's advisory locks: one number for each thing that one does at a time."""

    MIGRATING = 4_206_871_553
    CHANGING_DEAD_LETTERS = 4_206_871_554
    LOOKING_AT_DEAD_LETTERS = 4_206_871_555
    PRUNING = 4_206_871_556


GATES_OF_CARS = 420_687
"""The first of the two keys of each gate (see `car_gates.py`); the second is its number."""
