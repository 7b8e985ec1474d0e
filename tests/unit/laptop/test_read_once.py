"""Files that moto and botocore read at each call, and the laptop's cloud reads once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import botocore
import moto
import pytest
from botocore.loaders import JSONFileLoader
from moto import backends
from moto.core.utils import get_service_model

from modelwharf.laptop import cloud  # noqa: F401  it has read_once imported
from modelwharf.laptop.overrides import as_shipped, stock
from modelwharf.laptop.read_once import CHANGED, _Regions
from modelwharf.laptop.services import SERVICES

MOTO = Path(moto.__file__).parent
DATA = Path(botocore.__file__).parent / "data"
ENDPOINTS = str(DATA / "endpoints")


def read_twice(path: str) -> tuple[object, object]:
    return JSONFileLoader().load_file(path), JSONFileLoader().load_file(path)


def output_of(program: str) -> str:
    """What the program prints in a fresh interpreter."""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return answer.stdout


def test_the_regions_endpoints_are_parsed_once() -> None:
    first, second = read_twice(ENDPOINTS)
    assert first is second
    with as_shipped():
        stock_first, stock_second = read_twice(ENDPOINTS)
    assert stock_first is not stock_second


def test_a_services_description_is_parsed_once() -> None:
    first, second = read_twice(str(DATA / "sns/2010-03-31/service-2"))
    assert first is second


def test_a_description_that_readers_change_is_parsed_for_each() -> None:
    first, second = read_twice(str(DATA / "sqs/2012-11-05/service-2"))
    assert first == second
    assert first is not second


def test_the_services_whose_description_moto_changes_are_not_shared() -> None:
    changed = {file.parts[-3] for file in MOTO.glob("*/*/service-2.*extras.*")}
    assert changed, "moto adds to no description by now: CHANGED can shrink"
    assert changed <= CHANGED


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - CHANGED))
def test_clients_and_moto_leave_a_shared_description_as_it_was(service: str) -> None:
    new_client: Any = boto3.client  # the stubs take literal service names only
    made = new_client(service, "eu-west-1", aws_access_key_id="key", aws_secret_access_key="secret")
    get_service_model(service)
    name = f"{service}/{made.meta.service_model.api_version}/service-2"
    shared = JSONFileLoader().load_file(str(DATA / name))
    assert shared == stock(JSONFileLoader, "load_file")(JSONFileLoader(), str(DATA / name))


def test_the_regions_of_ec2_are_those_of_boto3() -> None:
    shipped, found = boto3.Session(), _Regions()
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        regions = shipped.get_available_regions("ec2", partition_name=partition)
        assert found.get_available_regions("ec2", partition_name=partition) == regions


def test_an_openapi_document_is_still_validated() -> None:
    """In a process of its own: another test may have imported the validator before."""
    program = (
        "from modelwharf.laptop import cloud\n"
        "import sys\n"
        "from moto.apigateway import models\n"
        "print('openapi_spec_validator' in sys.modules)\n"
        "info = {'title': 'a', 'version': '1'}\n"
        "models.validate({'openapi': '3.0.0', 'info': info, 'paths': {}})\n"
        "try:\n"
        "    models.validate({'openapi': '3.0.0'})\n"
        "except models.OpenAPIValidationError as error:\n"
        "    print(type(error).__module__)\n"
    )
    said = output_of(program).splitlines()
    assert said[0] == "False"
    assert said[1].startswith("openapi_spec_validator.")


def test_the_first_openapi_document_may_be_a_bad_one() -> None:
    program = (
        "from modelwharf.laptop import cloud\n"
        "from moto.apigateway import models\n"
        "try:\n"
        "    models.validate({'openapi': '3.0.0'})\n"
        "except models.OpenAPIValidationError as error:\n"
        "    print('refused')\n"
    )
    assert output_of(program) == "refused\n"


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
    assert output_of(program) == "{} False\n"
