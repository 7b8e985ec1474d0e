"""The logs and metrics that SageMaker writes with an execution role, besides a job's outputs.

What the role may not write is lost, and the job continues ("How to use SageMaker execution
roles", developer guide, lists the permissions). The cloud's own log shows each refusal. Machine
metrics are not stored here; only the permission to write them is judged.
"""

from modelwharf.laptop import iam, logs
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam import AccessDenied, UnknownPrincipal

GROUPS = "/aws/sagemaker/"
"""The prefix of log groups, such as ``/aws/sagemaker/TrainingJobs``, and of namespaces."""


def may_log(cloud: Cloud, role: str, session: str, group: str, stream: str) -> bool:
    """Whether the role's policy lets SageMaker write the stream."""
    pattern = cloud.arn("logs", f"log-group:{group}:*")
    try:
        iam.require_of_role(cloud, role, session, "logs:DescribeLogStreams", pattern)
        logs.require_writing(cloud, role, session, group, stream)
    except (AccessDenied, UnknownPrincipal):
        return False
    return True


def may_measure(cloud: Cloud, role: str, session: str, group: str) -> bool:
    """Whether the role's policy lets SageMaker write the machines' metrics."""
    namespace = GROUPS + group.removeprefix(GROUPS).partition("/")[0]
    context = {"cloudwatch:namespace": namespace}
    try:
        iam.require_of_role(cloud, role, session, "cloudwatch:PutMetricData", "*", context)
    except (AccessDenied, UnknownPrincipal):
        return False
    return True
