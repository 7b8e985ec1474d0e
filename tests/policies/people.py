"""The policies that `wharf policy` prints for people, for the tools that read the template's."""

from modelwharf.cli.policies.people import PEOPLE, policy
from modelwharf.cli.policies.place import Place
from tests.policies.template import PSEUDO, Policy

ACCOUNT, REGION = PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]
PLACE = Place(
    "aws",
    REGION,
    ACCOUNT,
    "oil-price",
    data_bucket="modelwharf-oil-price-data",
    artifact_bucket="modelwharf-oil-price-artifacts",
    ledger=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012",
)


def policies_of_people() -> list[Policy]:
    return [
        Policy(f"wharf policy {name}", "identity", policy(PEOPLE[name], PLACE)) for name in PEOPLE
    ]
