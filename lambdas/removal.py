"""Removing a release's model and endpoint configuration; what is gone already is no error."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from lambdas.site import Site
from lambdas.submission import not_found


def remove_endpoint(site: Site, name: str) -> None:
    _quietly(lambda: site.clients.sagemaker.delete_endpoint(EndpointName=name))


def remove_config(site: Site, name: str) -> None:
    _quietly(lambda: site.clients.sagemaker.delete_endpoint_config(EndpointConfigName=name))


def remove_model(site: Site, name: str) -> None:
    _quietly(lambda: site.clients.sagemaker.delete_model(ModelName=name))


def _quietly(delete: Callable[[], object]) -> None:
    try:
        delete()
    except ClientError as error:
        if not not_found(error):
            raise
