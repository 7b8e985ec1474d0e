"""What moto and botocore read from files again and again, or for nobody; imported by ``cloud``.

It was a fifth of a cloud's start, and 350 questions to the file system at each call.
"""

import functools
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader
from moto import backends
from moto.utilities import utils

from localcloud.overrides import replace, stock

EC2_OFFERS = "ec2/resources/instance_type"
"""How the names of the files begin that say which instance types each zone has."""


def _endpoints_of_aws() -> None:
    """Each session of botocore parses all regions' endpoints anew, a tenth of a second.

    The descriptions of services stay: clients change them, S3's above all.
    """
    read = stock(JSONFileLoader, "load_file")
    once = functools.cache(functools.partial(read, JSONFileLoader()))

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        return once(file_path) if Path(file_path).name == "endpoints" else read(self, file_path)

    replace(JSONFileLoader, "load_file", load_file)


def _folders_of_moto() -> None:
    """The server looks through them for the service of each call."""
    found = tuple(stock(backends, "list_of_moto_modules")())
    replace(backends, "list_of_moto_modules", lambda: found)


def _without_ec2_offers() -> None:
    """CloudFormation's module imports EC2's, which reads all regions' instance types: a second.

    This cloud refuses EC2's calls.
    """
    shipped = utils.load_resource

    def load_resource(resource: str) -> Any:
        return {} if resource.startswith(EC2_OFFERS) else shipped(resource)

    utils.load_resource = load_resource
    try:
        import moto.ec2.models  # noqa: F401
    finally:
        utils.load_resource = shipped


_endpoints_of_aws()
_folders_of_moto()
_without_ec2_offers()
