"""The stack: its constructs, and how they are connected."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

import modelwharf
from infra.dead_letters import DeadLetters
from infra.environment import environment
from infra.events import Events
from infra.execution_roles import ExecutionRoles
from infra.functions import Functions
from infra.images import Images
from infra.monitoring import Monitoring
from infra.names import Names
from infra.permissions import Permissions
from infra.resources import Resources
from infra.serving import Serving
from infra.settings import Settings
from infra.source import Source
from infra.storage import Storage
from infra.topics import Topics
from infra.workflow import Workflow
from modelwharf.contracts.stack_versions import OLDEST_READER


class ModelwharfStack(Stack):
    """A push or new data starts a release; a release changes the endpoint, or nothing."""

    def __init__(self, scope: Construct, *, settings: Settings, **stack: Any) -> None:
        names = Names(settings.project)
        super().__init__(
            scope,
            names.stack,
            env=settings.environment,
            # `cdk destroy` would delete the role of a running endpoint, and leave names that block
            # the next deployment. `wharf destroy` does not.
            termination_protection=not settings.destroys,
            **stack,
        )

        storage = Storage(self, "Storage", settings=settings)
        topics = Topics(self, "Topics", names=names, kms_key=storage.kms_key)
        dead_letters = DeadLetters(self, "DeadLetters")
        source = Source(self, "Source", settings=settings, names=names, topics=topics)
        images = Images(
            self,
            "Images",
            settings=settings,
            names=names,
            code=source.codecommit_repository,
            storage=storage,
        )
        Serving(self, "Serving", settings=settings, names=names)
        roles = ExecutionRoles(self, "ExecutionRoles", names=names, storage=storage, images=images)
        resources = Resources(
            self,
            names=names,
            storage=storage,
            topics=topics,
            dead_letters=dead_letters,
            code=source.codecommit_repository,
            images=images,
        )
        functions = Functions(
            self,
            "Functions",
            settings=settings,
            names=names,
            topics=topics,
            dead_letters=dead_letters,
            permissions=Permissions(names=names, resources=resources, roles=roles),
            environment=environment(
                settings=settings,
                names=names,
                storage=storage,
                topics=topics,
                roles=roles,
                state_machine_arn=resources.state_machine_arn,
            ),
        )
        workflow = Workflow(self, "Workflow", settings=settings, names=names, functions=functions)
        Events(
            self,
            "Events",
            names=names,
            storage=storage,
            dead_letters=dead_letters,
            functions=functions,
        )
        Monitoring(
            self,
            "Monitoring",
            settings=settings,
            names=names,
            topics=topics,
            dead_letters=dead_letters,
            workflow=workflow,
            functions=functions,
        )
        # W3005: the CDK writes each role as a dependency in addition to the reference.
        self.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        self._tell(
            ChangesTopicArn=topics.changes.topic_arn,
            NotificationsTopicArn=topics.notifications.topic_arn,
            DeadLetterQueueUrl=dead_letters.sqs_queue.queue_url,
            StateMachineArn=workflow.state_machine.state_machine_arn,
            LedgerTable=storage.dynamodb_table.table_name,
            DataBucket=storage.data_bucket.bucket_name,
            ArtifactBucket=storage.artifact_bucket.bucket_name,
            RepositoryName=source.codecommit_repository.repository_name,
            RepositoryCloneUrl=source.codecommit_repository.repository_clone_url_http,
            EndpointName=names.endpoint,
            ModelPackageGroup=names.model_package_group,
            BuildProject=images.codebuild_project.project_name,
            ModelwharfVersion=modelwharf.__version__,
            OldestReader=OLDEST_READER,
        )

    def _tell(self, **outputs: str) -> None:
        """The stack's outputs, by which the command line finds everything."""
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
