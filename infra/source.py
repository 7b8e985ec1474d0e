"""The repository with the model's code."""

from aws_cdk.aws_codecommit import Repository, RepositoryEventTrigger
from constructs import Construct

from infra.grant import arn
from infra.names import Names
from infra.settings import Settings
from infra.topics import Topics


class Source(Construct):
    """A CodeCommit repository that publishes every push to the changes topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        self.codecommit_repository = Repository(
            self,
            "Repository",
            repository_name=names.code_repository,
            description=f"Model code of {names.project}: a push starts a release",
        )
        self.codecommit_repository.apply_removal_policy(settings.removal_policy)
        # All branches: a parameter names the one that releases, and changing it needs no deploy.
        self.codecommit_repository.notify(
            topics.changes.topic_arn,
            name="changes",
            events=[RepositoryEventTrigger.CREATE_REF, RepositoryEventTrigger.UPDATE_REF],
        )
        topics.publish_from(
            topics.changes,
            sid="PushesOfTheRepository",
            service="codecommit.amazonaws.com",
            source_arn=arn(self, "codecommit", names.code_repository),
        )
