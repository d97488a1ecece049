from dataclasses import dataclass

from worker.console.auth.rights import Right, Rights


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at the console.

    `binding` is what the tokens against forged requests are made for: a session, or a name.
    `has_session` tells whether there is a session to leave.
    """

    name: str
    rights: Rights
    binding: str
    has_session: bool = False

    def may(self, right: Right) -> bool:
        """Tells whether they have a right."""
        return right in self.rights
