from worker.application.catalog_state import CatalogState
from worker.domain.ports.unit_of_work import UnitOfWork
from worker.domain.value_objects.message_identity import MessageIdentity


async def store_changes(work: UnitOfWork, catalog: CatalogState) -> None:
    """Stores what was decided, in an order of locks that is the same everywhere."""
    waiting = catalog.waiting
    outcomes = {
        MessageIdentity(early.said.source, early.said.message_id): str(outcome)
        for early, outcome in waiting.taken
    }
    await work.processed_messages.amend(outcomes)
    await work.early_observations.remove([early for early, _ in waiting.taken])
    await work.early_observations.keep(waiting.kept)
    await work.cars.add(catalog.cars.added)
    await work.cars.update(catalog.cars.updated)
    await work.financing_plans.add(catalog.financing_plans.added)
    await work.financing_plans.update(catalog.financing_plans.updated)
