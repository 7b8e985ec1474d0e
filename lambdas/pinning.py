"""Pin what a release is made from, before its first state runs."""

from botocore.exceptions import ClientError

from lambdas.archive import MISSING_CODES
from lambdas.errors import UnknownCommit, code_of
from lambdas.image_tags import contents_of
from lambdas.repository import MissingPath, Repository
from lambdas.runtime import Runtime
from lambdas.settings import Pinned
from modelwharf.contracts.parameters import Data, Notifications, Source
from modelwharf.contracts.section_text import InvalidParameter


def pin_data(runtime: Runtime, data: Data) -> dict[str, str]:
    """Return input name → newest version id; Resolve reports an input that does not exist yet."""
    versions = {}
    for name, source in data.inputs.items():
        try:
            head = runtime.clients.s3.head_object(
                Bucket=runtime.environment.data_bucket, Key=source.key
            )
        except ClientError as error:
            if code_of(error) not in MISSING_CODES:
                raise
            continue
        versions[name] = head["VersionId"]
    return versions


def image_contents(runtime: Runtime, pinned: Pinned, commit: str) -> dict[str, str]:
    """Return kind → digest of the commit's files in the image; {} if Resolve will report why."""
    source = source_of(runtime, pinned) or Source()
    try:
        return contents_of(repository_of(runtime), commit, source)
    except (UnknownCommit, MissingPath):
        return {}


def repository_of(runtime: Runtime) -> Repository:
    return Repository(runtime.clients.codecommit, runtime.environment.code_repository)


def source_of(runtime: Runtime, pinned: Pinned) -> Source | None:
    try:
        source: Source = pinned.section(runtime.environment.project, "source")
    except InvalidParameter:
        return None
    return source


def data_of(runtime: Runtime, pinned: Pinned) -> Data | None:
    try:
        data: Data = pinned.section(runtime.environment.project, "data")
    except InvalidParameter:
        return None
    return data


def notifications_of(runtime: Runtime, pinned: Pinned) -> Notifications | None:
    try:
        settings: Notifications = pinned.section(runtime.environment.project, "notifications")
    except InvalidParameter:
        return None
    return settings
