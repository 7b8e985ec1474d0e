"""What is read from files once, though moto and botocore would read it at each call."""

import subprocess
import sys
from pathlib import Path

import botocore
import pytest
from botocore.loaders import JSONFileLoader
from moto import backends

from modelwharf.laptop import cloud  # noqa: F401  it has read_once imported
from modelwharf.laptop.overrides import as_shipped, stock

DATA = Path(botocore.__file__).parent / "data"
ENDPOINTS = str(DATA / "endpoints")


def read_twice(path: str) -> tuple[object, object]:
    return JSONFileLoader().load_file(path), JSONFileLoader().load_file(path)


def test_the_regions_endpoints_are_parsed_once() -> None:
    first, second = read_twice(ENDPOINTS)
    assert first is second
    with as_shipped():
        stock_first, stock_second = read_twice(ENDPOINTS)
    assert stock_first is not stock_second


def test_each_session_has_a_services_description_of_its_own_to_change() -> None:
    first, second = read_twice(str(DATA / "sqs/2012-11-05/service-2"))
    assert first == second
    assert first is not second


def test_the_services_are_those_whose_folders_moto_has(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = list(stock(backends, "list_of_moto_modules")())
    monkeypatch.setattr("os.listdir", None)
    assert list(backends.list_of_moto_modules()) == shipped
    assert list(backends.list_of_moto_modules()) == shipped


def test_the_offers_of_ec2_are_not_read() -> None:
    """In a process of its own: another test may have imported moto's EC2 before."""
    program = (
        "from modelwharf.laptop import cloud\n"
        "from moto.ec2.models import instance_types as types\n"
        "offers = types.INSTANCE_TYPE_OFFERINGS.values()\n"
        "print(types.INSTANCE_TYPES, any(any(one.values()) for one in offers))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "{} False\n"
