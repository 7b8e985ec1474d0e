"""IAM: every call is judged by the policies in the template.

``gate``                stands before every path: lets a call pass, or answers that it is denied
``refusals``            why not, in the form of the service that was called
``authentication``      who has signed a request
``signatures``          whether the holder of a key has
``judgement``           whether a call may go on
``calls``               what an HTTP request asks for, read with botocore's models
``permissions``         which actions on which resources a call needs
``operations``          the table behind it: which resources each operation names
``encryption``          which actions on keys it needs besides
``object_permissions``  the same for S3
``principals``          who calls, and their policies
``limits``              what narrows a role's policies
``simulation``          what the policies would decide, for those who ask before they call
``resource_policies``   the policies of buckets, topics, queues and functions
``used_grants``         which grants of a template were needed, when a test run asks
``policies``            the evaluation of policy documents
"""

from localcloud.iam.encryption import key_arn
from localcloud.iam.gate import Gate, install
from localcloud.iam.judgement import (
    require,
    require_of_role,
    require_service_access,
    require_trust,
)
from localcloud.iam.principals import principal_of
from localcloud.iam.refusals import AccessDenied, UnknownPrincipal

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
