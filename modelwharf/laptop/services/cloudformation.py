"""CloudFormation: the stacks of templates in which all types are known."""

from modelwharf.laptop.services.call_resources import each, values
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "cloudformation",
    ours=operations(
        "CreateChangeSet CreateStack DeleteStack ExecuteChangeSet UpdateStack "
        "UpdateTerminationProtection"
    ),
    moto=operations(
        "DeleteChangeSet DescribeChangeSet DescribeStackEvents DescribeStackResource "
        "DescribeStackResources DescribeStacks "
        "GetTemplate GetTemplateSummary ListChangeSets ListExports ListStackResources ListStacks "
        "ValidateTemplate"
    ),
    kept=operations("GetStackPolicy SetStackPolicy"),
    empty=operations("ListStackSets"),
    refused={
        "CreateStackSet": "there is one account and one region",
    },
    permissions=each(
        lambda parameters, place: (
            [
                name if name.startswith("arn:") else place.arn("cloudformation", f"stack/{name}/*")
                for name in values(parameters, "StackName")
            ]
            or ["*"]
        ),
        "DeleteStack DescribeStacks DescribeStackResources DescribeStackEvents GetTemplate "
        "ListStacks UpdateStack UpdateTerminationProtection "
        "ListStackResources DescribeStackResource",
    ),
)
