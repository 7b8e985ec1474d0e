"""Descriptions of services: stock moto looks through all of botocore's folders for each of them.

A loader remembers what it has listed and read, so one for all does it once. It takes a twelfth of
the time that a cloud needs to start.
"""

from functools import cache

from moto.core import utils

from localcloud.cloud import Cloud
from localcloud.overrides import replace, stock


def install(cloud: Cloud) -> None:
    """Read descriptions by one loader."""
    replace(utils, "create_loader", cache(stock(utils, "create_loader")))
