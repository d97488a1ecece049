from collections.abc import Callable, Collection

from worker.application.catalog_state import CatalogState
from worker.application.store_changes import store_changes
from worker.application.use_cases.take_in import take_in
from worker.domain.entities.early_observation import plan_ids_of
from worker.domain.ports.unit_of_work import UnitOfWork


class TakeInLeftBehind:
    """Takes in what waits although its car exists.

    A worker of the release before creates a car without it.
    """

    def __init__(self, unit_of_work: Callable[[], UnitOfWork]) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, car_ids: Collection[str]) -> None:
        """Does so for these cars, those of them that exist.

        Raises:
            ConcurrentChangeError, StoreUnavailableError, StatementRefusedError: nothing is changed.
        """
        async with self._unit_of_work() as work:
            cars = await work.cars.lock(car_ids)
            waiting = await work.early_observations.lock(created=cars.keys(), awaited=())
            plans = await work.financing_plans.lock(plan_ids_of(waiting))
            catalog = CatalogState(cars, plans, waiting)
            for car in cars.values():
                catalog.note(take_in(car, catalog.waiting.of(car.id), catalog.plan_in_place))
            await store_changes(work, catalog)
            await work.commit()
