"""CodeCommit: git repositories."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "codecommit",
    target="CodeCommit_20150413",
    ours=operations(
        "CreateRepository DeleteRepository GetBlob GetBranch GetCommit GetDifferences GetFile "
        "GetFolder GetRepositoryTriggers ListBranches ListRepositories "
        "PutRepositoryTriggers"
    ),
    moto=operations("GetRepository"),
    empty=operations("ListApprovalRuleTemplates"),
    permissions={
        **each(
            named("codecommit", "", "repositoryName"),
            "GetBranch GetCommit GetFolder GetFile GetBlob GetDifferences GetRepository "
            "ListBranches GitPull GitPush CreateCommit PutFile GetRepositoryTriggers "
            "BatchGetCommits GetReferences",
        ),
        **each(any_resource, "ListRepositories"),
    },
)
