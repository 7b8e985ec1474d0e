"""ECR: repositories and images; the container engine holds the layers."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "ecr",
    target="AmazonEC2ContainerRegistry_V20150921",
    ours=operations("GetDownloadUrlForLayer PutImage"),
    moto=operations(
        "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload "
        "CreateRepository DeleteRepository DescribeImages DescribeRegistry "
        "DescribeRepositories GetAuthorizationToken InitiateLayerUpload ListImages "
        "ListTagsForResource PutImageTagMutability TagResource UntagResource "
        "UploadLayerPart"
    ),
    kept=operations(
        "DeleteLifecyclePolicy DeleteRepositoryPolicy GetLifecyclePolicy "
        "GetRepositoryPolicy PutImageScanningConfiguration PutLifecyclePolicy "
        "SetRepositoryPolicy"
    ),
    empty=operations("DescribePullThroughCacheRules DescribeRepositoryCreationTemplates"),
    refused={
        "StartImageScan": "no image is scanned here",
        "DescribeImageScanFindings": "no image is scanned here",
        "PutReplicationConfiguration": "there is one region",
        "PutRegistryPolicy": "the policy of the registry would not be judged",
    },
    invalid="InvalidParameterException",
    one_at_a_time=True,
    permissions={
        **each(
            named("ecr", "repository/", "repositoryName", "repositoryNames"),
            "DescribeImages BatchGetImage ListImages PutImage DescribeRepositories "
            "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload "
            "UploadLayerPart CompleteLayerUpload BatchDeleteImage DescribeImageScanFindings "
            "GetRepositoryPolicy",
        ),
        **each(any_resource, "GetAuthorizationToken DescribeRegistry"),
    },
)
