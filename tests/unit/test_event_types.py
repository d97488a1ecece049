from typing import get_args, get_type_hints

from worker.application.commands import Command
from worker.infra.messaging.events.wire_events import EVENT_TYPES, WireEvent


def test_every_wire_event_is_served() -> None:
    assert set(EVENT_TYPES.values()) == set(WireEvent.__subclasses__())


def test_every_command_has_an_event_that_asks_for_it() -> None:
    asked = {get_type_hints(event.to_command)["return"] for event in EVENT_TYPES.values()}

    assert asked == set(get_args(Command))
