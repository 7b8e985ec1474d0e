"""Services' events hold what the rules and resume-release read."""

from cli.selftest.evidence import Evidence
from cli.selftest.observation import Observation
from contracts.selftest import Observed

# detail-type → its source, and the keys of its detail that the rules match or the function reads.
READ: dict[str, tuple[str, tuple[str, ...]]] = {
    "CodeBuild Build State Change": (
        "aws.codebuild",
        ("build-id", "build-status", "project-name"),
    ),
    "SageMaker Processing Job State Change": (
        "aws.sagemaker",
        ("ProcessingJobName", "ProcessingJobStatus"),
    ),
    "SageMaker Training Job State Change": (
        "aws.sagemaker",
        ("TrainingJobName", "TrainingJobStatus"),
    ),
    "SageMaker Endpoint State Change": ("aws.sagemaker", ("EndpointName",)),
    "Step Functions Execution Status Change": (
        "aws.states",
        ("executionArn", "stateMachineArn", "status"),
    ),
}
OBSERVATION = Observation(
    "event-shapes",
    "; ".join(f"{kind}: {', '.join(keys)}" for kind, (_, keys) in READ.items()),
)


def look(evidence: Evidence) -> Observed:
    found = {event["detail-type"]: event for event in evidence.events}
    wrong = [
        f"{kind} of {event['source']} without {', '.join(missing) or 'its source'}"
        for kind, (source, keys) in READ.items()
        if (event := found.get(kind)) is not None
        and (
            (missing := [key for key in keys if key not in event["detail"]])
            or event["source"] != source
        )
    ]
    if wrong:
        return OBSERVATION.differs("; ".join(wrong))
    never = READ.keys() - found.keys()
    if never:
        return OBSERVATION.unseen(f"no event came of: {', '.join(sorted(never))}")
    return OBSERVATION.same("every kind of event, with these keys")
