"""Calls that change nothing, of all kinds of services, as the AWS CLI spells them."""

CALLS = """\
sts get-caller-identity
s3api list-buckets
s3 ls
sqs list-queues
sns list-topics
ssm describe-parameters
lambda list-functions
stepfunctions list-state-machines
sagemaker list-endpoints
sagemaker list-training-jobs
sagemaker list-contexts
sagemaker list-monitoring-schedules
sagemaker-runtime invoke-endpoint --endpoint-name none --content-type a/b --body e30= /dev/null
ecr describe-repositories
ecr get-login-password
codecommit list-repositories
codebuild list-projects
dynamodb list-tables
events list-rules
scheduler list-schedules
cloudformation list-stacks
cloudwatch list-metrics
cloudwatch describe-alarms
logs describe-log-groups
kms list-keys
iam list-roles
application-autoscaling describe-scalable-targets --service-namespace sagemaker
secretsmanager list-secrets
ec2 describe-instances
emr list-clusters
rds describe-db-instances
health describe-events
service-quotas list-services
budgets describe-budgets --account-id 123456789012
cloudfront list-distributions
route53 list-hosted-zones
"""
# All of these are offered by the template's cloud, so that they must succeed.
FOR_SURE = (
    "sts", "s3api", "s3", "sqs", "sns", "ssm", "lambda", "stepfunctions", "ecr", "codecommit",
    "codebuild", "dynamodb", "events", "cloudformation", "logs", "iam",
)  # fmt: skip
