"""SageMaker's runtime: requests to the servers of endpoints."""

from localcloud.offer.service import Service, operations

SERVICE = Service(
    "sagemaker-runtime",
    signing_name="sagemaker",
    ours=operations("InvokeEndpoint"),
    refused={
        "InvokeEndpointAsync": "endpoints answer at once; use InvokeEndpoint",
    },
)
