"""The resources that each operation names, from the Service Authorization Reference."""

from collections.abc import Mapping

from modelwharf.laptop.iam.call_resources import (
    Resources,
    any_resource,
    build_projects,
    each,
    execution,
    function_arns,
    iam,
    log_group,
    log_stream,
    named,
    new_model_package,
    parameters_named,
    queue,
    sagemaker,
    state_machine,
    table_arns,
    values,
)

OPERATIONS: Mapping[str, Mapping[str, Resources]] = {
    "ssm": {
        **each(
            parameters_named,
            "GetParameter GetParameters PutParameter DeleteParameter "
            "DeleteParameters GetParameterHistory GetParametersByPath LabelParameterVersion",
        ),
        **each(any_resource, "DescribeParameters"),
    },
    "sagemaker": {
        **each(
            sagemaker("TrainingJobName"), "CreateTrainingJob DescribeTrainingJob StopTrainingJob"
        ),
        **each(
            sagemaker("ProcessingJobName"),
            "CreateProcessingJob DescribeProcessingJob StopProcessingJob",
        ),
        **each(
            sagemaker("TransformJobName"),
            "CreateTransformJob DescribeTransformJob StopTransformJob",
        ),
        **each(sagemaker("ModelName"), "CreateModel DescribeModel DeleteModel"),
        **each(
            sagemaker("EndpointConfigName"),
            "DescribeEndpointConfig DeleteEndpointConfig CreateEndpointConfig",
        ),
        **each(sagemaker("EndpointName", "EndpointConfigName"), "CreateEndpoint UpdateEndpoint"),
        **each(
            sagemaker("EndpointName"),
            "DescribeEndpoint DeleteEndpoint InvokeEndpoint UpdateEndpointWeightsAndCapacities",
        ),
        **each(
            sagemaker("ModelPackageGroupName"),
            "CreateModelPackageGroup DescribeModelPackageGroup DeleteModelPackageGroup",
        ),
        **each(sagemaker("ModelPackageName"), "DescribeModelPackage DeleteModelPackage"),
        **each(sagemaker("ModelPackageArn"), "UpdateModelPackage"),
        **each(new_model_package, "CreateModelPackage"),
        **each(sagemaker("ResourceArn"), "AddTags ListTags DeleteTags"),
        **each(
            any_resource,
            "ListTrainingJobs ListProcessingJobs ListTransformJobs ListModels ListEndpoints "
            "ListEndpointConfigs ListModelPackages ListModelPackageGroups Search",
        ),
    },
    "codebuild": {
        **each(
            build_projects,
            "StartBuild StopBuild BatchGetBuilds BatchGetProjects "
            "ListBuildsForProject CreateProject UpdateProject DeleteProject",
        ),
        **each(any_resource, "ListBuilds ListProjects"),
    },
    "codecommit": {
        **each(
            named("codecommit", "", "repositoryName"),
            "GetBranch GetCommit GetFolder GetFile GetBlob GetDifferences GetRepository "
            "ListBranches GitPull GitPush CreateCommit PutFile GetRepositoryTriggers "
            "BatchGetCommits GetReferences",
        ),
        **each(any_resource, "ListRepositories"),
    },
    "ecr": {
        **each(
            named("ecr", "repository/", "repositoryName", "repositoryNames"),
            "DescribeImages BatchGetImage ListImages PutImage DescribeRepositories "
            "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload "
            "UploadLayerPart CompleteLayerUpload BatchDeleteImage DescribeImageScanFindings "
            "GetRepositoryPolicy",
        ),
        **each(any_resource, "GetAuthorizationToken DescribeRegistry"),
    },
    "states": {
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
    "sns": {
        **each(
            named("sns", "", "TopicArn", "TargetArn"),
            "Publish PublishBatch Subscribe "
            "GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes",
        ),
        **each(any_resource, "GetSubscriptionAttributes ListTopics ListSubscriptions"),
    },
    "sqs": {
        **each(
            queue,
            "SendMessage SendMessageBatch ReceiveMessage DeleteMessage "
            "GetQueueAttributes ChangeMessageVisibility PurgeQueue",
        ),
        **each(
            lambda parameters, place: [place.arn("sqs", str(parameters["QueueName"]))],
            "GetQueueUrl",
        ),
        **each(any_resource, "ListQueues"),
    },
    "lambda": {
        **each(
            function_arns,
            "GetFunction GetFunctionConfiguration GetPolicy UpdateFunctionCode "
            "UpdateFunctionConfiguration ListVersionsByFunction",
        ),
        **each(any_resource, "ListFunctions"),
    },
    "events": {
        **each(
            named("events", "rule/", "Name", "Rule"),
            "PutRule DescribeRule PutTargets "
            "RemoveTargets ListTargetsByRule EnableRule DisableRule DeleteRule",
        ),
        **each(any_resource, "ListRules"),
    },
    "logs": {
        **each(
            log_group,
            "CreateLogGroup CreateLogStream DescribeLogStreams FilterLogEvents "
            "PutRetentionPolicy StartQuery DeleteLogGroup",
        ),
        **each(log_stream, "PutLogEvents GetLogEvents"),
        **each(
            lambda parameters, place: [place.arn("logs", "log-group::log-stream:*")],
            "DescribeLogGroups",
        ),
        **each(any_resource, "GetQueryResults StopQuery"),
    },
    "cloudwatch": {
        **each(
            named("cloudwatch", "alarm:", "AlarmNames", "AlarmName"),
            "DescribeAlarms SetAlarmState PutMetricAlarm DeleteAlarms",
        ),
        **each(
            any_resource,
            "PutMetricData GetMetricData GetMetricStatistics ListMetrics "
            "GetDashboard ListDashboards DescribeAlarmsForMetric",
        ),
    },
    "dynamodb": {
        **each(
            table_arns,
            "GetItem PutItem UpdateItem DeleteItem Query Scan DescribeTable "
            "DescribeTimeToLive ConditionCheckItem",
        ),
        **each(any_resource, "ListTables"),
    },
    "kms": {
        **each(
            named("kms", "key/", "KeyId"),
            "Encrypt Decrypt GenerateDataKey DescribeKey "
            "GenerateDataKeyWithoutPlaintext CreateGrant Sign Verify",
        ),
        **each(any_resource, "ListKeys ListAliases"),
    },
    "cloudformation": each(
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
    "iam": {
        **each(
            iam("role", "RoleName"),
            "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies",
        ),
        **each(iam("policy", "PolicyArn"), "GetPolicy GetPolicyVersion"),
        **each(any_resource, "ListRoles ListPolicies"),
    },
    "sts": {
        **each(iam("role", "RoleArn"), "AssumeRole"),
        **each(any_resource, "GetCallerIdentity"),
    },
    "servicequotas": each(
        any_resource,
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease",
    ),
    "xray": each(
        any_resource,
        "PutTraceSegments PutTelemetryRecords GetSamplingRules "
        "GetSamplingTargets GetSamplingStatisticSummaries",
    ),
}
