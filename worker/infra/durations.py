"""All waits and time limits of the worker and its commands, injected as one object."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Waits and limits in seconds; tests use shorter ones.

    Raises:
        ValueError: one is not positive, or two contradict each other.
    """

    # RabbitMQ
    connect: float = 20.0
    """To open a connection, and to declare everything on it."""
    first_round: float = 2.0
    """For each of several nodes to let us do that; twice as long when all are tried again."""
    call: float = 20.0
    """For the response to one method."""
    confirm: float = 10.0
    """For the confirm of a publish."""
    write: float = 10.0
    """For room in the write buffer; after that the connection counts as lost."""
    close: float = 5.0
    """To close a channel or a connection."""
    redeclare_every: float = 300.0
    """Between two declarations of the topology while the worker runs, about."""
    lookout_every: float = 30.0
    """Between two looks at whether RabbitMQ knows of our consumer, while it has nothing in hand."""
    leader_every: float = 5.0
    """Between two questions to the leader of the main queue, while nothing is delivered."""
    leader_answer: float = 10.0
    """For its answer; a cluster needs about 6 s to replace a leader that is silent."""
    consumer_recount: float = 1.0
    """Before `doctor` counts consumers again where it found none."""
    statistics_age: float = 5.5
    """Between two looks at RabbitMQ's statistics, which it renews every 5 s."""
    strays_every: float = 60.0
    """Between two counts of messages that stand still, with the management API."""
    acks_in_transit: float = 0.1
    """Between the last ack and closing: acks on a quorum queue can be lost; after 0.05 none was."""
    cancelled_watch: float = 1.0
    """How long a queue must stay after its consumer was cancelled to count as not deleted."""
    cancelled_poll: float = 0.05

    # Retries
    first_pause: float = 0.1
    """Before the second attempt; each further pause is twice as long."""
    longest_pause: float = 5.0
    hold: float = 30.0
    """How long deliveries are held while PostgreSQL or the republishing connection is unavailable.

    After that they go back to the queue, well before any consumer timeout of the broker.
    """
    unroutable_pause: float = 1.0
    """Before the topology is declared again because one of our queues is missing."""

    # Batching
    linger: float = 0.02
    """How long a growing batch waits for more messages."""
    linger_step: float = 0.002
    """Between two checks of a growing batch; a batch that has not grown is complete."""

    # Health
    stuck_after: float = 30.0
    """Without a run of the event loop; then the process is not live."""
    no_progress_after: float = 300.0
    """Without progress of in-flight messages or an attempt to consume; then it is not live."""

    tick: float = 1.0
    """Between two heartbeats of the event loop, and between two looks of the watchdog."""
    watchdog_grace: float = 60.0
    """For an orchestrator to restart a stuck process gracefully before it ends itself."""
    last_words: float = 5.0
    """To log why the process ends itself: stderr may be a full pipe."""
    probe_every: float = 5.0
    """Between two looks at the database while the worker runs."""
    probe_answer: float = 5.0
    refusal_counts: float = 45.0
    """How long a worker with nothing in hand stays unready after a failed transaction.

    Normally the commit of a batch makes it ready. A worker whose messages went to others may get
    none for hours. Above `hold`: by then others gave back what they could not commit.
    """
    pause_every: float = 1.5
    """Between two looks whether operators paused the workers; each also renews the worker's row."""
    pause_answer: float = 2.0
    pause_drain: float = 1.5
    """For what a worker was delivered before a pause; after that the rest goes back to the queue.

    With `pause_every` and a batch below the 5 s in which workers obey.
    """
    worker_silent: float = 15.0
    """Since a worker last renewed its row; then it counts as silent."""
    silent_shown: float = 3600.0
    """How long `status` shows a worker that is silent."""
    clocks_apart: float = 60.0
    """Between the worker's clock and PostgreSQL's; above that no message is handled."""
    http_client: float = 5.0
    """For a prober or scraper to send its request."""
    last_spans: float = 3.0
    """To send the last traces: an unavailable collector would take 30."""

    # Log
    log_repeat: float = 30.0
    """Before a persistent problem is logged again."""
    bug_log_repeat: float = 60.0
    """Before the same place of a bug is logged again."""

    # PostgreSQL
    lock: float = 5.0
    """`lock_timeout` of a session."""
    statement: float = 15.0
    """`statement_timeout` of a session."""
    idle_in_transaction: float = 10.0
    """`idle_in_transaction_session_timeout`: a frozen worker must not block the others."""
    transaction: float = 30.0
    """`transaction_timeout`, for cases that no other limit covers.

    A session that waits for the second half of a statement (prepared, never executed) is not
    idle, and its `statement_timeout` cannot interrupt it. The value is twice `statement`, and
    longer than any transaction of a healthy database.
    """
    database_connect: float = 10.0
    database_answer: float = 20.0
    """For the response to a statement; above `statement`, the server's own limit."""

    migration_turn: float = 300.0
    """To wait for another migration; one that lasts longer is stuck, or needs a person."""
    migration_poll: float = 0.2
    """Between two attempts to take the lock of migrations."""
    prune_every: float = 600.0
    """Between two rounds of pruning, about: workers that started together do not stay in step."""
    look_at_awaited_every: float = 60.0
    """Between two counts of the cars that something waits for."""

    # Dead letters
    browse_silence: float = 1.0
    """Without a delivery; then the broker is asked whether messages are left."""
    browse_stalled: float = 30.0
    """Without a delivery although messages are left; then the browse fails."""
    requeue_visible: float = 5.0
    """Until the broker counts requeued messages as ready again."""
    browse_turn: float = 600.0
    """To wait for other commands that browse; one browse may take a minute or two."""
    window: float = 20.0
    """Maximum hold of selected dead letters; brokers requeue them after 60 or more."""
    longest_window: float = 600.0
    """The same if a shorter window does not reach the selected dead letters."""
    drain_pause: float = 2.0
    """Before another pass over a queue in which no selected message was found."""
    sweep_every: float = 300.0
    """Between two sweeps of the dead letters, about."""
    look_every: float = 86_400.0
    """Between two sweeps of a worker that look into the queue although the counts agree."""
    first_sweep: float = 10.0
    """After the start of a worker."""
    sweep_grace: float = 60.0
    """From the record of a dead letter until its copy is in the queue at the latest.

    Above `hold`: until then the copy may wait for RabbitMQ.
    """
    longest_sweep: float = 300.0
    """After that a sweep breaks off; commands wait for it."""
    watch: float = 2.0
    """Between two looks of `dlq list --watch`."""
    outcome_poll: float = 0.25
    """Between two polls for the outcome of replayed messages."""
    outcome_patience: float = 60.0
    """After the last outcome and all retry delays; then a replayed message counts as stuck."""

    # Jobs
    jobs_every: float = 1.0
    """Between two looks of a worker for a job that nobody runs."""
    job_taken: float = 5.0
    """For a worker to take a job; after that the command that follows it takes it."""
    job_again: float = 2.5
    """After a run that broke off; below `job_taken`, or who follows the job would take it."""
    job_poll: float = 0.25
    """Between two looks at the row of a job: by its runner for a cancellation, by who follows."""
    job_handover: float = 5.0
    """For a worker that stops to finish the batch of its job."""
    claim_release: float = 1.0
    """For a runner to give the claim back once its job has ended."""
    queues_quiet: float = 4.0
    """Without a message in main queue, retry queues and workers; then none is on its way.

    More than two times `pause_every`, in which workers tell what they hold.
    """
    acks_in_doubt: float = 5.0
    """Before a runner died: its last acks may not have reached RabbitMQ."""

    # Console
    page: float = 30.0
    """For one page of the console, with all that it asks of the servers."""
    queues_page: float = 4.0
    """For RabbitMQ to count the queues of a page; after that the page goes without."""
    console_idle: float = 7200.0
    """Without a request; then a person must log in again."""
    console_session: float = 43_200.0
    """After a login; then a person must log in again."""
    console_login_window: float = 300.0
    """In which wrong passwords are counted."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")
        if self.longest_pause < self.first_pause:
            raise ValueError("longest_pause is below first_pause")
        if self.longest_window < self.window:
            raise ValueError("longest_window is below window")


DEFAULT_DURATIONS = Durations()
