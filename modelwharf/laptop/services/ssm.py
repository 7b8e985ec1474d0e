"""Systems Manager: Parameter Store, and documents, which are only stored."""

from modelwharf.laptop import parameter_sizes
from modelwharf.laptop.services.call_resources import any_resource, each, parameters_named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "ssm",
    target="AmazonSSM",
    moto=operations(
        "AddTagsToResource DeleteParameter DeleteParameters DescribeParameters "
        "GetParameter GetParameterHistory GetParameters GetParametersByPath "
        "LabelParameterVersion ListTagsForResource PutParameter RemoveTagsFromResource "
        "UnlabelParameterVersion"
    ),
    kept=operations(
        "CreateDocument DeleteDocument DescribeDocument DescribeDocumentPermission "
        "GetDocument ListDocuments ModifyDocumentPermission UpdateDocument "
        "UpdateDocumentDefaultVersion"
    ),
    empty=operations("DescribeInstanceInformation DescribeMaintenanceWindows ListCommands"),
    refused={
        "SendCommand": "there is no instance to run a command on",
        "CreateMaintenanceWindow": "nothing would run in it; use an EventBridge schedule",
        "CreatePatchBaseline": "there is no instance to patch",
    },
    invalid="ValidationException",
    one_at_a_time=True,
    install=parameter_sizes.install,
    permissions={
        **each(
            parameters_named,
            "GetParameter GetParameters PutParameter DeleteParameter "
            "DeleteParameters GetParameterHistory GetParametersByPath LabelParameterVersion",
        ),
        **each(any_resource, "DescribeParameters"),
    },
)
