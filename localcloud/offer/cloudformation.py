"""CloudFormation: the stacks of templates whose every type is known."""

from localcloud.offer.service import Service, operations

SERVICE = Service(
    "cloudformation",
    ours=operations("CreateStack DeleteStack UpdateStack"),
    moto=operations(
        "DescribeStackEvents DescribeStackResource DescribeStackResources DescribeStacks "
        "GetTemplate GetTemplateSummary ListExports ListStackResources ListStacks "
        "ValidateTemplate"
    ),
    kept=operations("GetStackPolicy SetStackPolicy"),
    empty=operations("ListStackSets"),
    refused={
        "CreateChangeSet": "create or update the stack directly",
        "CreateStackSet": "there is one account and one region",
    },
)
