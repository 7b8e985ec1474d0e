"""The lines of a failed build's log that go into the notification."""

import pytest

from lambdas.build_log import LINES_SHOWN, headline, lines_of_failure

FAILING = [
    "[Container] 12:00:01 Running command docker build\n  --tag x .",
    "step 1",
    "no such wheel",
]
AFTER = [
    "[Container] 12:00:02 Command did not exit successfully docker build\n --tag x . exit status 1",
    "[Container] 12:00:02 Phase complete: State: FAILED",
    "[Container] 12:00:03 Entering phase POST_BUILD",
    "[Container] 12:00:03 Running command rm -rf .image-context",
    "rm: what comes after",
]


def test_the_failed_commands_own_lines_are_reported() -> None:
    before = ["[Container] 12:00:00 Running command aws ecr get-login-password", "Login Succeeded"]
    assert lines_of_failure([*before, *FAILING, *AFTER]) == ["step 1", "no such wheel"]


def test_of_many_lines_the_last_are_reported() -> None:
    many = [f"line {number}" for number in range(100)]
    assert lines_of_failure([FAILING[0], *many, *AFTER]) == many[-LINES_SHOWN:]


def test_buildkits_account_of_the_failed_step_is_reported_without_what_came_before() -> None:
    account = [
        "------",
        " > [2/3] RUN pip install -r requirements.txt:",
        "1.2 ERROR: no matching distribution",
        "------",
        "Dockerfile:4",
        "ERROR: failed to solve: exit code: 1",
    ]
    written = ["#7 [2/3] RUN pip install", "#6 [internal] another step's line", *account]
    assert lines_of_failure([FAILING[0], *written, *AFTER]) == account[1:]


def test_what_buildkit_says_of_steps_that_went_well_is_left_out() -> None:
    """The older BuildKit, Docker 20.10's, repeats no step, and gives each one a digest."""
    went_well = [
        f"#5 sha256:{'4b' * 32}",
        "#5 CACHED",
        "#6 DONE 0.0s",
        "#1 transferring context: 2B",
    ]
    written = ["#5 [2/7] WORKDIR /opt/program", "#7 [3/7] RUN make", "#7 0.5 no rule to make it"]
    assert lines_of_failure([FAILING[0], *went_well, *written, *AFTER]) == written
    assert lines_of_failure([FAILING[0], *went_well, *AFTER]) == went_well


def test_an_account_without_the_steps_lines_stands_behind_them() -> None:
    """BuildKit before 0.11 names the step and repeats nothing."""
    written = [
        "#7 1.2 no such wheel",
        "------",
        " > [2/3] RUN pip install:",
        "------",
        "exit code: 1",
    ]
    assert lines_of_failure([FAILING[0], *written, *AFTER]) == written


def test_a_log_without_a_failed_command_is_reported_from_its_end() -> None:
    """Such as that of a build whose time was over."""
    assert lines_of_failure(["[Container] Running command make", "one", "two\n", ""]) == [
        "one",
        "two",
    ]


def test_a_command_that_wrote_nothing_is_named() -> None:
    told = lines_of_failure(["[Container] Running command false", *AFTER[:2]])
    assert told[0] == "[Container] Running command false"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            [
                " > [2/3] RUN pip install -r requirements.txt:",
                "1.2 ERROR: Could not find a version that satisfies the requirement scikit-lern",
                "1.2 ERROR: No matching distribution found for scikit-lern==1.9",
                "------",
                "Dockerfile:4",
                'ERROR: failed to solve: process "/bin/sh -c pip" did not complete successfully: '
                "exit code: 1",
            ],
            "No matching distribution found for scikit-lern==1.9",
        ),
        (
            ["#7 0.51 Traceback (most recent call last):", "#7 0.51 KeyError: 'Price'", "#7 done"],
            "KeyError: 'Price'",
        ),
        (
            ['ERROR: failed to compute cache key: "/weights": not found'],
            'failed to compute cache key: "/weights": not found',
        ),
        (["cc -c x.c", "x.c:3:1: error: expected ';'", "make: *** [x.o] Error 1"],
         "x.c:3:1: error: expected ';'"),
        (["compiles", "the last words"], "the last words"),
        (["ERROR: process did not complete successfully: exit code: 1"], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_the_headline_is_the_last_error_of_the_command_itself(lines: list[str], told: str) -> None:
    assert headline(lines) == told
