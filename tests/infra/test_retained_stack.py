"""The resources that `wharf destroy` keeps in the stack, from the real template."""

import json

from modelwharf.cli.retained_stack import deletable_template, retained_template
from modelwharf.laptop.cloudformation import refusals
from tests.infra.template import Template

HOLDS_WORK = {
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::CodeCommit::Repository",
    "AWS::Logs::LogGroup",  # the endpoint's, in which its last lines may come late
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SNS::Topic",  # the repository's trigger names it
}
TEMPLATE_BODY = 51_200  # bytes that UpdateStack takes without a bucket


def test_what_holds_work_stays_and_nothing_that_runs(template: Template) -> None:
    left = retained_template(template.document)
    assert {one["Type"] for one in left["Resources"].values()} == HOLDS_WORK
    assert refusals(left) == []
    assert len(json.dumps(left)) < TEMPLATE_BODY


def test_each_bucket_still_refuses_plain_http(template: Template) -> None:
    types = [one["Type"] for one in retained_template(template.document)["Resources"].values()]
    assert types.count("AWS::S3::BucketPolicy") == types.count("AWS::S3::Bucket") == 2


def test_to_be_deleted_nothing_is_kept_and_each_resource_changes(template: Template) -> None:
    left = retained_template(template.document)
    deletable = deletable_template(left)
    for name, one in deletable["Resources"].items():
        assert one["DeletionPolicy"] == "Delete"
        # CloudFormation takes no update of a deletion policy alone.
        assert one["Metadata"] != left["Resources"][name].get("Metadata"), name
    assert retained_template(deletable) == {}
