"""CodeBuild: projects, and builds that run their commands."""

from modelwharf.laptop.offer.service import Service, operations

SERVICE = Service(
    "codebuild",
    target="CodeBuild_20161006",
    ours=operations("BatchGetBuilds ListBuilds ListBuildsForProject StartBuild StopBuild"),
    moto=operations("BatchGetProjects CreateProject DeleteProject ListProjects"),
    empty=operations(
        "ListBuildBatches ListFleets ListReportGroups ListReports ListSandboxes "
        "ListSharedProjects ListSharedReportGroups ListSourceCredentials"
    ),
)
