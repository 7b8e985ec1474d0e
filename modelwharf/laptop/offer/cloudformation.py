"""CloudFormation: the stacks of templates in which all types are known."""

from modelwharf.laptop.offer.service import Service, operations

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
)
