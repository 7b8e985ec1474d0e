"""IAM: every call is judged by the policies in the template.

``gate``                stands before every API: who calls, and may it
``policies``            the evaluation of policy documents
``calls``               what an HTTP request asks for, read with botocore's models
``permissions``         which action on which resources a call needs
``object_permissions``  the same for S3
"""

from localcloud.iam.gate import (
    AccessDenied,
    Gate,
    UnknownPrincipal,
    install,
    principal_of,
    require,
    require_service_access,
    require_trust,
)

__all__ = [
    "AccessDenied",
    "Gate",
    "UnknownPrincipal",
    "install",
    "principal_of",
    "require",
    "require_service_access",
    "require_trust",
]
