"""CodeBuild: projects, and builds that run their commands."""

from modelwharf.laptop.services.call_resources import any_resource, build_projects, each
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "codebuild",
    target="CodeBuild_20161006",
    ours=operations("BatchGetBuilds ListBuilds ListBuildsForProject StartBuild StopBuild"),
    moto=operations("BatchGetProjects CreateProject DeleteProject ListProjects"),
    empty=operations(
        "ListBuildBatches ListFleets ListReportGroups ListReports ListSandboxes "
        "ListSharedProjects ListSharedReportGroups ListSourceCredentials"
    ),
    invalid="InvalidInputException",
    permissions={
        **each(
            build_projects,
            "StartBuild StopBuild BatchGetBuilds BatchGetProjects "
            "ListBuildsForProject CreateProject UpdateProject DeleteProject",
        ),
        **each(any_resource, "ListBuilds ListProjects"),
    },
)
