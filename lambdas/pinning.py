"""What a release is made from, pinned before its first state runs."""

from botocore.exceptions import ClientError

from contracts.parameters import Data, Notifications, Source
from contracts.section_text import InvalidParameter
from lambdas.archive import MISSING_CODES
from lambdas.errors import UnknownCommit, code_of
from lambdas.repository import MissingPath, Repository, tag_of
from lambdas.settings import Pinned
from lambdas.site import Site


def pin_data(site: Site, data: Data) -> dict[str, str]:
    """Input name → newest version id; an input that is not there yet is left to Resolve."""
    versions = {}
    for name, source in data.inputs.items():
        try:
            head = site.clients.s3.head_object(Bucket=site.environment.data_bucket, Key=source.key)
        except ClientError as error:
            if code_of(error) not in MISSING_CODES:
                raise
            continue
        versions[name] = head["VersionId"]
    return versions


def image_tags(site: Site, pinned: Pinned, commit: str) -> dict[str, str]:
    """Kind → tag; empty when they cannot be told, which Resolve will explain."""
    source = source_of(site, pinned) or Source()
    repository = repository_of(site)
    try:
        return {
            "training": tag_of(repository, commit, source, source.training_image),
            "inference": tag_of(repository, commit, source, source.inference_image),
        }
    except (UnknownCommit, MissingPath):
        return {}


def repository_of(site: Site) -> Repository:
    return Repository(site.clients.codecommit, site.environment.code_repository)


def source_of(site: Site, pinned: Pinned) -> Source | None:
    try:
        source: Source = pinned.section(site.environment.project, "source")
    except InvalidParameter:
        return None
    return source


def data_of(site: Site, pinned: Pinned) -> Data | None:
    try:
        data: Data = pinned.section(site.environment.project, "data")
    except InvalidParameter:
        return None
    return data


def notifications_of(site: Site, pinned: Pinned) -> Notifications | None:
    try:
        wishes: Notifications = pinned.section(site.environment.project, "notifications")
    except InvalidParameter:
        return None
    return wishes
