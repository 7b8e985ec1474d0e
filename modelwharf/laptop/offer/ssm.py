"""Systems Manager: Parameter Store, and documents, which are only stored."""

from modelwharf.laptop.offer.service import Service, operations

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
)
