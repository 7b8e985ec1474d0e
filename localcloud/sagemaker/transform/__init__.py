"""Batch transform: objects of S3 go through the model's server, and come out beside its answers.

``plan``         a request, checked; what a job asks for
``settings``     requests at once, their size and strategy: request, container, or default
``inputs``       which objects are read
``records``      how they are split, and what goes into one request
``json_path``    the filters of DataProcessing
``association``  records filtered, and joined with their answers
``object_run``   one object, from its download to its output
``job``          one job's life

Stock moto runs nothing: a job is Completed when it is created, and no output is written.
StopTransformJob is missing.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from localcloud.cloud import Cloud
from localcloud.sagemaker import job_calls, rules
from localcloud.sagemaker.job_calls import JobCalls
from localcloud.sagemaker.transform.job import TransformJob
from localcloud.sagemaker.transform.plan import plan_of
from localcloud.sagemaker.variants import container_of


def install(cloud: Cloud) -> None:
    """Run transform jobs with the cloud's engine."""

    def validate(request: Mapping[str, Any]) -> None:
        plan_of(request)
        backend = sagemaker_backends[cloud.account][cloud.region]
        rules.require_name("modelName", request["ModelName"])
        container_of(backend, request["ModelName"])

    calls = JobCalls(
        TransformJob,
        validate,
        _correct,
        cluster=lambda request: request["TransformResources"],
        not_found="Could not find transform job '{arn}'.",
    )
    job_calls.install(calls, cloud)


def _correct(held: Any, request: Mapping[str, Any]) -> None:
    """Take back the end that has not come, and add the defaults that a description shows."""
    held.transform_start_time = None
    held.transform_end_time = None
    held.failure_reason = None
    held.labeling_job_arn = None
    held.auto_ml_job_arn = None
    held.instance = f"i-{uuid.uuid4().hex[:17]}"
    held.transform_input = {
        "CompressionType": "None",
        "SplitType": "None",
        **request["TransformInput"],
    }
    held.transform_output = {
        "AssembleWith": "None",
        "KmsKeyId": "",
        **request["TransformOutput"],
    }
    held.data_processing = {
        "InputFilter": "$",
        "OutputFilter": "$",
        "JoinSource": "None",
        **(request.get("DataProcessing") or {}),
    }
