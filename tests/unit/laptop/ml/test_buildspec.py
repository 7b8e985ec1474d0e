"""A buildspec is read whole, and what is not known is refused by name."""

import pytest

from modelwharf.laptop.codebuild.buildspec import BuildspecError, PhaseName, parse


def test_a_buildspec_says_what_runs_in_each_phase() -> None:
    found = parse(
        "version: 0.2\nenv:\n  shell: bash\n  variables: {A: 1, B: true}\n"
        "  parameter-store: {KEY: /key}\n  exported-variables: [A]\n"
        "phases:\n  install:\n    commands: one\n  build:\n    on-failure: CONTINUE\n"
        "    commands: [two, three]\n    finally: [last]\n"
    )
    assert found.variables == {"A": "1", "B": "true"}
    assert found.parameters == {"KEY": "/key"}
    assert found.exported == ("A",)
    assert found.phases[PhaseName.INSTALL].commands == ("one",)
    build = found.phases[PhaseName.BUILD]
    assert (build.commands, build.finally_, build.continues) == (("two", "three"), ("last",), True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("- a", "must be a mapping"),
        ("version: 0.1\nphases: {build: {}}", "version is 0.1; only 0.2"),
        ("version: 0.2\nphases: {}", "phases is empty"),
        ("version: 0.2\nartifacts: {}\nphases: {}", r"unknown key 'artifacts' in the buildspec"),
        ("version: 0.2\nphases: {biuld: {}}", r"'biuld' in phases; known here: install"),
        ("version: 0.2\nphases: {build: {command: x}}", r"'command' in phases.build"),
        ("version: 0.2\nphases: {build: {commands: [1]}}", "must be a list of strings"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY}}", "use ABORT or CONTINUE"),
        ("version: 0.2\nenv: {secrets-manager: {}}\nphases: {}", "'secrets-manager' in env"),
        ("version: 0.2\nenv: {shell: zsh}\nphases: {}", "only bash"),
    ],
)
def test_what_is_not_known_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(BuildspecError, match=words):
        parse(text)
