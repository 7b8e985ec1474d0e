"""How AWS writes resources and moments."""

from datetime import UTC, datetime, timedelta, timezone

from modelwharf.laptop import formats

MOMENT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
ELSEWHERE = MOMENT.astimezone(timezone(timedelta(hours=2)))


def test_an_arn_names_service_region_account_and_resource() -> None:
    arn = formats.arn("ssm", "parameter/a", region="eu-west-1", account="1")
    assert arn == "arn:aws:ssm:eu-west-1:1:parameter/a"


def test_moments_are_written_in_utc_and_cut_not_rounded() -> None:
    for moment in (MOMENT, ELSEWHERE):
        assert formats.timestamp(moment) == "2026-03-02T12:00:00Z"
        assert formats.timestamp_to_the_millisecond(moment) == "2026-03-02T12:00:00.123Z"


def test_a_moment_without_a_zone_counts_as_utc() -> None:
    assert formats.epoch_milliseconds(MOMENT.replace(tzinfo=None)) == 1772452800123
    assert formats.epoch_milliseconds(ELSEWHERE) == 1772452800123
