"""A drill on a PostgreSQL pair."""

from dataclasses import dataclass

from tests.cluster.postgresql_pair import PostgresPair
from tests.cluster.postgresql_site import PairSite
from tests.faults.drill import Drill


@dataclass
class PairDrill(Drill):
    """A drill whose site has a pair."""

    site: PairSite

    @property
    def pair(self) -> PostgresPair:
        return self.site.pair
