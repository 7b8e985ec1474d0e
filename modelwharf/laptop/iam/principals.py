"""The callers of the cloud, and the policies that apply to each."""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import PARTITION
from modelwharf.laptop.iam.calls import Credential
from modelwharf.laptop.iam.limits import default_document, limits_of
from modelwharf.laptop.iam.policies import Document
from modelwharf.laptop.iam.refusals import TokenExpired, UnknownPrincipal


@dataclass(frozen=True)
class Principal:
    """One caller. ``arn`` is the session's or the user's, ``role`` the role's own ARN."""

    arn: str
    role: str | None
    documents: tuple[Document, ...]
    account: str
    limits: tuple[Document, ...] = ()
    """Each of these must allow what ``documents`` allow."""

    def names(self, *, whole_account: bool) -> dict[str, list[str]]:
        """The caller's names in the Principal element of a resource policy."""
        names = [self.arn, *([self.role] if self.role else [])]
        if whole_account:
            names += [self.account, f"arn:aws:iam::{self.account}:root"]
        return {"AWS": names}


_INVALID = "The security token included in the request is invalid."


def secret_of(cloud: Cloud, credential: Credential) -> str:
    """The secret that belongs to the key. Raises UnknownPrincipal."""
    if credential.access_key == cloud.root_key.access_key_id:
        return cloud.root_key.secret_access_key
    session = _session(cloud, credential)
    if session is not None:
        return session.secret_access_key
    for user in iam_backends[cloud.account][PARTITION].users.values():
        for key in user.access_keys:
            if key.access_key_id == credential.access_key and key.status == "Active":
                return key.secret_access_key
    raise UnknownPrincipal(_INVALID)


def _session(cloud: Cloud, credential: Credential) -> AssumedRole | None:
    """The role session of the key. Raises UnknownPrincipal when the token is another session's."""
    backend = sts_backends[cloud.account][PARTITION]
    session = backend.get_assumed_role_from_access_key(credential.access_key)
    if session is not None and not hmac.compare_digest(
        (credential.token or "").encode(), session.session_token.encode()
    ):
        raise UnknownPrincipal(_INVALID)
    return session


def principal_of(cloud: Cloud, credential: Credential) -> Principal:
    """The owner of the key. Raises UnknownPrincipal, TokenExpired."""
    backend = iam_backends[cloud.account][PARTITION]
    session = _session(cloud, credential)
    if session is not None:
        return _role_session(cloud, backend, session)
    for user in backend.users.values():
        if any(key.access_key_id == credential.access_key for key in user.access_keys):
            return _user(cloud, backend, user)
    raise UnknownPrincipal(_INVALID)


def _user(cloud: Cloud, backend: IAMBackend, user: User) -> Principal:
    holders: list[Any] = [user, *backend.get_groups_for_user(user.name)]
    documents = tuple(
        document
        for holder in holders
        for document in _documents(holder.policies.values(), holder.managed_policies.values())
    )
    return Principal(user.arn, None, documents, cloud.account)


def user_principal(cloud: Cloud, arn: str) -> Principal:
    """The user with this ARN. Raises UnknownPrincipal."""
    backend = iam_backends[cloud.account][PARTITION]
    user = next((one for one in backend.users.values() if one.arn == arn), None)
    if user is None:
        raise UnknownPrincipal(f"The user {arn} does not exist (any more).")
    return _user(cloud, backend, user)


def _role_session(cloud: Cloud, backend: IAMBackend, session: AssumedRole) -> Principal:
    if session.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
        raise TokenExpired("The security token included in the request is expired")
    role = _required_role(cloud, session.role_arn)
    return _role(cloud, backend, role, session.arn, session.policy)


def role_principal(cloud: Cloud, role_arn: str, session: str) -> Principal:
    """The session of a role that a service assumes. Raises UnknownPrincipal."""
    role = _required_role(cloud, role_arn)
    arn = f"arn:aws:sts::{cloud.account}:assumed-role/{role.name}/{session[:64]}"
    return _role(cloud, iam_backends[cloud.account][PARTITION], role, arn)


def find_role(cloud: Cloud, arn: str) -> Role | None:
    roles = iam_backends[cloud.account][PARTITION].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def _required_role(cloud: Cloud, arn: str) -> Role:
    role = find_role(cloud, arn)
    if role is None:
        raise UnknownPrincipal(f"The role {arn} does not exist (any more).")
    return role


def _role(
    cloud: Cloud, backend: IAMBackend, role: Role, arn: str, policy: str | None = None
) -> Principal:
    """The session of a role. ``arn`` is the session's, ``policy`` the session's own policy."""
    documents = _documents(role.policies.values(), role.managed_policies.values())
    limits = limits_of(backend, role, policy)
    return Principal(arn, role.arn, documents, cloud.account, limits)


def _documents(inline: Iterable[Any], managed: Iterable[Any]) -> tuple[Document, ...]:
    texts = [*inline, *(default_document(policy) for policy in managed)]
    return tuple(json.loads(text) for text in texts)
