from dataclasses import dataclass

from worker.domain.errors import InvalidQueryError

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Paging:
    """A page of a result: `limit` rows (1 to 200) after the first `offset`.

    Raises:
        InvalidQueryError: the paging is invalid; the message lists all problems.
    """

    offset: int = 0
    limit: int = 20

    def __post_init__(self) -> None:
        problems = []
        if self.offset < 0:
            problems.append(f"offset {self.offset} is negative")
        if not 1 <= self.limit <= LARGEST_PAGE:
            problems.append(f"limit {self.limit} is not from 1 to {LARGEST_PAGE}")
        if problems:
            raise InvalidQueryError(problems)
