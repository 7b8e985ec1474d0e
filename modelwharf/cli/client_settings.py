"""The settings that let any AWS client talk to the laptop's cloud, and to nothing else.

Variables override files in every SDK, so most settings are variables. Two clients read some
settings only from files. Both files are the cloud's own; the user's files stay unread.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from modelwharf.cli import aws_cli
from modelwharf.contracts.laptop import LaptopCloud, LaptopKey

FOLDER = "client"
OTHER_ACCOUNTS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Variables that select an account, or override a given address."""
# S3 addresses with the bucket in the path, and the one signature version that buckets accept today.
AWS_CONFIG = """\
[default]
region = {region}
s3 =
    addressing_style = path
    signature_version = s3v4
"""
# Without these settings, SageMaker's Python SDK asks AWS's own STS for the account in its bucket's
# name, and reports each call to AWS (SDK guide, "Configuring and using defaults").
SAGEMAKER_CONFIG = """\
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: sagemaker-{region}-{account}
"""


def variables(cloud: LaptopCloud, key: LaptopKey, folder: Path) -> dict[str, str]:
    """Return the environment with which any AWS client finds this cloud; see ``write_files``."""
    return {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_STS": cloud.url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_CONFIG_FILE": str(folder / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # An address that a client sets itself uses https. Without a trusted authority, that address
        # gets neither the request nor the signature.
        "AWS_CA_BUNDLE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The cloud answers only its own host name, without a prefix.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(folder / "sagemaker.yaml"),
        "WHARF_PROJECT": cloud.project,
    }


def write_files(cloud: LaptopCloud, folder: Path, environment: Mapping[str, str]) -> None:
    """Write the files that the variables name. ``environment``: has the user's PATH, to find
    `aws`.
    """
    plugins = aws_cli.SETTINGS if takes_plugin(environment.get("PATH", os.defpath)) else ""
    folder.mkdir(mode=0o700, exist_ok=True)
    contents = {
        "aws-config": AWS_CONFIG.format(region=cloud.region) + plugins,
        "sagemaker.yaml": SAGEMAKER_CONFIG.format(region=cloud.region, account=cloud.account),
    }
    for name, text in contents.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text)


def takes_plugin(path: str) -> bool:
    """Whether the `aws` on this PATH can load the plugin.

    Version 1 imports it only from its own environment, and fails where it is missing.
    """
    program = shutil.which("aws", path=path)
    if program is None or Path(program).parent == Path(sys.executable).parent:
        return True
    try:
        result = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return not f"{result.stdout}{result.stderr}".startswith("aws-cli/1.")


def in_the_way(environment: Mapping[str, str]) -> list[str]:
    """Return the names of variables that would send a client elsewhere."""
    others = (name for name in environment if name.startswith("AWS_ENDPOINT_URL_"))
    return [*OTHER_ACCOUNTS, *sorted(set(others) - {"AWS_ENDPOINT_URL_STS"})]


NAMES = tuple(
    variables(
        LaptopCloud(pid=0, url="", region="", account="", engine="", project="", repository=""),
        LaptopKey(access_key_id="", secret_access_key=""),
        Path(),
    )
)
"""Every variable that `wharf env` sets."""
