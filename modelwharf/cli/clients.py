"""The types of the clients that commands use, by boto3's name of the service."""

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codecommit import CodeCommitClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr_public import ECRPublicClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient


class ClientOf(Protocol):
    """Service name → client."""

    @overload
    def __call__(self, service: Literal["cloudformation"], /) -> "CloudFormationClient": ...

    @overload
    def __call__(self, service: Literal["codebuild"], /) -> "CodeBuildClient": ...

    @overload
    def __call__(self, service: Literal["codecommit"], /) -> "CodeCommitClient": ...

    @overload
    def __call__(self, service: Literal["dynamodb"], /) -> "DynamoDBClient": ...

    @overload
    def __call__(self, service: Literal["ecr"], /) -> "ECRClient": ...

    @overload
    def __call__(self, service: Literal["ecr-public"], /) -> "ECRPublicClient": ...

    @overload
    def __call__(self, service: Literal["events"], /) -> "EventBridgeClient": ...

    @overload
    def __call__(self, service: Literal["iam"], /) -> "IAMClient": ...

    @overload
    def __call__(self, service: Literal["lambda"], /) -> "LambdaClient": ...

    @overload
    def __call__(self, service: Literal["logs"], /) -> "CloudWatchLogsClient": ...

    @overload
    def __call__(self, service: Literal["s3"], /) -> "S3Client": ...

    @overload
    def __call__(self, service: Literal["sagemaker"], /) -> "SageMakerClient": ...

    @overload
    def __call__(self, service: Literal["sagemaker-runtime"], /) -> "SageMakerRuntimeClient": ...

    @overload
    def __call__(self, service: Literal["service-quotas"], /) -> "ServiceQuotasClient": ...

    @overload
    def __call__(self, service: Literal["sns"], /) -> "SNSClient": ...

    @overload
    def __call__(self, service: Literal["sqs"], /) -> "SQSClient": ...

    @overload
    def __call__(self, service: Literal["ssm"], /) -> "SSMClient": ...

    @overload
    def __call__(self, service: Literal["stepfunctions"], /) -> "SFNClient": ...

    @overload
    def __call__(self, service: Literal["sts"], /) -> "STSClient": ...

    @overload
    def __call__(self, service: str, /) -> Any: ...
