"""CloudFormation: the stacks of templates whose every type is known."""

from localcloud.offer.service import Service, operations

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
