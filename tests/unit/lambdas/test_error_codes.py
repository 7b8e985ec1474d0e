"""Every call of the functions, and every error that botocore's models know of it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from lambdas import errors
from lambdas.errors import AccessDenied, AccountBusy, ServiceFault, Throttled, translated

SOURCES = sorted(Path(errors.__file__).parent.rglob("*.py"))
SERVICES = {
    "codebuild": "codebuild",
    "codecommit": "codecommit",
    "_codecommit": "codecommit",
    "ecr": "ecr",
    "logs": "logs",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sagemaker_runtime": "sagemaker-runtime",
    "service_quotas": "service-quotas",
    "sns": "sns",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
    "table": "dynamodb",
    "_table": "dynamodb",
}
"""What an expression ends in that calls a service."""
NO_CALLS = {"ledger", "self"}
"""Whose methods are called as an operation is, and are none: of the ledger's rows."""
NO_OPERATIONS = {"get", "get_paginator", "meta"}
"""Of a dictionary that is called as a client is: a build's ``logs``; a paginator is read apart, and
``meta`` is what the SDK itself knows."""
TRANSFERS = {"copy": ("HeadObject", "CopyObject", "CreateMultipartUpload", "UploadPartCopy")}
"""boto3's own methods over several operations."""
COMMON = {
    # "Common errors" of the API references.
    *("AccessDeniedException", "InternalFailure", "RequestLimitExceeded", "ServiceUnavailable"),
    *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
    "ValidationException",
    # botocore, retryhandler's and retries/standard.py's throttling codes.
    *("PriorRequestNotComplete", "ProvisionedThroughputExceededException", "SlowDown"),
    # S3, HEAD: an answer without a body has the status for a code.
    *("403", "404", "AccessDenied"),
    # SageMaker Runtime: InvokeEndpoint's own page names ModelError; its endpoints say this too.
    *("ModelNotReadyException", "ModelErrorException"),
    # KMS, through the service that asks it.
    *("KMSAccessDeniedException", "KmsAccessDeniedException"),
    # Conventions of AWS JSON services whose models leave the error out.
    *("LimitExceededException", "ResourceNotFoundException", "ServiceQuotaExceededException"),
}


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@cache
def operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in model(service).operation_names}


def base_of(node: ast.Attribute) -> str:
    inner = node.value
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def calls() -> Iterator[tuple[str, str, str]]:
    """Place, service and operation of each call. Fails on one that it cannot place."""
    every = {name for service in set(SERVICES.values()) for name in operations(service)}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".get_paginator"):
                assert isinstance(node.func, ast.Attribute)
                service = SERVICES[base_of(node.func)]
                name = operations(service)[ast.literal_eval(node.args[0])]
                yield f"{source.name}:{node.lineno}", service, name
            if not isinstance(node, ast.Attribute):
                continue
            base, place = base_of(node), f"{source.name}:{node.lineno}"
            if base in SERVICES and node.attr not in NO_OPERATIONS:
                service = SERVICES[base]
                for made in TRANSFERS.get(node.attr, (operations(service).get(node.attr),)):
                    assert made, f"{place}: {base}.{node.attr} is not an operation of {service}"
                    yield place, service, made
            elif node.attr in every and not base.isupper():  # PATTERN.search(…)
                assert base in NO_CALLS, f"{place}: {base}.{node.attr}: whose client is {base}?"


@cache
def called() -> list[tuple[str, str]]:
    """Service and operation; not found while tests are collected, which every worker does."""
    return sorted({(service, operation) for _, service, operation in calls()})


def test_the_walk_finds_the_calls_that_everybody_knows() -> None:
    assert {service for service, _ in called()} == set(SERVICES.values())
    assert {
        ("codebuild", "StartBuild"),
        ("dynamodb", "Query"),
        ("s3", "CopyObject"),
        ("sagemaker", "CreateTrainingJob"),
        ("sns", "Publish"),
    } <= set(called())


KINDS = (
    (re.compile(r"(?i)throttl|toomanyrequests|throughputexceeded|^requestlimit"), Throttled),
    (re.compile(r"(?i)accessdenied|authorizationerror"), AccessDenied),
    (re.compile(r"^(AccountLimit|ExecutionLimit|ResourceLimit|ServiceQuota|Limit)Exceeded"),
     AccountBusy),
)  # fmt: skip


def shapes(only: str = "") -> Iterator[tuple[str, str, int]]:
    """Call, code and status of each error: of one service, or of all."""
    for service, operation in called():
        if only not in ("", service):
            continue
        for shape in model(service).operation_model(operation).error_shapes:
            about = shape.metadata.get("error", {})
            code = str(about.get("code") or shape.name)
            status = 500 if shape.metadata.get("fault") else about.get("httpStatusCode", 400)
            yield f"{service}:{operation}", code, status


def error(code: str, status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "words"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Operation")


@pytest.mark.parametrize("service", sorted(set(SERVICES.values())))
def test_each_error_of_each_call_comes_out_by_its_meaning(service: str) -> None:
    wrong = []
    meaning: type[Exception] | None
    for call, code, status in shapes(service):
        meaning = next((kind for pattern, kind in KINDS if pattern.search(code)), None)
        if meaning is None and (status >= 500 or "Unavailable" in code):
            meaning = ServiceFault
        if meaning and not isinstance(translated(error(code, status)), meaning):
            wrong.append(f"{call}: {code} is not {meaning.__name__}")
    assert wrong == []


def handled() -> Iterator[tuple[str, str]]:
    """Every code that a function compares an error with, or that a set of codes holds."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            found: list[ast.AST] = []
            if isinstance(node, ast.Compare) and "code_of(" in ast.unparse(node.left):
                found = list(node.comparators)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("_CODES"):
                found = [node.value]
            for one in found:
                for constant in ast.walk(one):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield f"{source.name}:{constant.lineno}", constant.value


def test_every_code_that_is_handled_is_one_of_its_services_models_or_documented() -> None:
    services = set(SERVICES.values())
    shapes_of = [shape for service in services for shape in model(service).error_shapes]
    codes = {str(shape.metadata.get("error", {}).get("code") or shape.name) for shape in shapes_of}
    known = codes | COMMON
    assert [f"{place}: {code}" for place, code in handled() if code not in known] == []


NOT_FOUND = re.compile(r"NotFound|NoSuch|DoesNotExist")


def test_everything_that_may_be_missing_is_handled_by_its_code() -> None:
    codes = {code for _, code in handled()}
    missing = {code: call for call, code, _ in shapes() if NOT_FOUND.search(code)}
    ours = set(END_THE_RELEASE)
    assert {f"{missing[code]}: {code}" for code in missing.keys() - codes - ours} == set()
    assert ours <= missing.keys(), "listed, but no call answers with it any more"


STACK = "the stack's own, deleted by hand: the service's words name it, and `cdk deploy` mends it"
END_THE_RELEASE = {
    "EncryptionKeyNotFoundException": STACK,
    "KMSNotFound": STACK,
    "NoSuchResourceException": "what Service Quotas refuses is told in the plan",
    "PathDoesNotExistException": "GetDifferences is asked for no path",
    "RepositoryDoesNotExistException": STACK,
    "StateMachineDoesNotExist": STACK,
}
"""Code → why no function handles it: the service's own words are the reason that people read."""
