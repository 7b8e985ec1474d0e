"""Each rule hears AWS's documented event of this project, and no other's."""

import copy
from typing import Any

import pytest

from tests.infra.template import Template

PROJECT = "oil-price"
RELEASE = "r-0123456789abcdef"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:modelwharf-oil-price-release"


def event(source: str, detail_type: str, **detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2018-10-06T12:26:13Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }


# Fields and spelling as documented: CodeBuild user guide, "Build notifications input format
# reference"; SageMaker developer guide, "Automating SageMaker with EventBridge"; S3 user guide,
# "EventBridge event message structure". The processing job's is the training job's, renamed.
OURS = {
    "BuildEnded": event(
        "aws.codebuild",
        "CodeBuild Build State Change",
        **{
            "build-status": "SUCCEEDED",
            "project-name": "modelwharf-oil-price-images",
            "build-id": "arn:aws:codebuild:eu-west-1:123456789012:build/"
            "modelwharf-oil-price-images:8745a7a9-c340-456a-9166-edf953571bEX",
            "current-phase": "COMPLETED",
        },
    ),
    "TrainingEnded": event(
        "aws.sagemaker",
        "SageMaker Training Job State Change",
        TrainingJobName=f"{PROJECT}-{RELEASE}-train",
        TrainingJobStatus="Completed",
        SecondaryStatus="Completed",
    ),
    "ProcessingEnded": event(
        "aws.sagemaker",
        "SageMaker Processing Job State Change",
        ProcessingJobName=f"{PROJECT}-{RELEASE}-prepare",
        ProcessingJobStatus="Failed",
    ),
    "EndpointChanged": event(
        "aws.sagemaker",
        "SageMaker Endpoint State Change",
        EndpointName=PROJECT,
        EndpointConfigName=f"{PROJECT}-{RELEASE}-endpoint",
        EndpointStatus="IN_SERVICE",
    ),
    "ModelPackageDecided": event(
        "aws.sagemaker",
        "SageMaker Model Package State Change",
        ModelPackageGroupName=PROJECT,
        ModelPackageVersion=2,
        ModelPackageStatus="Completed",
        ModelApprovalStatus="Rejected",
    ),
    "ReleaseStopped": event(
        "aws.states",
        "Step Functions Execution Status Change",
        stateMachineArn=MACHINE,
        name=RELEASE,
        status="ABORTED",
    ),
    "DataArrived": event(
        "aws.s3",
        "Object Created",
        bucket={"name": "<StorageData>"},
        object={
            "key": "series/wti.csv",
            "size": 5,
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        },
        reason="PutObject",
    ),
}

# One thing changed, and it is another's or not the end yet.
OTHERS = [
    ("BuildEnded", "project-name", "my-sample-project"),
    ("BuildEnded", "build-status", "IN_PROGRESS"),
    ("TrainingEnded", "TrainingJobName", "89c96cc8-dded-4739-afcc-6f1dc936701d"),
    ("TrainingEnded", "TrainingJobName", f"oil-{RELEASE}-train"),
    ("TrainingEnded", "TrainingJobStatus", "InProgress"),
    ("ProcessingEnded", "ProcessingJobName", f"soil-price-{RELEASE}-prepare"),
    ("ProcessingEnded", "ProcessingJobStatus", "Stopping"),
    ("EndpointChanged", "EndpointName", "MyEndpoint"),
    ("ModelPackageDecided", "ModelPackageGroupName", "versionedmp-p-idy6c3e1fiqj"),
    ("ModelPackageDecided", "ModelApprovalStatus", "PendingManualApproval"),
    ("ReleaseStopped", "stateMachineArn", f"{MACHINE}-of-others"),
    ("ReleaseStopped", "status", "FAILED"),
    ("DataArrived", "bucket", {"name": "<StorageArtifacts>"}),
]


def matches(pattern: Any, value: Any) -> bool:
    """EventBridge's own matching, as far as these patterns use it."""
    if isinstance(pattern, dict):
        return all(key in value and matches(item, value[key]) for key, item in pattern.items())
    return any(
        value.startswith(option["prefix"]) if isinstance(option, dict) else option == value
        for option in pattern
    )


def rules_that_hear(message: dict[str, Any], template: Template) -> set[str]:
    return {
        rule.name
        for rule in template.of_type("AWS::Events::Rule")
        if "EventPattern" in rule.properties and matches(rule.properties["EventPattern"], message)
    }


@pytest.mark.parametrize("rule", OURS)
def test_an_event_of_this_project_is_heard_by_its_rule_alone(rule: str, template: Template) -> None:
    assert rules_that_hear(OURS[rule], template) == {f"Events{rule}"}


@pytest.mark.parametrize(("rule", "field", "value"), OTHERS)
def test_an_event_of_anything_else_is_not_heard(
    rule: str, field: str, value: Any, template: Template
) -> None:
    message = copy.deepcopy(OURS[rule])
    message["detail"][field] = value

    assert rules_that_hear(message, template) == set()


@pytest.mark.parametrize("rule", OURS)
def test_an_event_of_another_source_is_not_heard(rule: str, template: Template) -> None:
    assert rules_that_hear({**OURS[rule], "source": "custom.source"}, template) == set()


def test_every_rule_with_a_pattern_is_tried_above(template: Template) -> None:
    patterns = {
        rule.name
        for rule in template.of_type("AWS::Events::Rule")
        if "EventPattern" in rule.properties
    }

    assert patterns == {f"Events{rule}" for rule in OURS}


def test_state_changes_and_the_sweep_resume_releases(template: Template) -> None:
    targets = {
        rule.name: [target["Arn"] for target in rule.properties["Targets"]]
        for rule in template.of_type("AWS::Events::Rule")
    }
    resume = ["<FunctionsResumeRelease.Arn>"]

    assert targets == {
        "EventsBuildEnded": resume,
        "EventsTrainingEnded": resume,
        "EventsProcessingEnded": resume,
        "EventsEndpointChanged": resume,
        "EventsModelPackageDecided": resume,
        "EventsReleaseStopped": resume,
        "EventsSweep": [*resume, "<FunctionsStartRelease.Arn>"],
        "EventsDailyRefresh": ["<FunctionsRefreshData.Arn>"],
        "EventsDataArrived": ["<FunctionsStartRelease.Arn>"],
    }


def test_the_sweep_runs_every_minute_and_the_refresh_once_a_day(template: Template) -> None:
    schedules = {
        rule.name: rule.properties["ScheduleExpression"]
        for rule in template.of_type("AWS::Events::Rule")
        if "ScheduleExpression" in rule.properties
    }

    assert schedules == {
        "EventsSweep": "rate(1 minute)",
        "EventsDailyRefresh": "cron(30 5 * * ? *)",
    }
