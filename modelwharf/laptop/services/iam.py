"""IAM: users, groups, roles and policies, with which the gate judges calls."""

from modelwharf.laptop.services.call_resources import any_resource, each, iam
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "iam",
    ours=operations("SimulatePrincipalPolicy"),
    moto=operations(
        "AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy "
        "AttachUserPolicy CreateAccessKey CreateGroup CreateInstanceProfile CreatePolicy "
        "CreatePolicyVersion CreateRole CreateServiceLinkedRole CreateUser "
        "DeleteAccessKey DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeletePolicy "
        "DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy "
        "DeleteServiceLinkedRole "
        "DeleteUser DeleteUserPolicy DetachGroupPolicy DetachRolePolicy DetachUserPolicy "
        "GetAccessKeyLastUsed GetAccountAuthorizationDetails GetAccountSummary GetGroup "
        "GetGroupPolicy GetInstanceProfile GetPolicy GetPolicyVersion GetRole "
        "GetRolePolicy GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy "
        "ListAccessKeys ListAttachedGroupPolicies ListAttachedRolePolicies "
        "ListAttachedUserPolicies ListEntitiesForPolicy ListGroupPolicies ListGroups "
        "ListGroupsForUser ListInstanceProfiles ListInstanceProfilesForRole ListPolicies "
        "ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags ListRoles "
        "ListUserPolicies ListUserTags ListUsers PutGroupPolicy "
        "PutRolePermissionsBoundary PutRolePolicy "
        "PutUserPolicy RemoveRoleFromInstanceProfile RemoveUserFromGroup "
        "SetDefaultPolicyVersion TagInstanceProfile TagPolicy TagRole TagUser "
        "UntagInstanceProfile UntagPolicy UntagRole UntagUser UpdateAccessKey "
        "UpdateAssumeRolePolicy UpdateGroup UpdateRole UpdateRoleDescription UpdateUser"
    ),
    kept=operations(
        "CreateAccountAlias CreateLoginProfile CreateOpenIDConnectProvider "
        "CreateSAMLProvider CreateVirtualMFADevice DeactivateMFADevice DeleteAccountAlias "
        "DeleteAccountPasswordPolicy DeleteLoginProfile DeleteOpenIDConnectProvider "
        "DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate "
        "DeleteSigningCertificate DeleteVirtualMFADevice EnableMFADevice "
        "GenerateCredentialReport GetAccountPasswordPolicy GetCredentialReport "
        "GetLoginProfile GetOpenIDConnectProvider GetSAMLProvider GetSSHPublicKey "
        "GetServerCertificate ListAccountAliases ListMFADevices "
        "ListOpenIDConnectProviderTags ListOpenIDConnectProviders ListSAMLProviders "
        "ListSSHPublicKeys ListServerCertificates ListSigningCertificates "
        "ListVirtualMFADevices TagOpenIDConnectProvider UntagOpenIDConnectProvider "
        "UpdateAccountPasswordPolicy UpdateLoginProfile "
        "UpdateOpenIDConnectProviderThumbprint UpdateSAMLProvider UpdateSSHPublicKey "
        "UpdateSigningCertificate UploadSSHPublicKey UploadServerCertificate "
        "UploadSigningCertificate"
    ),
    refused={
        "PutUserPermissionsBoundary": "a boundary of a user is not judged here; one of a role is",
    },
    one_at_a_time=True,
    permissions={
        **each(
            iam("role", "RoleName"),
            "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies",
        ),
        **each(iam("policy", "PolicyArn"), "GetPolicy GetPolicyVersion"),
        **each(any_resource, "ListRoles ListPolicies"),
    },
)
