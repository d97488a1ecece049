"""Who has to act on a dead letter, by its error code: of ours, the contract mostly says it."""

import json
from collections.abc import Mapping
from functools import cache

from worker.domain.error_code import FORMER_CODES, ErrorCode
from worker.infra.contract_document import contract_file
from worker.infra.messaging.dead_letters.dead_letter import BROKER_CODES, FOREIGN

_NAMED = {"publisher": "its publisher", "operator": "the operators"}
_BROKER = (
    "probably who runs RabbitMQ. It was dead-lettered by RabbitMQ, without an error code of ours."
)
_FORMER = (
    "probably the operators. It is older than early events that wait for their car: replay it."
)
_FAULT = (
    "probably the operators. A fault of the worker, or a rule of the database that refused it: the "
    "detail says which."
)
_OTHERS = {
    ErrorCode.UNEXPECTED_ERROR: _FAULT,  # the contract tells publishers less
    **dict.fromkeys(BROKER_CODES, _BROKER),
    **dict.fromkeys(FORMER_CODES, _FORMER),
    FOREIGN: "probably who put it there. Neither the worker nor RabbitMQ did.",
}


def who_acts(code: str) -> str | None:
    """Who probably has to, and what the code means; None for a code that nobody explains."""
    if code in _OTHERS:
        return _OTHERS[code]
    told = _contract().get(code)
    return None if told is None else f"probably {_NAMED[told['acts']]}. {told['meaning']}"


@cache
def _contract() -> Mapping[str, Mapping[str, str]]:
    document = json.loads(contract_file("asyncapi.json").read_text("utf-8"))
    told: Mapping[str, Mapping[str, str]] = document["components"]["schemas"]["ErrorCode"][
        "x-error-codes"
    ]
    return told
