import re

import pytest

from modelwharf.contracts.names import (
    RELEASE_ID_PATTERN,
    SAGEMAKER_NAME_LIMIT,
    image_tag,
    job_name,
    project_name,
    release_id,
)

LONGEST_PROJECT = "p" * 30
INGREDIENTS = {
    "commit": "c" * 40,
    "data_versions": {"wti": "v1", "brent": "v2"},
    "parameter_versions": {"data": 3},
    "configuration": "0123456789abcdef",
    "reason": "",
}


def test_a_release_id_has_its_documented_form() -> None:
    assert re.match(RELEASE_ID_PATTERN, release_id(**INGREDIENTS))  # type: ignore[arg-type]


def test_the_order_of_the_ingredients_does_not_change_the_release() -> None:
    turned = {**INGREDIENTS, "data_versions": {"brent": "v2", "wti": "v1"}}
    assert release_id(**turned) == release_id(**INGREDIENTS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "d" * 40},
        {"data_versions": {"wti": "v2", "brent": "v2"}},
        {"parameter_versions": {"data": 4}},
        {"configuration": "fedcba9876543210"},
        {"reason": "again"},
    ],
)
def test_every_ingredient_makes_another_release(change: dict[str, object]) -> None:
    assert release_id(**{**INGREDIENTS, **change}) != release_id(**INGREDIENTS)  # type: ignore[arg-type]


def test_an_image_tag_is_one_that_a_registry_accepts() -> None:
    assert re.fullmatch(r"src-[0-9a-f]{40}", image_tag({"path": "tree"}))


@pytest.mark.parametrize("step", ["prepare", "train", "model", "config"])
def test_the_longest_project_leaves_room_for_every_name(step: str) -> None:
    project_name(LONGEST_PROJECT)
    name = job_name(LONGEST_PROJECT, release_id(**INGREDIENTS), step)  # type: ignore[arg-type]
    assert len(name) <= SAGEMAKER_NAME_LIMIT
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", name)


def test_a_name_beyond_the_limit_is_refused_before_sagemaker_sees_it() -> None:
    with pytest.raises(ValueError, match="longer than SageMaker's 63 characters"):
        job_name("p" * 60, "r-1", "train")


@pytest.mark.parametrize("name", ["Oil", "1oil", "oil--price", "oil-", "o", "p" * 61, "oil_price"])
def test_a_project_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    with pytest.raises(ValueError, match=f"project name '{name}'"):
        project_name(name)
