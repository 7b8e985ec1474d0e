"""Lambda: functions that run, each as a process with its role's credentials."""

from modelwharf.laptop.services.call_resources import any_resource, each, function_arns
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "lambda",
    ours=operations("Invoke InvokeAsync"),
    moto=operations(
        "AddPermission CreateAlias CreateEventSourceMapping CreateFunction DeleteAlias "
        "DeleteEventSourceMapping DeleteFunction DeleteFunctionEventInvokeConfig GetAlias "
        "GetEventSourceMapping GetFunction GetFunctionConfiguration "
        "GetFunctionEventInvokeConfig GetPolicy ListAliases ListEventSourceMappings "
        "ListFunctionEventInvokeConfigs ListFunctions ListTags ListVersionsByFunction "
        "PublishVersion PutFunctionEventInvokeConfig RemovePermission TagResource "
        "UntagResource UpdateAlias UpdateEventSourceMapping UpdateFunctionCode "
        "UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig"
    ),
    kept=operations("DeleteFunctionConcurrency GetFunctionConcurrency PutFunctionConcurrency"),
    empty=operations("ListCodeSigningConfigs ListLayers"),
    refused={
        "PublishLayerVersion": (
            "functions see the packages of this environment; put the code into the function's asset"
        ),
        "CreateFunctionUrlConfig": "no URL leads to a function here; use Invoke",
    },
    permissions={
        **each(
            function_arns,
            "GetFunction GetFunctionConfiguration GetPolicy UpdateFunctionCode "
            "UpdateFunctionConfiguration ListVersionsByFunction",
        ),
        **each(any_resource, "ListFunctions"),
    },
)
