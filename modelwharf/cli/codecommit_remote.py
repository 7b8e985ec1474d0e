"""Finds the CodeCommit repository of a git remote's URL.

The spellings are those of AWS's guide ("Connecting to AWS CodeCommit repositories", "Regions and
Git connection endpoints") and of git-remote-codecommit; git also takes SSH's short form and the
host aliases of ``~/.ssh/config``. None of them names the account: the profile, the SSH key or the
password decides that.
"""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.exceptions import ProfileNotFound

SSH_TIMEOUT = 10  # seconds; `ssh -G` opens no connection

# git-codecommit.eu-west-1.amazonaws.com, git-codecommit-fips.us-east-2.amazonaws.com, the same
# behind a VPC endpoint (vpce-….git-codecommit.eu-west-1.vpce.amazonaws.com), dual-stack, in China.
_HOST = re.compile(
    r"^(?:[a-z0-9-]+\.)?git-codecommit(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:vpce\.)?"
    r"(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$"
)
_PATH = re.compile(r"^/*v1/repos/(?P<name>[A-Za-z0-9._-]{1,100})/?$")
_HELPER = re.compile(
    r"^codecommit:(?::(?P<region>[a-z0-9-]+):)?//(?:(?P<profile>.+)@)?"
    r"(?P<name>[A-Za-z0-9._-]{1,100})/?$"
)
# user@host:path, without a slash before the colon (git-clone, "GIT URLS").
_SHORT_SSH = re.compile(r"^(?:[^/@]+@)?(?P<host>[^/:]+|\[[^]]+\]):(?P<path>(?!//).*)$")

RegionOfProfile = Callable[[str | None], str | None]
HostOfAlias = Callable[[str], str]


@dataclass(frozen=True)
class CodeCommitRemote:
    """A remote's repository. ``region`` None: neither the URL nor its profile names one."""

    repository: str
    region: str | None


def region_of_profile(profile: str | None) -> str | None:
    """Return the region that git-remote-codecommit would use: the environment's or the
    profile's.
    """
    try:
        session = botocore.session.Session(profile=profile)
        found: str | None = session.get_config_variable("region")
    except ProfileNotFound:
        return None
    return found


def host_of_alias(host: str) -> str:
    """Return the host name for ``host`` in SSH's configuration, or ``host`` itself without one."""
    if host.startswith("-"):  # ssh would read it as an option; git refuses it too
        return host
    try:
        answer = subprocess.run(
            ["ssh", "-G", host], capture_output=True, text=True, timeout=SSH_TIMEOUT, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return host
    lines = (line.partition(" ") for line in answer.stdout.splitlines())
    return next((value for name, _, value in lines if name == "hostname"), host)


def codecommit_remote(
    url: str,
    *,
    region_of_profile: RegionOfProfile = region_of_profile,
    host_of_alias: HostOfAlias = host_of_alias,
) -> CodeCommitRemote | None:
    """Return the URL's CodeCommit repository; None when it has none."""
    helper = _HELPER.match(url)
    if helper:
        region = helper["region"] or region_of_profile(helper["profile"])
        return CodeCommitRemote(helper["name"], region)
    host, path, is_ssh = _host_and_path(url)
    name = _PATH.match(path)
    if not name:
        return None
    place = _HOST.match(host)
    if not place and is_ssh:
        place = _HOST.match(host_of_alias(host).lower())
    return CodeCommitRemote(name["name"], place["region"]) if place else None


def _host_and_path(url: str) -> tuple[str, str, bool]:
    """Return the host in lower case, the path, and whether the URL uses SSH."""
    short = _SHORT_SSH.match(url)
    if short and "://" not in url:
        return short["host"].lower(), short["path"], True
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # an IPv6 address without its bracket
        return "", "", False
    if parts.scheme in {"ssh", "git+ssh", "ssh+git"}:
        return host, unquote(parts.path), True
    return (host, unquote(parts.path), False) if parts.scheme == "https" else ("", "", False)
