"""What SageMaker writes with an execution role beside a job's outputs: its log, and figures.

What the role may not write is lost, and the work goes on ("How to use SageMaker execution
roles", developer guide, has the permissions). The cloud's own log tells each refusal. The
figures of machines are not kept here; whether the role may write them is judged.
"""

from localcloud import iam, logs
from localcloud.cloud import Cloud
from localcloud.iam import AccessDenied, UnknownPrincipal

GROUPS = "/aws/sagemaker/"
"""The groups of logs, such as ``/aws/sagemaker/TrainingJobs``; namespaces have their names."""


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
    """Whether it lets SageMaker write the figures of the machines."""
    namespace = GROUPS + group.removeprefix(GROUPS).partition("/")[0]
    context = {"cloudwatch:namespace": namespace}
    try:
        iam.require_of_role(cloud, role, session, "cloudwatch:PutMetricData", "*", context)
    except (AccessDenied, UnknownPrincipal):
        return False
    return True
