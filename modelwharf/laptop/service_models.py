"""Cache service descriptions: stock moto searches botocore's folders for each of them.

A loader remembers what it has listed and read. One shared loader saves a twelfth of the cloud's
start.
"""

from functools import cache

from moto.core import utils

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock


def install(cloud: Cloud) -> None:
    """Read descriptions with one loader."""
    replace(utils, "create_loader", cache(stock(utils, "create_loader")))
