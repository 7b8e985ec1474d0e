"""SageMaker: jobs and endpoints that run their programs, and the model registry."""

from modelwharf.laptop.services.call_resources import (
    any_resource,
    each,
    new_model_package,
    sagemaker,
)
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "sagemaker",
    target="SageMaker",
    ours=operations(
        "CreateEndpoint CreateEndpointConfig CreateModel CreateModelPackage "
        "CreateModelPackageGroup CreateProcessingJob CreateTrainingJob CreateTransformJob "
        "DeleteEndpoint DeleteModelPackage DeleteModelPackageGroup "
        "DescribeEndpoint DescribeProcessingJob DescribeTrainingJob DescribeTransformJob "
        "ListEndpoints ListProcessingJobs ListTrainingJobs ListTransformJobs "
        "StopProcessingJob StopTrainingJob StopTransformJob "
        "UpdateEndpoint UpdateEndpointWeightsAndCapacities UpdateModelPackage"
    ),
    moto=operations(
        "AddTags DeleteEndpointConfig DeleteModel DeleteTags DescribeEndpointConfig "
        "DescribeModel DescribeModelPackage DescribeModelPackageGroup ListEndpointConfigs "
        "ListModelPackageGroups ListModelPackages ListModels ListTags"
    ),
    kept=operations(
        "AssociateTrialComponent CreateExperiment CreateModelCard CreateTrial "
        "CreateTrialComponent DeleteExperiment DeleteModelCard DeleteTrial "
        "DeleteTrialComponent DescribeExperiment DescribeModelCard DescribeTrial "
        "DescribeTrialComponent DisassociateTrialComponent ListExperiments "
        "ListModelCardVersions ListModelCards ListTrialComponents ListTrials "
        "UpdateModelCard UpdateTrialComponent"
    ),
    empty=operations(
        "ListAIBenchmarkJobs ListAIRecommendationJobs ListAIWorkloadConfigs "
        "ListAlgorithms ListAppImageConfigs ListApps ListAutoMLJobs "
        "ListClusterSchedulerConfigs ListClusters ListCodeRepositories "
        "ListCompilationJobs ListComputeQuotas ListDataQualityJobDefinitions "
        "ListDeviceFleets ListDevices ListDomains ListEdgeDeploymentPlans "
        "ListEdgePackagingJobs ListFeatureGroups ListFlowDefinitions ListHumanTaskUis "
        "ListHyperParameterTuningJobs ListImages ListInferenceComponents "
        "ListInferenceExperiments ListInferenceRecommendationsJobs ListInferenceRouters "
        "ListLabelingJobs ListMlflowApps ListMlflowTrackingServers "
        "ListModelBiasJobDefinitions ListModelExplainabilityJobDefinitions "
        "ListModelQualityJobDefinitions ListMonitoringAlertHistory "
        "ListMonitoringExecutions ListMonitoringSchedules "
        "ListNotebookInstanceLifecycleConfigs ListNotebookInstances ListOptimizationJobs "
        "ListPartnerApps ListPipelines ListProjects ListSpaces ListStudioLifecycleConfigs "
        "ListSubscribedWorkteams ListTrainingPlans ListUserProfiles "
        "ListWorkforces ListWorkteams"
    ),
    refused={
        "CreateHyperParameterTuningJob": (
            "no job is tuned; start one CreateTrainingJob for each set of hyperparameters"
        ),
        "CreateAutoMLJobV2": "use CreateTrainingJob with an image of your own",
        "CreatePipeline": "no pipeline executes; use a Step Functions machine",
        "CreateNotebookInstance": (
            "no notebook is started; run one on this machine with `wharf env`"
        ),
        "CreateDomain": "there is no Studio; run a notebook on this machine with `wharf env`",
        "CreateCluster": "there is no cluster; use CreateTrainingJob",
        "CreateCompilationJob": "no model is compiled; deploy the model as it is",
        "CreateFeatureGroup": "there is no feature store; use DynamoDB and S3",
        "CreateMonitoringSchedule": (
            "no monitor runs; read the captured data in S3 with CreateProcessingJob"
        ),
        "ListContexts": (
            "lineage is not recorded; tags and the model registry say where a model comes from"
        ),
        "ListArtifacts": (
            "lineage is not recorded; tags and the model registry say where a model comes from"
        ),
        "ListAssociations": (
            "lineage is not recorded; tags and the model registry say where a model comes from"
        ),
        "Search": "its filters are not honoured; use the List operations",
    },
    invalid="ValidationException",
    permissions={
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
)
