"""IAM: every call is judged by the policies in the template.

``gate``                WSGI middleware before moto: passes a call on, or answers that it is denied
``refusals``            the reasons for a denial, in the called service's form
``authentication``      who signed a request
``signatures``          whether the signature is valid
``judgement``           whether a call is allowed
``calls``               the call in an HTTP request, read with botocore's models
``permissions``         the actions and resources that a call needs
``encryption``          the actions on KMS keys that a call needs, too
``object_permissions``  the permissions of S3's calls
``principals``          the callers and their policies
``limits``              what narrows a role's policies
``simulation``          SimulatePrincipalPolicy: what the policies would decide
``resource_policies``   the policies of buckets, topics, queues and functions
``used_grants``         which grants of a template were needed, recorded for a test run
``policies``            the evaluation of policy documents
"""

from modelwharf.laptop.iam.encryption import key_arn
from modelwharf.laptop.iam.gate import Gate, install
from modelwharf.laptop.iam.judgement import (
    require,
    require_of_role,
    require_service_access,
    require_trust,
)
from modelwharf.laptop.iam.principals import principal_of
from modelwharf.laptop.iam.refusals import AccessDenied, UnknownPrincipal

__all__ = [
    "AccessDenied",
    "Gate",
    "UnknownPrincipal",
    "install",
    "key_arn",
    "principal_of",
    "require",
    "require_of_role",
    "require_service_access",
    "require_trust",
]
