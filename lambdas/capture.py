"""The data capture configuration: what SageMaker keeps of an endpoint's requests and responses."""

from typing import TYPE_CHECKING

from lambdas.environment import Environment
from modelwharf.contracts.capture import CAPTURE_PREFIX
from modelwharf.contracts.parameters import Deployment

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DataCaptureConfigTypeDef

# Bodies of these types are kept unchanged, all others in base64 (CaptureContentTypeHeader).
CSV_TYPES = ("text/csv",)
JSON_TYPES = (
    "application/json",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/x-ndjson",
)


def data_capture(
    environment: Environment, settings: Deployment
) -> "DataCaptureConfigTypeDef | None":
    """Return ``DataCaptureConfig`` for CreateEndpointConfig; None when capture is off.

    The objects are encrypted with the buckets' own key, as all others there.
    """
    if settings.capture is None or settings.capture.percent == 0:
        return None
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": settings.capture.percent,
        "DestinationS3Uri": f"s3://{environment.artifact_bucket}/{CAPTURE_PREFIX}",
        "KmsKeyId": environment.storage_key_arn,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": list(CSV_TYPES),
            "JsonContentTypes": list(JSON_TYPES),
        },
    }
