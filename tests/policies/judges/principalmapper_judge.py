"""principalmapper's decision on each request. Runs in the tools' environment.

On stdin a list of cases (tests/policies/requests.py), on stdout a list of decisions. It has been
held against AWS's policy simulator by its authors, as its comments tell.
"""

import collections
import collections.abc
import json
import sys
from typing import Any

# It was written for Python 3.9, where these were importable from there.
collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]
collections.MutableMapping = collections.abc.MutableMapping  # type: ignore[attr-defined]

from principalmapper.querying.local_policy_simulation import (  # noqa: E402
    ResourcePolicyEvalResult,
    policy_has_matching_statement,
    resource_policy_authorization,
)
from principalmapper.util.case_insensitive_dict import CaseInsensitiveDict  # noqa: E402

OF_RESOURCE_POLICIES = {
    ResourcePolicyEvalResult.DENY_MATCH: "DENIED",
    ResourcePolicyEvalResult.SERVICE_MATCH: "ALLOWED",
    ResourcePolicyEvalResult.NO_MATCH: "SILENT",
}


def decision(case: dict[str, Any]) -> str:
    document, action, resource = case["document"], case["action"], case["resource"]
    context = CaseInsensitiveDict(case["context"])
    if case["service"]:
        result = resource_policy_authorization(
            case["service"], "111122223333", document, action, resource, context
        )
        return OF_RESOURCE_POLICIES[result]
    for effect, word in (("Deny", "DENIED"), ("Allow", "ALLOWED")):
        if policy_has_matching_statement(document, effect, action, resource, context):
            return word
    return "SILENT"


json.dump([decision(case) for case in json.load(sys.stdin)], sys.stdout)
