"""Where a git remote leads: every spelling of a CodeCommit repository, and none of another host."""

from pathlib import Path

import pytest

from modelwharf.cli.codecommit_remote import (
    CodeCommitRemote,
    codecommit_remote,
    host_of_alias,
    region_of_profile,
)

KEY = "APKAEIBAERJR2EXAMPLE"
REGIONS = {None: "eu-west-1", "team": "us-east-1"}
ALIASES = {"codecommit": "git-codecommit.eu-west-1.amazonaws.com", "-oProxyCommand=x": "boom"}


def lead(url: str) -> CodeCommitRemote | None:
    return codecommit_remote(
        url, region_of_profile=REGIONS.get, host_of_alias=lambda host: ALIASES.get(host, host)
    )


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("codecommit::eu-west-1://oil-price", "eu-west-1"),
        ("codecommit::ap-southeast-2://team@oil-price", "ap-southeast-2"),
        ("codecommit::us-gov-west-1://a.b@c@oil-price", "us-gov-west-1"),
        ("codecommit://oil-price", "eu-west-1"),
        ("codecommit://team@oil-price", "us-east-1"),
        ("codecommit://gone@oil-price", None),
        ("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price", "eu-west-1"),
        ("https://ada@git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price/", "eu-west-1"),
        ("https://ada-at-1:p%2Fw@git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price",
         "eu-west-1"),
        ("https://git-codecommit.eu-west-1.amazonaws.com:443/v1/repos/oil-price", "eu-west-1"),
        ("https://GIT-CodeCommit.eu-west-1.amazonaws.com/v1/repos/oil-price", "eu-west-1"),
        ("https://git-codecommit-fips.us-east-2.amazonaws.com/v1/repos/oil-price", "us-east-2"),
        ("https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/oil-price", "cn-north-1"),
        ("https://git-codecommit.eu-west-1.api.aws/v1/repos/oil-price", "eu-west-1"),
        ("https://vpce-1a-2b.git-codecommit.us-west-2.vpce.amazonaws.com/v1/repos/oil-price",
         "us-west-2"),
        (f"ssh://{KEY}@git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price", "eu-west-1"),
        ("ssh://git-codecommit.eu-west-1.amazonaws.com:22/v1/repos/oil-price", "eu-west-1"),
        ("git+ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price", "eu-west-1"),
        (f"{KEY}@git-codecommit.eu-west-1.amazonaws.com:v1/repos/oil-price", "eu-west-1"),
        ("git-codecommit.eu-west-1.amazonaws.com:/v1/repos/oil-price", "eu-west-1"),
        ("ssh://codecommit/v1/repos/oil-price", "eu-west-1"),
        ("codecommit:v1/repos/oil-price", "eu-west-1"),
        (f"{KEY}@codecommit:/v1/repos/oil-price", "eu-west-1"),
    ],
)  # fmt: skip
def test_a_remote_of_codecommit_leads_to_its_repository(url: str, region: str | None) -> None:
    assert lead(url) == CodeCommitRemote("oil-price", region)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ada/oil-price.git",
        "git@github.com:ada/oil-price.git",
        "git@github.com:v1/repos/oil-price",
        "/srv/git/oil-price.git",
        "../v1/repos/oil-price",
        "file:///v1/repos/oil-price",
        "http://git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price",
        "https://git-codecommit.eu-west-1.amazonaws.com.example.org/v1/repos/oil-price",
        "https://example.org/git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price",
        "https://codecommit/v1/repos/oil-price",
        "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/a/oil-price",
        "https://[::1/v1/repos/oil-price",
        "ssh://-oProxyCommand=x/v1/repos/oil-price",
        "codecommit::eu-west-1://",
        "codecommit:oil-price",
        "",
    ],
)
def test_what_is_not_codecommit_leads_nowhere(url: str) -> None:
    assert lead(url) is None


def test_a_profiles_region_is_the_one_of_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "config"
    configuration.write_text("[profile team]\nregion = ap-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    assert region_of_profile("team") == "ap-south-1"
    assert region_of_profile("nobody") is None
    assert region_of_profile(None) is None


def test_a_host_alias_is_looked_up_where_ssh_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\n[ "$1" = -G ] && echo user ada && echo hostname "$2.example"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert host_of_alias("codecommit") == "codecommit.example"


def test_without_ssh_a_host_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert host_of_alias("codecommit") == "codecommit"
