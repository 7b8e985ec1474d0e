"""Physical names of the resources that another part finds by name; others are generated."""

from dataclasses import dataclass

from modelwharf.contracts.names import parameter_path, pip_conf_parameter, stack_name


@dataclass(frozen=True)
class Names:
    """The names of one project's resources."""

    project: str

    @property
    def stack(self) -> str:
        return stack_name(self.project)

    @property
    def state_machine(self) -> str:
        return f"{self.stack}-release"

    def function(self, module: str) -> str:
        """Name of the function whose code is ``lambdas/handlers/<module>.py``."""
        return f"{self.stack}-{module.replace('_', '-')}"

    def topic(self, topic: str) -> str:
        return f"{self.stack}-{topic}"

    def alarm(self, alarm: str) -> str:
        """Name of an alarm; those with this prefix may publish to the topics."""
        return f"{self.stack}-{alarm}"

    @property
    def code_repository(self) -> str:
        return self.project

    @property
    def build_project(self) -> str:
        return f"{self.stack}-images"

    def image_repository(self, kind: str) -> str:
        """Name of the ECR repository of the ``training`` or ``inference`` image."""
        return f"modelwharf/{self.project}/{kind}"

    @property
    def endpoint(self) -> str:
        return self.project

    @property
    def model_package_group(self) -> str:
        return self.project

    @property
    def release_jobs(self) -> str:
        """Prefix of every SageMaker job, model and endpoint configuration of a release.

        ``modelwharf.contracts.names.job_name`` writes them in lower case, as SageMaker's ARNs do.
        """
        return f"{self.project}-r-"

    @property
    def eia_key_parameter(self) -> str:
        """The SecureString with the EIA's API key, which a user makes to refresh prices."""
        return parameter_path(self.project, "eia-api-key")

    @property
    def pip_conf_parameter(self) -> str:
        """The SecureString with pip's configuration, which a user makes for a private index."""
        return pip_conf_parameter(self.project)
