"""The image repositories, and the build."""

import json
from pathlib import Path

import pytest

from tests.infra.template import Template

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_a_tag_is_never_written_twice_and_every_image_is_scanned(
    kind: str, template: Template
) -> None:
    repository = template.one("AWS::ECR::Repository", f"Images{kind.title()}Repository").properties

    assert repository["RepositoryName"] == f"modelwharf/oil-price/{kind}"
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_lifecycle_drops_untagged_images_and_keeps_the_newest(template: Template) -> None:
    for repository in template.of_type("AWS::ECR::Repository"):
        policy = json.loads(repository.properties["LifecyclePolicy"]["LifecyclePolicyText"])
        selections = [rule["selection"] for rule in policy["rules"]]

        assert [(item["tagStatus"], item["countNumber"]) for item in selections] == [
            ("untagged", 14),
            ("any", 200),
        ]


def test_the_build_follows_the_buildspec_in_the_commit(template: Template) -> None:
    source = template.one("AWS::CodeBuild::Project").properties["Source"]

    assert source["Type"] == "CODECOMMIT"
    assert source["BuildSpec"] == "containers/buildspec.yml"
    assert (ROOT / source["BuildSpec"]).is_file()


def test_the_build_is_privileged_to_build_images_and_logs_where_functions_look(
    template: Template,
) -> None:
    project = template.one("AWS::CodeBuild::Project").properties

    assert project["Environment"]["PrivilegedMode"] is True
    assert project["Environment"]["Type"] == "LINUX_CONTAINER"
    assert project["EncryptionKey"] == "<StorageKey.Arn>"
    assert project["LogsConfig"]["CloudWatchLogs"]["GroupName"] == "<ImagesBuildLog>"
    log = template.one("AWS::Logs::LogGroup", "ImagesBuildLog").properties
    assert log["LogGroupName"] == "/aws/codebuild/modelwharf-oil-price-images"
