"""Remove a release's model and endpoint configuration; missing ones are not an error."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from lambdas.runtime import Runtime
from lambdas.submission import not_found


def remove_endpoint(runtime: Runtime, name: str) -> None:
    _quietly(lambda: runtime.clients.sagemaker.delete_endpoint(EndpointName=name))


def remove_config(runtime: Runtime, name: str) -> None:
    _quietly(lambda: runtime.clients.sagemaker.delete_endpoint_config(EndpointConfigName=name))


def remove_model(runtime: Runtime, name: str) -> None:
    _quietly(lambda: runtime.clients.sagemaker.delete_model(ModelName=name))


def _quietly(delete: Callable[[], object]) -> None:
    try:
        delete()
    except ClientError as error:
        if not not_found(error):
            raise
