"""The tables. Importing this package makes all of them known to `Base.metadata`."""

from worker.infra.db.models.car import CarModel
from worker.infra.db.models.dead_letter import DeadLetterModel
from worker.infra.db.models.dead_letter_audit import (
    DeadLetterAuditMessageModel,
    DeadLetterAuditModel,
)
from worker.infra.db.models.dead_letter_comparison import DeadLetterComparisonModel
from worker.infra.db.models.dead_letter_note import DeadLetterNoteModel
from worker.infra.db.models.delivery_trial import DeliveryTrialModel
from worker.infra.db.models.early_observation import EarlyObservationModel
from worker.infra.db.models.financing_plan import FinancingPlanModel
from worker.infra.db.models.job import JobLetterModel, JobModel
from worker.infra.db.models.pause import PauseModel
from worker.infra.db.models.processed_message import ProcessedMessageModel
from worker.infra.db.models.worker import WorkerModel

__all__ = [
    "CarModel",
    "DeadLetterAuditMessageModel",
    "DeadLetterAuditModel",
    "DeadLetterComparisonModel",
    "DeadLetterModel",
    "DeadLetterNoteModel",
    "DeliveryTrialModel",
    "EarlyObservationModel",
    "FinancingPlanModel",
    "JobLetterModel",
    "JobModel",
    "PauseModel",
    "ProcessedMessageModel",
    "WorkerModel",
]
