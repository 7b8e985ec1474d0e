"""One endpoint: its servers, and its updates from one fleet to the next."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker import rules
from modelwharf.laptop.sagemaker.fleet import Fleet
from modelwharf.laptop.sagemaker.job_events import as_event
from modelwharf.laptop.sagemaker.job_tree import REASON_LIMIT
from modelwharf.laptop.sagemaker.model_server import DeployError
from modelwharf.laptop.sagemaker.variants import VariantPlan

log = logging.getLogger(__name__)

IN_PROGRESS = ("Creating", "Updating", "Deleting", "SystemUpdating", "RollingBack")
# The names of the statuses in events (the developer guide's sample has IN_SERVICE).
EVENT_STATUS = {
    "Creating": "CREATING",
    "Updating": "UPDATING",
    "InService": "IN_SERVICE",
    "Failed": "FAILED",
    "Deleting": "DELETING",
}


class Endpoint:
    """One endpoint. ``held`` is the object that moto lists and describes, updated here.

    During an update, the old servers answer. They stop once the new servers are healthy, and stay
    if the new servers are not.
    """

    def __init__(self, cloud: Cloud, held: Any) -> None:
        self._cloud = cloud
        self._held = held
        self._lock = threading.Lock()
        self._fleet: Fleet | None = None
        self._coming: Fleet | None = None

    @property
    def name(self) -> str:
        return str(self._held.endpoint_name)

    @property
    def fleet(self) -> Fleet | None:
        """The servers that answer now; None when no server is in service."""
        return self._fleet

    @property
    def plans(self) -> list[VariantPlan]:
        """The plans of all variants with instances: those in service, and those of an update."""
        fleets = [fleet for fleet in (self._fleet, self._coming) if fleet is not None]
        return [plan for fleet in fleets for plan in fleet.plans]

    def require_updatable(self) -> None:
        """Raise ValidationException during another operation, or after a failure."""
        with self._lock:
            self._require_settled()
            self._require_service()

    def create(self, config: str, plans: Sequence[VariantPlan]) -> None:
        """Start the first servers, in the background."""
        fleet = self._begin("Creating", config, plans, {})
        self._cloud.workers.submit(self._deploy, fleet)

    def update(
        self, config: str, plans: Sequence[VariantPlan], deployment: Mapping[str, Any]
    ) -> None:
        """Move to another configuration, in the background.

        Raises ValidationException during another operation.
        """
        fleet = self._begin("Updating", config, plans, deployment)
        self._cloud.workers.submit(self._deploy, fleet)

    def delete(self, forget: Callable[[], None]) -> None:
        """Stop every server in the background, then ``forget`` the endpoint.

        Raises ValidationException during another operation.
        """
        with self._lock:
            self._require_settled()
            self._set("Deleting")
            fleet, self._fleet = self._fleet, None
        self._announce()
        self._cloud.workers.submit(self._delete, fleet, forget)

    @staticmethod
    def _delete(fleet: Fleet | None, forget: Callable[[], None]) -> None:
        try:
            if fleet is not None:
                fleet.stop()
        finally:
            forget()

    def _begin(
        self,
        status: str,
        config: str,
        plans: Sequence[VariantPlan],
        deployment: Mapping[str, Any],
    ) -> Fleet:
        with self._lock:
            if status == "Updating":
                self._require_settled()
                self._require_service()
            fleet = self._coming = Fleet(self._cloud, self.name, config, plans)
            self._held.failure_reason = None
            if status == "Updating":
                self._held.pending_deployment_summary = {
                    "EndpointConfigName": config,
                    "ProductionVariants": fleet.summaries(),
                    "StartTime": datetime.now(UTC),
                }
                self._held.last_deployment_config = dict(deployment) or None
            else:
                self._held.production_variants = fleet.summaries()
                self._held.data_capture_config = fleet.capture_summary()
            self._set(status)
        self._announce()
        return fleet

    def _require_settled(self) -> None:
        if self._held.endpoint_status in IN_PROGRESS:
            raise rules.invalid(f'Cannot update in-progress endpoint "{self._held.arn}".')

    def _require_service(self) -> None:
        if self._held.endpoint_status == "Failed":
            raise rules.invalid(
                f'Cannot update endpoint "{self._held.arn}" in status Failed. Delete it and '
                "create it again."
            )

    def _deploy(self, fleet: Fleet) -> None:
        try:
            fleet.start()
        except DeployError as error:
            self._settle(None, str(error))
        except Exception as error:
            log.exception("endpoint %s", self.name)
            self._settle(None, repr(error))
        else:
            self._settle(fleet, None)

    def _settle(self, fleet: Fleet | None, reason: str | None) -> None:
        """Put the new servers into service, or keep the old ones."""
        with self._lock:
            before = self._fleet if fleet is not None else None
            self._held.pending_deployment_summary = self._coming = None
            if fleet is not None:
                self._fleet = fleet
                self._held.endpoint_config_name = fleet.config
                self._held.production_variants = fleet.summaries()
                self._held.data_capture_config = fleet.capture_summary()
            self._held.failure_reason = reason[:REASON_LIMIT] if reason else None
            self._set("InService" if self._fleet is not None else "Failed")
        self._announce()
        if before is not None:
            before.stop()

    def _set(self, status: str) -> None:
        self._held.endpoint_status = status
        self._held.last_modified_time = datetime.now(UTC)

    def _announce(self) -> None:
        """Emit "SageMaker Endpoint State Change"."""
        held = self._held
        detail = {
            "EndpointName": held.endpoint_name,
            "EndpointArn": held.arn,
            "EndpointConfigName": held.endpoint_config_name,
            "ProductionVariants": held.production_variants,
            "EndpointStatus": EVENT_STATUS[held.endpoint_status],
            "FailureReason": held.failure_reason,
            "CreationTime": held.creation_time,
            "LastModifiedTime": held.last_modified_time,
            "Tags": {tag["Key"]: tag["Value"] for tag in held.tags or []},
        }
        self._cloud.emit(
            "aws.sagemaker", "SageMaker Endpoint State Change", as_event(detail), [held.arn]
        )
