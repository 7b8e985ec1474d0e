"""SageMaker's model registry: versions, approvals and their events.

Stock moto creates a second package for a repeated ClientToken, leaves the approval undecided when
none is given, and loses metadata when only the approval changes. It names a made-up Studio user as
the author of every change, and emits no event.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from modelwharf.laptop.callers import identity_of
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.sagemaker import rules
from modelwharf.laptop.sagemaker.job_events import as_event
from modelwharf.laptop.sagemaker.job_tree import plain

PENDING = "PendingManualApproval"
_DETAIL = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "LastModifiedTime",
)


def install(cloud: Cloud) -> None:
    """Number versions one at a time, keep tokens, and emit an event for every change."""
    stock_create = stock(SageMakerResponse, "create_model_package")
    stock_update = stock(SageMakerModelBackend, "update_model_package")
    stock_answer = stock(SageMakerResponse, "update_model_package")
    stock_create_group = stock(SageMakerResponse, "create_model_package_group")
    tokens: dict[str, str] = {}
    lock = Lock()

    def create_model_package(self: SageMakerResponse) -> ActionResult:
        request = plain(self.params)
        rules.require_metadata(request.get("CustomerMetadataProperties") or {})
        token = request.get("ClientToken")
        with lock:
            if token and tokens.get(token) in self.sagemaker_backend.model_packages:
                return ActionResult({"ModelPackageArn": tokens[token]})
            _default_group_and_approval(self, request)
            answer: ActionResult = stock_create(self)
            arn: str = answer.result["ModelPackageArn"]  # type: ignore[index]
            if token:
                tokens[token] = arn
        held = self.sagemaker_backend.model_packages[arn]
        held.created_by = _by(cloud, self)
        _announce(cloud, held)
        return answer

    def update_model_package(
        self: SageMakerModelBackend,
        model_package_arn: str,
        model_approval_status: str | None,
        approval_description: str | None,
        customer_metadata_properties: dict[str, str] | None,
        customer_metadata_properties_to_remove: list[str],
        additional_inference_specifications_to_add: list[Any] | None,
    ) -> str:
        held = self.describe_model_package(model_package_arn)
        changed: str = stock_update(
            self,
            model_package_arn,
            model_approval_status or held.model_approval_status,
            approval_description or held.approval_description,
            {**(held.customer_metadata_properties or {}), **(customer_metadata_properties or {})},
            customer_metadata_properties_to_remove,
            additional_inference_specifications_to_add,
        )
        return changed

    def answer_update(self: SageMakerResponse) -> ActionResult:
        answer: ActionResult = stock_answer(self)
        arn: str = answer.result["ModelPackageArn"]  # type: ignore[index]
        held = self.sagemaker_backend.model_packages[arn]
        held.last_modified_by = _by(cloud, self)
        _announce(cloud, held)
        return answer

    def create_model_package_group(self: SageMakerResponse) -> ActionResult:
        name = rules.require_name("modelPackageGroupName", self._get_param("ModelPackageGroupName"))
        if name in self.sagemaker_backend.model_package_groups:
            raise rules.invalid(f"Model Package Group already exists: {name}")
        answer: ActionResult = stock_create_group(self)
        return answer

    def delete_model_package(self: SageMakerResponse) -> ActionResult:
        backend, name = self.sagemaker_backend, self._get_param("ModelPackageName")
        held = backend.describe_model_package(name)
        del backend.model_packages[held.arn]
        backend.model_package_name_mapping = {
            key: arn for key, arn in backend.model_package_name_mapping.items() if arn != held.arn
        }
        return EmptyResult()

    def delete_model_package_group(self: SageMakerResponse) -> ActionResult:
        backend = self.sagemaker_backend
        group = self._get_param("ModelPackageGroupName").rsplit("/", 1)[-1]
        backend.describe_model_package_group(group)
        if any(one.model_package_group_name == group for one in backend.model_packages.values()):
            raise rules.invalid(
                f"Cannot delete Model Package Group {group}: it holds model packages"
            )
        del backend.model_package_groups[group]
        return EmptyResult()

    replace(SageMakerResponse, "delete_model_package", delete_model_package)
    replace(SageMakerResponse, "delete_model_package_group", delete_model_package_group)
    replace(SageMakerResponse, "create_model_package", create_model_package)
    replace(SageMakerModelBackend, "update_model_package", update_model_package)
    replace(SageMakerResponse, "update_model_package", answer_update)
    replace(SageMakerResponse, "create_model_package_group", create_model_package_group)


def _default_group_and_approval(response: SageMakerResponse, request: Mapping[str, Any]) -> None:
    """Accept the group's ARN as its name. A version without an approval status is pending."""
    group = request.get("ModelPackageGroupName")
    if group:
        response.params["ModelPackageGroupName"] = group.rsplit("/", 1)[-1]
        if group.rsplit("/", 1)[-1] not in response.sagemaker_backend.model_package_groups:
            raise rules.invalid(f"Model Package Group does not exist: {group}")
    if not request.get("ModelApprovalStatus"):
        response.params["ModelApprovalStatus"] = PENDING


def _by(cloud: Cloud, response: SageMakerResponse) -> Any:
    """CreatedBy and LastModifiedBy for a caller outside Studio."""
    return {"IamIdentity": identity_of(cloud, response.access_key)}


def _announce(cloud: Cloud, held: ModelPackage) -> None:
    """Emit "SageMaker Model Package State Change"."""
    described = held.gen_response_object()
    detail = {key: plain(described.get(key)) for key in _DETAIL}
    cloud.emit(
        "aws.sagemaker", "SageMaker Model Package State Change", as_event(detail), [held.arn]
    )
