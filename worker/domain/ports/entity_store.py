from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

E = TypeVar("E")


class EntityStore(Protocol[E]):
    """Entities of one kind, to be changed inside one transaction.

    None of the three does anything, or costs a round trip, when given nothing.
    """

    async def lock(self, ids: Collection[str], /) -> Mapping[str, E]:
        """Those of the entities that exist, held until the transaction ends.

        Locks are taken in the order of the ids, so that two workers cannot wait for
        each other in a circle.
        """
        ...

    async def add(self, entities: Collection[E], /) -> None:
        """Stores new ones.

        Raises:
            ConcurrentChangeError: another transaction created one of them meanwhile.
        """
        ...

    async def update(self, entities: Collection[E], /) -> None:
        """Stores what can change of those that were locked before."""
        ...
