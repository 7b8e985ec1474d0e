import pytest

from modelwharf.contracts.parameters import (
    Data,
    DataInput,
    Deployment,
    Notifications,
    Outcome,
    Parameters,
    parse_section,
)
from modelwharf.contracts.section_text import InvalidParameter

PATH = "/modelwharf/oil-price/section"


def refusal(section: str, text: str) -> str:
    with pytest.raises(InvalidParameter) as caught:
        parse_section(PATH, section, text)
    return str(caught.value)


@pytest.mark.parametrize("section", Parameters.model_fields)
def test_every_section_may_be_empty(section: str) -> None:
    assert parse_section(PATH, section, "{}") == getattr(Parameters(), section)


def test_text_that_is_not_json_is_refused_with_its_place() -> None:
    assert refusal("source", '{"branch": main}') == (
        f"{PATH} is not JSON: Expecting value at line 1 column 12; "
        "its value starts '{\"branch\": main}'"
    )


def test_json_that_is_not_an_object_is_refused() -> None:
    assert refusal("source", "[]") == f"{PATH}: the document is [], but input should be an object"


def test_an_unknown_key_is_refused_with_those_allowed_beside_it() -> None:
    assert refusal("quality", '{"rule": []}') == f"{PATH}: unknown key 'rule'; allowed here: rules"


def test_an_unknown_nested_key_is_refused_with_those_allowed_beside_it() -> None:
    text = '{"training_image": {"dockerfile": "D", "inputs": ["a"], "nope": 1}}'
    assert refusal("source", text) == (
        f"{PATH}: unknown key 'training_image.nope'; allowed here: context, dockerfile, inputs"
    )


def test_an_unknown_key_below_an_optional_section_is_refused_with_those_allowed() -> None:
    text = '{"inputs": {"wti": {"key": "a/b.csv", "eia": {"series": "X", "rout": "x"}}}}'
    assert "'inputs.wti.eia.rout'; allowed here: route, series" in refusal("data", text)


def test_an_unknown_key_in_a_list_is_refused_with_those_allowed() -> None:
    text = '{"metric_definitions": [{"name": "a", "regex": "b", "unit": "c"}]}'
    assert "'metric_definitions.0.unit'; allowed here: name, regex" in refusal("training", text)


def test_a_missing_key_is_named() -> None:
    assert refusal("data", '{"inputs": {"wti": {}}}') == f"{PATH}: inputs.wti.key is missing"


def test_a_value_of_the_wrong_type_is_refused_and_never_converted() -> None:
    assert refusal("deployment", '{"update_timeout_seconds": "60"}') == (
        f'{PATH}: update_timeout_seconds is "60", but input should be a valid integer'
    )


def test_a_value_outside_an_enumeration_is_refused_with_what_is_allowed() -> None:
    assert refusal("deployment", '{"approval": "maybe"}') == (
        f"{PATH}: approval is \"maybe\", but input should be 'automatic' or 'manual'"
    )


def test_a_value_out_of_bounds_is_refused_with_the_bound() -> None:
    assert refusal("training", '{"volume_gb": 0}') == (
        f"{PATH}: volume_gb is 0, but input should be greater than or equal to 1"
    )


def test_the_alternatives_of_a_union_are_one_finding() -> None:
    assert refusal("training", '{"hyperparameters": {"a": [1]}}') == (
        f"{PATH}: hyperparameters.a is [1], but input should be "
        "a string or an integer or a number or a boolean"
    )


def test_a_bad_name_is_refused_as_a_key() -> None:
    assert refusal("data", '{"inputs": {"W TI": {"key": "a"}}}').startswith(
        f'{PATH}: inputs has the key "W TI", but string should match pattern'
    )


def test_a_rule_without_a_bound_is_refused_in_plain_words() -> None:
    assert refusal("quality", '{"rules": [{"metric": "mae"}]}') == (
        f'{PATH}: rules.0 is {{"metric": "mae"}}, but a rule needs a minimum, a maximum or both'
    )


def test_all_findings_of_a_section_are_reported_at_once() -> None:
    text = '{"branch": 1, "platform": "linux/arm64"}'
    assert "branch is 1" in refusal("source", text)
    assert "platform is \"linux/arm64\", but input should be 'linux/amd64'" in refusal(
        "source", text
    )


def test_a_long_value_is_cut() -> None:
    assert len(refusal("source", f'{{"branch": [{"1, " * 500}1]}}')) < 400


def test_lists_and_enumerations_are_read_from_json() -> None:
    section = parse_section(PATH, "notifications", '{"outcomes": ["failed"]}')
    assert section == Notifications(outcomes=(Outcome.FAILED,))


def test_a_whole_number_does_for_a_tolerance() -> None:
    section = parse_section(PATH, "deployment", '{"verify_tolerance": 1}')
    assert section == Deployment(verify_tolerance=1.0)


def test_options_of_the_prepare_program_are_passed_on_unread() -> None:
    section = parse_section(PATH, "data", '{"options": {"anything": [1, {"goes": null}]}}')
    assert section == Data(options={"anything": [1, {"goes": None}]})


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("series/wti.csv", "wti.csv"),
        ("series/WTI.CSV", "wti.csv"),
        ("a.b/prices", "wti.csv"),
        ("prices.2026/x.parquet", "wti.parquet"),
        ("x.csv.gz", "wti.csv.gz"),
        ("v1.2.txt", "wti.txt"),
        ("folder/.hidden", "wti.csv"),
    ],
)
def test_a_program_finds_an_input_by_its_name_and_its_key_s_ending(key: str, file: str) -> None:
    assert DataInput(key=key).file_name("wti") == file
