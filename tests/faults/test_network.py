import time

from tests.faults.drill import SMALL_BATCHES, Drill

BAD_ACK = bytes.fromhex("01 0001 0000000d 003c 0050 00000000ffffffff 00 ce")
"""basic.ack on channel 1, of a delivery that never was."""


async def test_both_connections_cut(drill: Drill, full: bool) -> None:
    drill.start_workers(2, **SMALL_BATCHES)
    cuts, events = (20, 1500) if full else (2, 300)

    for _ in range(cuts):
        await drill.publish(drill.poison(events // 20))
        async with drill.load(events):
            drill.faults += drill.site.postgres_network.cut() + drill.site.rabbitmq_network.cut()
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_both_connections_half_open(drill: Drill, full: bool) -> None:
    """No packet and no close: only silence tells that they are dead."""
    url = drill.site.worker_rabbitmq_url
    soon = {} if full else {"url": f"{url}?heartbeat=3", "SILENCE_SECONDS": "5"}
    drill.start_workers(1, **SMALL_BATCHES, **soon)
    freezes, events = (3, 2000) if full else (1, 400)

    for _ in range(freezes):
        async with drill.load(events):
            drill.faults += drill.site.postgres_network.freeze()
            drill.faults += drill.site.rabbitmq_network.freeze()
            began = time.monotonic()
        await drill.recovery(began)
        drill.site.postgres_network.thaw()
        drill.site.rabbitmq_network.thaw()

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_channel_closed_by_a_precondition_failure(drill: Drill, full: bool) -> None:
    drill.start_workers(1, **SMALL_BATCHES)
    failures, events = (10, 1500) if full else (2, 300)

    for _ in range(failures):
        async with drill.load(events):
            drill.site.rabbitmq_network.inject(BAD_ACK)
            drill.faults += 1
            began = time.monotonic()
        await drill.recovery(began)

    assert "PRECONDITION_FAILED" in drill.workers[0].log
    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
