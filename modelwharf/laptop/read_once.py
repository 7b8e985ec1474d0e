"""Files that moto and botocore read repeatedly or needlessly, now read once; imported by ``cloud``.

They took a fifth of a cloud's start, and 350 file system calls for each API call.
"""

import functools
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
from botocore.loaders import JSONFileLoader, create_loader
from botocore.regions import EndpointResolver
from moto import backends
from moto.utilities import utils

from modelwharf.laptop.overrides import replace, stock

CHANGED = frozenset({"cloudfront", "ec2", "route53", "s3", "s3control", "sesv2", "sqs"})
"""The services whose description readers change: moto adds to it, and a client of S3 removes the
bucket from its paths. Each reader gets its own copy.
"""
EC2_OFFERS = "ec2/resources/instance_type"
"""The prefix of the files with the instance types of each zone."""
API_GATEWAY = "moto.apigateway.models"
VALIDATOR = "openapi_spec_validator"
VALIDATOR_ERRORS = f"{VALIDATOR}.validation.exceptions"


def _descriptions() -> None:
    """Parse each description once: the list of endpoints, and the services of one version.

    For each service, moto's regions, the gate, moto's answers and the clients read it.
    """
    read = stock(JSONFileLoader, "load_file")
    once = functools.cache(functools.partial(read, JSONFileLoader()))

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        return once(file_path) if _is_shared(Path(file_path)) else read(self, file_path)

    replace(JSONFileLoader, "load_file", load_file)


def _is_shared(file: Path) -> bool:
    if file.name == "service-2":
        return file.parts[-3] not in CHANGED
    return file.name == "endpoints"


def _folders_of_moto() -> None:
    """Cache the list of moto's folders, which the server searches for the service of each call."""
    found = tuple(stock(backends, "list_of_moto_modules")())
    replace(backends, "list_of_moto_modules", lambda: found)


class _Regions:
    """A session that finds a service's regions without its description, EC2's megabyte above all.

    A session reads there the service's name in the list of endpoints. EC2's is its own.
    """

    def __init__(self) -> None:
        self._endpoints: Any = EndpointResolver(create_loader().load_data("endpoints"))

    def get_available_regions(self, service: str, partition_name: str = "aws") -> list[str]:
        regions: list[str] = self._endpoints.get_available_endpoints(service, partition_name)
        return regions


def _without_ec2_offers() -> None:
    """Import EC2's module without all regions' instance types, which take 1 s to read.

    CloudFormation's module imports EC2's. This cloud refuses EC2's calls.
    """
    shipped, session = utils.load_resource, boto3.Session

    def load_resource(resource: str) -> Any:
        return {} if resource.startswith(EC2_OFFERS) else shipped(resource)

    # One session for the three queries of that import: each session takes 50 ms.
    one = functools.cache(_Regions)
    with patch.object(utils, "load_resource", load_resource), patch.object(boto3, "Session", one):
        from moto.ec2.models import availability_zones_and_regions as regions
    replace(regions, "Session", session)


def _without_openapi() -> None:
    """Import API Gateway's module without the validator of OpenAPI documents, which takes 0.1 s.

    CloudFormation's module imports API Gateway's. The first document imports the validator.
    """
    if VALIDATOR in sys.modules:
        return
    stand_ins = {VALIDATOR: ModuleType(VALIDATOR), VALIDATOR_ERRORS: ModuleType(VALIDATOR_ERRORS)}
    vars(stand_ins[VALIDATOR])["validate"] = _validate
    vars(stand_ins[VALIDATOR_ERRORS])["OpenAPIValidationError"] = Exception
    sys.modules.update(stand_ins)
    try:
        importlib.import_module(API_GATEWAY)
    finally:
        for name in stand_ins:
            del sys.modules[name]


def _validate(document: Any) -> None:
    """Import the validator and its error into API Gateway's module, then validate with it."""
    validator = importlib.import_module(VALIDATOR)
    errors = importlib.import_module(VALIDATOR_ERRORS)
    models = sys.modules[API_GATEWAY]
    vars(models).update(
        validate=validator.validate, OpenAPIValidationError=errors.OpenAPIValidationError
    )
    validator.validate(document)


_descriptions()
_folders_of_moto()
_without_ec2_offers()
_without_openapi()
