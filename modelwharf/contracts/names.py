"""Names and locations, derived from the release id, so that a retry finds existing resources.

Limits are AWS's own: SageMaker job, model, endpoint and configuration names have at most
63 characters of letters, digits and inner hyphens; an ECR tag at most 128.
"""

import hashlib
import json
import re
from collections.abc import Mapping

SAGEMAKER_NAME_LIMIT = 63  # characters
RELEASE_ID_PATTERN = r"^r-[0-9a-f]{16}$"

PROJECT_NAME = r"^[a-z](-?[a-z0-9]){1,29}$"
PROJECT_RULE = "2 to 30 lower-case letters, digits and single inner hyphens, starting with a letter"
DEFAULT_PROJECT = "oil-price"
PARAMETER_ROOT = "/modelwharf"
MODELS_PREFIX = "models"
"""Key prefix of registered models in the artifact bucket. No job may write there."""


def project_name(text: str) -> str:
    """Return the project's name, or raise ValueError: it becomes part of AWS names."""
    if not re.fullmatch(PROJECT_NAME, text):
        raise ValueError(f"project name {text!r}: use {PROJECT_RULE}")
    return text


def release_id(
    *,
    commit: str,
    data_versions: Mapping[str, str],
    parameter_versions: Mapping[str, int],
    configuration: str,
    reason: str,
) -> str:
    """Return the release id of these inputs; equal inputs have one id.

    ``configuration`` is the digest of the sections with their defaults filled in. The versions
    do not suffice: a changed default has none, and a parameter that is deleted and created again
    starts at version 1.
    """
    ingredients = [
        commit,
        dict(data_versions),
        dict(parameter_versions),
        configuration,
        reason,
    ]
    return f"r-{_digest(ingredients)[:16]}"


def configuration_digest(sections: Mapping[str, object]) -> str:
    """Return the digest of a project's sections, each as its JSON value."""
    return _digest(dict(sections))[:16]


def image_tag(ingredients: Mapping[str, str]) -> str:
    """Return ``src-<digest>`` of an image's ingredients: tree ids, Dockerfile, base, platform."""
    return f"src-{content_digest(ingredients)}"


def content_digest(ingredients: Mapping[str, str]) -> str:
    """Return the digest of named ingredients, 40 hexadecimal digits."""
    return _digest(dict(ingredients))[:40]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parameter_path(project: str, section: str) -> str:
    return f"{PARAMETER_ROOT}/{project}/{section}"


def pip_conf_parameter(project: str) -> str:
    """Path of the SecureString that may hold the pip configuration of the project's builds."""
    return parameter_path(project, "pip-conf")


def stack_name(project: str) -> str:
    return f"modelwharf-{project}"


def job_name(project: str, release: str, step: str) -> str:
    """Name of a release's training or processing job, model or endpoint configuration."""
    name = f"{project}-{release}-{step}"
    if len(name) > SAGEMAKER_NAME_LIMIT:
        raise ValueError(f"{name!r} is longer than SageMaker's {SAGEMAKER_NAME_LIMIT} characters")
    return name


def raw_prefix(release: str) -> str:
    """Key prefix of the raw data, copied when the release began."""
    return f"releases/{release}/raw/"


def channel_prefix(release: str, channel: str) -> str:
    """Key prefix of one channel's raw data, if training reads that."""
    return f"{raw_prefix(release)}{channel}/"


def data_prefix(release: str) -> str:
    """Key prefix of the data as the training job reads it."""
    return f"releases/{release}/data/"


def training_prefix(release: str) -> str:
    """Key prefix under which SageMaker puts ``<job>/output/model.tar.gz``."""
    return f"releases/{release}/training/"


def model_key(release: str) -> str:
    """Key of the release's registered model, a copy of the training job's."""
    return f"{MODELS_PREFIX}/{release}/model.tar.gz"


UPLOAD_METADATA = "modelwharf-upload"
"""Metadata of an object that was uploaded together with others: "<id> <input>,<input>"."""
