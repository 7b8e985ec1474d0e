"""CodeCommit: git repositories."""

from modelwharf.laptop.offer.service import Service, operations

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
)
