"""Batch transform: send objects of S3 to the model's server, and write its answers to S3.

``plan``         a checked request
``settings``     concurrency, payload size and strategy: request, container, or default
``inputs``       the objects to read
``records``      their records, and the payloads of requests
``json_path``    the filters of DataProcessing
``association``  records filtered, and joined with their answers
``object_run``   one object, from its download to its output
``job``          the run of one job

Stock moto runs nothing: a job is Completed when it is created, and no output is written.
StopTransformJob is missing.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker import job_calls, rules
from modelwharf.laptop.sagemaker.job_calls import JobCalls
from modelwharf.laptop.sagemaker.transform.job import TransformJob
from modelwharf.laptop.sagemaker.transform.plan import plan_of
from modelwharf.laptop.sagemaker.variants import container_of


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
    """Remove the end that moto sets at the start, and add the defaults of a description."""
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
