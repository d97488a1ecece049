import asyncio

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.car_events import creation
from tests.support.messages import message_of
from tests.support.settling import RecordingChannel, delivery_of
from worker.application.batch import no_dead_letters
from worker.application.outcomes import Outcome, Result
from worker.infra.messaging.consuming.received import Received
from worker.infra.tracing.spans import BatchTracing


class NoSettler:
    def settle(self, settled: object) -> None: ...
    async def settle_failure(self, received: object, failure: object) -> bool:
        del received, failure
        return True


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


async def test_of_two_batches_at_a_time_each_message_is_linked_to_its_own_transaction(
    spans: InMemorySpanExporter,
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracing = BatchTracing(provider.get_tracer("test"))
    settler = tracing.settling(NoSettler())
    both_begun = asyncio.Barrier(2)

    async def handle(*car_ids: str) -> None:
        received = [
            Received(delivery_of(1, RecordingChannel()), message_of(creation(id_)))
            for id_ in car_ids
        ]

        async def commit(*_: object) -> list[Result]:
            await both_begun.wait()
            return [Outcome.APPLIED for _ in received]

        results = await tracing.applying(commit)([r.content for r in received], no_dead_letters)
        await both_begun.wait()
        settler.settle(list(zip(received, results, strict=True)))

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(handle("a"))
        group.create_task(handle("b", "c"))

    sizes = {
        span.context.span_id: (span.attributes or {})["messaging.batch.message_count"]
        for span in spans.get_finished_spans()
        if span.name == "apply batch" and span.context is not None
    }
    linked = {
        (span.attributes or {})["inventory.car_id"]: sizes[link.context.span_id]
        for span in spans.get_finished_spans()
        for link in span.links
    }
    assert linked == {"a": 1, "b": 2, "c": 2}
