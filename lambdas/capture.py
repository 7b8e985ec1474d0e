"""What SageMaker is asked to keep of an endpoint's requests and answers."""

from typing import Any

from contracts.capture import CAPTURE_PREFIX
from contracts.parameters import Deployment
from lambdas.environment import Environment

# Bodies of these types are kept as they are, all others in base64 (CaptureContentTypeHeader).
CSV_TYPES = ("text/csv",)
JSON_TYPES = (
    "application/json",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/x-ndjson",
)


def data_capture(environment: Environment, settings: Deployment) -> dict[str, Any] | None:
    """``DataCaptureConfig`` of CreateEndpointConfig; None when nothing shall be captured.

    The objects lie under the buckets' own key, as everything else there does.
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
