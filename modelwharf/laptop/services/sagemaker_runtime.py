"""SageMaker's runtime: requests to the model servers of endpoints."""

from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "sagemaker-runtime",
    signing_name="sagemaker",
    ours=operations("InvokeEndpoint"),
    refused={
        "InvokeEndpointAsync": "endpoints answer at once; use InvokeEndpoint",
    },
)
