from enum import StrEnum


class Right(StrEnum):
    """What a person may do in the console."""

    LOOK = "look"
    REPLAY = "replay"
    DISCARD = "discard"
    EDIT = "edit"


Rights = frozenset[Right]
ALL: Rights = frozenset(Right)
ONLY_LOOK: Rights = frozenset({Right.LOOK})
"""What somebody may who is given nothing else; every other right includes it."""


def parse_rights(text: str) -> Rights:
    """Reads `look,replay`.

    Raises:
        ValueError: there is no such right.
    """
    names = [name for part in text.split(",") if (name := part.strip())]
    if unknown := [name for name in names if name not in set(Right)]:
        raise ValueError(f"{unknown[0]!r} is no right: there are {', '.join(Right)}")
    return ONLY_LOOK.union(map(Right, names))


def told(rights: Rights) -> str:
    """The same as text, in the order of the rights."""
    return ",".join(right for right in Right if right in rights)
