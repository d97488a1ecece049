"""The workaround of `amqp/tolerant_properties.py`: that it helps, and is needed.

What the worker makes of such messages is told in `tests/bad_input`.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Callable

import pytest

from dev.servers import Servers
from tests.bad_input.row import Row
from tests.bad_input.undecodable import UNDECODABLE, UNDECODABLE_NAMES
from tests.conftest import ROOT, StartWorker
from tests.dlq.dead_letters import sweep_once
from tests.support.raw_publisher import (
    BASIC_CLASS,
    HEADER_FRAME,
    METHOD_FRAME,
    content_header,
    frame,
    raw_publisher,
    short,
)

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]

DELIVER_METHOD = 60
PAMQP_ALONE = """
import sys
from pamqp.frame import unmarshal

for line in sys.stdin:
    try:
        unmarshal(bytes.fromhex(line))
        print("decoded")
    except Exception:
        print("refused")
"""

ODD = {**UNDECODABLE, **UNDECODABLE_NAMES}


def frames_of(name: str) -> list[bytes]:
    """The frames in which a broker would deliver the message, without its body."""
    odd = ODD[name]
    tag_and_flags = struct.pack(">Q?", 1, False)
    target = short(b"ctag") + tag_and_flags + short(b"inventory.events") + short(odd.routing_key)
    delivery = struct.pack(">HH", BASIC_CLASS, DELIVER_METHOD) + target
    properties = Row(None, properties=odd.properties).message(name).properties
    return [frame(METHOD_FRAME, delivery), frame(HEADER_FRAME, content_header(properties, 2))]


def decode_with_pamqp_alone(frames: list[bytes]) -> list[str]:
    """Whether each can be decoded by a process that knows nothing of us."""
    done = subprocess.run(
        [sys.executable, "-c", PAMQP_ALONE],
        input="\n".join(frame.hex() for frame in frames),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout.split()


def test_pamqp_decodes_what_is_not_odd() -> None:
    good = Row(None).message("good").properties

    assert decode_with_pamqp_alone([frame(HEADER_FRAME, content_header(good, 2))]) == ["decoded"]


@pytest.mark.parametrize("name", ODD)
def test_the_workaround_is_still_needed(name: str) -> None:
    assert "refused" in decode_with_pamqp_alone(frames_of(name)), (
        "pamqp decodes this by itself now: what of the workaround can go?"
    )


@pytest.mark.parametrize("as_json", [True, False])
async def test_dead_letters_are_listed_whatever_they_hold(
    as_json: bool,
    start_worker: StartWorker,
    empty: Servers,
    inventory_worker: InventoryWorker,
) -> None:
    start_worker().terminate()  # has declared the queues
    async with raw_publisher(empty.rabbitmq_url) as publisher:
        for name, odd in ODD.items():
            message = Row(None, properties=odd.properties).message(name)
            dead_letters = b"inventory-worker.dead-letters"
            await publisher.publish(b"{}", message.properties, dead_letters, b"inventory-worker")

    await sweep_once(empty)

    listed = inventory_worker("dlq", "list", *(["--json"] if as_json else []))

    assert (listed.returncode, listed.stderr) == (0, "")
    total = json.loads(listed.stdout)["total"] if as_json else int(listed.stdout.split()[0])
    assert total == len(ODD)
