import re

from worker.domain.errors import InvalidValueError

_ENTITY_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


def parse_entity_id(text: str) -> str:
    """Parses the id of a car or a plan: 1 to 64 characters safe in keys, URLs and shells."""
    if _ENTITY_ID.fullmatch(text) is None:
        raise InvalidValueError(text, "1 to 64 characters of A-Z a-z 0-9 . _ : -")
    return text
