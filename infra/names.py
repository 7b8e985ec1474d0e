"""Physical names: chosen where another part finds the resource by its name, generated elsewhere."""

from dataclasses import dataclass

from contracts.names import parameter_path, pip_conf_parameter, stack_name


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
        """Name of the function whose code is ``lambdas/<module>.py``."""
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

        ``contracts.names.job_name`` writes them in lower case, as SageMaker's ARNs do.
        """
        return f"{self.project}-r-"

    @property
    def eia_key_parameter(self) -> str:
        """The SecureString that a user makes who wants prices refreshed from the EIA."""
        return parameter_path(self.project, "eia-api-key")

    @property
    def pip_conf_parameter(self) -> str:
        """The SecureString that a user makes whose builds need a package index of their own."""
        return pip_conf_parameter(self.project)
