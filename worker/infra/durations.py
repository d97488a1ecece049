"""How long the worker and its commands wait, in one object that is given to those who wait."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Waits and bounds in seconds; tests make their own with shorter ones.

    Raises:
        ValueError: one is not positive, or two contradict each other.
    """

    # RabbitMQ
    connect: float = 20.0
    """To open a connection, with everything that is declared on it."""
    call: float = 20.0
    """For the answer to one method."""
    confirm: float = 10.0
    """For the confirm of a publish."""
    write: float = 10.0
    """For room in the write buffer; after that the connection counts as lost."""
    close: float = 5.0
    """To close a channel or a connection."""
    acks_in_transit: float = 0.1
    """Between the last ack and closing: acks on a quorum queue can vanish, after 0.05 none did."""

    # Retries
    first_pause: float = 0.1
    """Before the second attempt; each further pause is twice as long."""
    longest_pause: float = 5.0
    hold: float = 30.0
    """How long deliveries are held while PostgreSQL or the republishing connection is away.

    After that they go back to the queue, well before any consumer timeout of the broker.
    """
    unroutable_pause: float = 1.0
    """Before the topology is declared again because a queue of ours is gone."""

    # Batching
    linger: float = 0.02
    """How long a growing batch waits for more messages."""
    linger_step: float = 0.002
    """Between two looks at a growing batch; one that has not grown is complete."""

    # Health
    stuck_after: float = 30.0
    """Without a turn of the event loop the process is not live."""
    no_progress_after: float = 300.0
    """Without progress of messages in hand, or an attempt to consume, the process is not live."""

    # PostgreSQL
    lock: float = 5.0
    """`lock_timeout` of a session."""
    statement: float = 15.0
    """`statement_timeout` of a session."""
    idle_in_transaction: float = 10.0
    """`idle_in_transaction_session_timeout`: a frozen worker must not hold up the others."""
    transaction: float = 30.0
    """`transaction_timeout`, which ends what no other bound does.

    A session that waits for the second half of a statement (prepared, never executed) is not idle,
    and its `statement_timeout` cannot interrupt the waiting. Twice a statement's, and above any
    transaction of a database that works.
    """
    database_connect: float = 10.0
    database_answer: float = 20.0
    """For the answer to a statement; above `statement`, the server's own bound."""

    # Dead letters
    browse_silence: float = 1.0
    """Without a delivery; then the broker is asked whether anything is left to deliver."""
    browse_stalled: float = 30.0
    """Without a delivery although messages are left; then the browse fails."""
    requeue_visible: float = 5.0
    """Until the broker shows again what was given back."""
    browse_turn: float = 600.0
    """For the turn to browse, behind the other commands; a browse may take a minute or two."""
    window: float = 20.0
    """How long selected dead letters are held at most; brokers take them back after 60 or more."""
    longest_window: float = 600.0
    """The same where a shorter window does not reach the selected ones."""
    drain_pause: float = 2.0
    """Before another pass over a queue in which nothing selected was found."""
    outcome_poll: float = 0.25
    """Between two looks for the outcome of replayed messages."""
    outcome_patience: float = 60.0
    """After the last outcome and all retry delays; then a replayed message counts as stuck."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")
        if self.longest_pause < self.first_pause:
            raise ValueError("longest_pause is below first_pause")
        if self.longest_window < self.window:
            raise ValueError("longest_window is below window")


DEFAULT_DURATIONS = Durations()
