"""Where a member of an answer is found: the same as in stock moto, and looked up once."""

from typing import Any

import pytest
from botocore.model import Shape
from moto.core import responses
from moto.core.model import OperationModel
from moto.core.serialize import SERIALIZERS, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler

from modelwharf.laptop import cloud  # noqa: F401  it has answer_keys imported
from modelwharf.laptop.answer_keys import KEPT
from modelwharf.laptop.overrides import as_shipped

ROW = {
    "pk": {"S": "release#1"},
    "next": {"N": "7"},
    "flag": {"BOOL": False},
    "none": {"NULL": True},
}


class Described:
    """As moto's own models are: attributes in its spelling, some under another name."""

    class Meta:
        serialization_aliases = {"Status": "state"}

    name, arn, state = "one", "arn:aws:codebuild:eu-west-1:123456789012:project/one", "open"


ANSWERS = [
    ("dynamodb", "Query", {"Items": [ROW], "Count": 1, "LastEvaluatedKey": None}),
    ("dynamodb", "UpdateItem", {}),
    ("sqs", "ReceiveMessage", {"messages": [{"message_id": "1", "Body": "", "attributes": None}]}),
    ("codebuild", "BatchGetProjects", {"projects": [Described(), {"name": "two", "arn": "a"}]}),
    ("autoscaling", "DescribePolicies", {"ScalingPolicies": [{"ARN": "a", "alarms": [{}]}]}),
]


def operation(service: str, name: str) -> OperationModel:
    found: OperationModel = get_service_model(service).operation_model(name)
    return found


def written(service: str, name: str, answer: Any, **options: Any) -> Any:
    model = operation(service, name)
    protocol = model.service_model.resolved_protocol
    serializer = SERIALIZERS[protocol](
        operation_model=model, value_picker=XFormedAttributePicker(**options)
    )
    return serializer.serialize(answer)["body"]


@pytest.mark.parametrize(("service", "name", "answer"), ANSWERS)
def test_an_answer_is_written_as_moto_writes_it(service: str, name: str, answer: Any) -> None:
    with as_shipped():
        shipped = written(service, name, answer)
    assert written(service, name, answer) == shipped
    assert written(service, name, answer) == shipped  # with the keys that are kept by now


def test_a_member_may_be_absent_in_one_answer_and_there_in_the_next() -> None:
    assert '"Count"' not in written("dynamodb", "Query", {"Items": []})
    assert '"Count": 3' in written("dynamodb", "Query", {"count": 3})


def test_a_services_own_transformers_still_see_each_member() -> None:
    doubled = {"QueryOutput.Count": lambda found: (found or 1) * 2}
    assert '"Count": 6' in written("dynamodb", "Query", {"Count": 3}, response_transformers=doubled)
    assert '"Count": 2' in written("dynamodb", "Query", {}, response_transformers=doubled)


def test_the_keys_of_a_member_are_worked_out_once() -> None:
    output = operation("dynamodb", "DescribeLimits").output_shape
    assert output is not None
    members: dict[str, Shape] = dict(output.members)
    written("dynamodb", "DescribeLimits", {"AccountMaxReadCapacityUnits": 1})
    kept = vars(members["AccountMaxReadCapacityUnits"])[KEPT]["AccountMaxReadCapacityUnits"]
    assert kept == ["AccountMaxReadCapacityUnits", "account_max_read_capacity_units"]
    kept[:] = ["elsewhere"]
    assert '"AccountMaxReadCapacityUnits": 2' in written(
        "dynamodb", "DescribeLimits", {"elsewhere": 2, "AccountMaxReadCapacityUnits": 1}
    )
    del vars(members["AccountMaxReadCapacityUnits"])[KEPT]


def test_a_service_has_the_methods_that_moto_lists() -> None:
    with as_shipped():
        shipped = responses.method_names_from_class(DynamoHandler)
    ours = responses.method_names_from_class(DynamoHandler)
    assert all(name in ours for name in shipped)
    assert not any(name in ours for name in ("dynamodb_backend", "get_nothing", "service_name"))
