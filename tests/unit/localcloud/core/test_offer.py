"""Every operation of every service that the cloud offers is real, or refused in words."""

from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.offer import SERVICES
from localcloud.offer.calls import CODES, OWN_CODES
from tests.unit.localcloud.core.smallest_calls import smallest_input
from tests.unit.localcloud.core.world import REGION, World

REFUSALS = {*CODES.values(), *OWN_CODES.values()}
# No prefix before the host: 127.0.0.1 has no names below it.
CONFIG = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


def client(world: World, name: str) -> Any:
    keys = world.cloud.root_credentials()
    return boto3.client(  # type: ignore[call-overload]
        name,
        region_name=REGION,
        endpoint_url=world.cloud.url,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=CONFIG,
    )


def model(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_table_names_operations_and_signatures_that_botocore_knows(name: str) -> None:
    service, known = SERVICES[name], model(name)
    assert (service.offered | set(service.refused)) - set(known.operation_names) == set()
    assert service.offered & set(service.refused) == set()
    kinds = [service.ours, service.moto, service.kept, service.empty]
    assert sum(map(len, kinds)) == len(service.offered)
    assert service.signs == known.signing_name
    assert service.target == (known.metadata.get("targetPrefix") or "")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_operation_is_answered_or_refused_so_that_boto3_understands(
    world: World, name: str
) -> None:
    asked, service, known = client(world, name), SERVICES[name], model(name)
    faults = []
    for operation in known.operation_names:
        shape = known.operation_model(operation).input_shape
        try:
            asked._make_api_call(operation, smallest_input(shape))
        except ClientError as error:
            found, status = error.response["Error"], error.response["ResponseMetadata"]
            refused = found["Code"] in REFUSALS and operation in found["Message"]
            if refused != (service.kind(operation) is None) or status["HTTPStatusCode"] == 500:
                faults.append((operation, found))
        except Exception as error:
            faults.append((operation, repr(error)))
        else:
            if service.kind(operation) is None:
                faults.append((operation, "answered"))
    assert not faults, "\n".join(map(str, faults))
