"""Step Functions: standard state machines that execute, with callbacks and histories."""

from modelwharf.laptop.services.call_resources import any_resource, each, execution, state_machine
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "stepfunctions",
    target="AWSStepFunctions",
    signing_name="states",
    ours=operations(
        "CreateStateMachine DescribeExecution GetExecutionHistory ListExecutions "
        "SendTaskFailure SendTaskHeartbeat SendTaskSuccess StartExecution StopExecution "
        "UpdateStateMachine"
    ),
    moto=operations(
        "DeleteStateMachine DescribeMapRun DescribeStateMachine "
        "DescribeStateMachineForExecution ListMapRuns ListStateMachines "
        "ListTagsForResource TagResource UntagResource UpdateMapRun"
    ),
    empty=operations("ListActivities"),
    refused={
        "CreateActivity": "no worker can ask for its tasks; use a function with a task token",
        "CreateStateMachineAlias": "machines have no versions here; use the machine's own ARN",
    },
    invalid="ValidationException",
    permissions={
        **each(
            state_machine,
            "StartExecution DescribeStateMachine ListExecutions "
            "StartSyncExecution UpdateStateMachine",
        ),
        **each(
            execution,
            "DescribeExecution GetExecutionHistory StopExecution "
            "DescribeStateMachineForExecution RedriveExecution",
        ),
        # Only the service knows the state machine of a token: see judgement.require.
        **each(any_resource, "ListStateMachines SendTaskSuccess SendTaskFailure SendTaskHeartbeat"),
    },
)
