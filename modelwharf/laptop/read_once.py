"""Files that moto and botocore read repeatedly or needlessly, now read once; imported by ``cloud``.

They took a fifth of a cloud's start, and 350 file system calls for each API call.
"""

import functools
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.loaders import JSONFileLoader
from moto import backends
from moto.utilities import utils

from modelwharf.laptop.overrides import replace, stock

EC2_OFFERS = "ec2/resources/instance_type"
"""The prefix of the files with the instance types of each zone."""


def _endpoints_of_aws() -> None:
    """Cache all regions' endpoints: each botocore session parses them anew, for 0.1 s.

    The descriptions of services are not cached: clients change them, above all S3's.
    """
    read = stock(JSONFileLoader, "load_file")
    once = functools.cache(functools.partial(read, JSONFileLoader()))

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        return once(file_path) if Path(file_path).name == "endpoints" else read(self, file_path)

    replace(JSONFileLoader, "load_file", load_file)


def _folders_of_moto() -> None:
    """Cache the list of moto's folders, which the server searches for the service of each call."""
    found = tuple(stock(backends, "list_of_moto_modules")())
    replace(backends, "list_of_moto_modules", lambda: found)


def _without_ec2_offers() -> None:
    """Import EC2's module without all regions' instance types, which take 1 s to read.

    CloudFormation's module imports EC2's. This cloud refuses EC2's calls.
    """
    shipped, session = utils.load_resource, boto3.Session

    def load_resource(resource: str) -> Any:
        return {} if resource.startswith(EC2_OFFERS) else shipped(resource)

    # One session for the three queries of that import: each session takes 50 ms.
    one = functools.cache(session)
    with patch.object(utils, "load_resource", load_resource), patch.object(boto3, "Session", one):
        from moto.ec2.models import availability_zones_and_regions as regions
    replace(regions, "Session", session)


_endpoints_of_aws()
_folders_of_moto()
_without_ec2_offers()
