from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

E = TypeVar("E")


class EntityStore(Protocol[E]):
    """Entities of one kind, changed inside one transaction.

    Without ids or entities, the methods do nothing and make no round trip.
    """

    async def lock(
        self, ids: Collection[str], /, *, whole: Collection[str] | None = None
    ) -> Mapping[str, E]:
        """The entities that exist, locked until the transaction ends.

        Locks are taken in the order of the ids, so that two workers cannot deadlock. Those not in
        `whole` may lack a part that is seldom asked for, the listing of a car; None means all.
        """
        ...

    async def add(self, entities: Collection[E], /) -> None:
        """Stores new entities.

        Raises:
            ConcurrentChangeError: another transaction has created one of them.
        """
        ...

    async def update(self, entities: Collection[E], /) -> None:
        """Stores the mutable fields of entities that were locked before."""
        ...
