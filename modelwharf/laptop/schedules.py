"""EventBridge's schedules: a thread that checks every second which rules are due."""

import calendar
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from modelwharf.laptop import events
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock

log = logging.getLogger(__name__)

TICK = 1.0  # seconds
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}  # seconds
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}


class UnknownSchedule(ValueError):
    """EventBridge, or this cloud, does not know the schedule expression."""


@dataclass(frozen=True)
class Rate:
    """A period of ``seconds``, which starts at the rule's creation."""

    seconds: int


@dataclass(frozen=True)
class Cron:
    """The values of each field at which the rule is due, to the minute, in UTC."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """1 is Sunday."""
    years: frozenset[int]

    def matches(self, moment: datetime) -> bool:
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.day in self.days
            and moment.month in self.months
            and moment.isoweekday() % 7 + 1 in self.weekdays
            and moment.year in self.years
        )


Schedule = Rate | Cron


def parse_schedule(expression: str) -> Schedule:
    """Read ``rate(…)`` or ``cron(…)``. Raises UnknownSchedule."""
    rate = _RATE.fullmatch(expression)
    if rate and int(rate[1]) > 0:
        return Rate(int(rate[1]) * _UNITS[rate[2]])
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if not expression.startswith("cron(") or len(fields) != 6:
        raise UnknownSchedule(
            f"{expression!r} is not a schedule: use rate(5 minutes) or cron(minutes hours "
            "day-of-month month day-of-week year)"
        )
    minutes, hours, days, months, weekdays, years = fields
    return Cron(
        _field(minutes, 0, 59),
        _field(hours, 0, 23),
        _field(days, 1, 31),
        _field(months, 1, 12, _MONTHS),
        _field(weekdays, 1, 7, _DAYS),
        _field(years, 1970, 2199),
    )


def _field(
    text: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    values: set[int] = set()
    for part in text.upper().split(","):
        values |= _part(part, low, high, names or {})
    return frozenset(values)


def _part(part: str, low: int, high: int, names: Mapping[str, int]) -> set[int]:
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    try:
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = names.get(first) or int(first)
            end = (names.get(last) or int(last)) if last else (high if step else start)
        values = set(range(start, end + 1, int(step or 1)))
    except ValueError as error:
        raise UnknownSchedule(f"{part!r} of a cron expression is not known here") from error
    if not values or min(values) < low or max(values) > high:
        raise UnknownSchedule(f"{part!r} of a cron expression is not within {low}-{high}")
    return values


class Clock:
    """Decides which rules are due. The period of a rate starts when the rule is first seen."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._last_minute: dict[str, datetime] = {}

    def due(self, arn: str, schedule: Schedule, now: datetime) -> bool:
        """Whether the rule is due now. It is due once per period."""
        if isinstance(schedule, Rate):
            return self._rate_due(arn, schedule, now.timestamp())
        minute = now.replace(second=0, microsecond=0)
        if not schedule.matches(minute) or self._last_minute.get(arn) == minute:
            return False
        self._last_minute[arn] = minute
        return True

    def _rate_due(self, arn: str, schedule: Rate, now: float) -> bool:
        due = self._due.setdefault(arn, now + schedule.seconds)
        if now < due:
            return False
        self._due[arn] = now + schedule.seconds
        return True


def install(cloud: Cloud) -> None:
    """Refuse schedules that would never run, and run all others."""
    stock_put_rule = stock(EventsBackend, "put_rule")

    def put_rule(self: EventsBackend, name: str, **settings: object) -> Rule:
        expression = settings.get("scheduled_expression")
        if expression:
            try:
                parse_schedule(str(expression))
            except UnknownSchedule as error:
                raise ValidationException(f"Parameter ScheduleExpression: {error}") from error
        rule: Rule = stock_put_rule(self, name, **settings)
        return rule

    replace(EventsBackend, "put_rule", put_rule)
    threading.Thread(target=_run, args=(cloud,), daemon=True, name="schedules").start()


def _run(cloud: Cloud) -> None:
    clock = Clock()
    while not cloud.stopping.wait(TICK):
        try:
            tick(cloud, clock, datetime.now(UTC))
        except Exception:
            log.exception("a schedule could not be run")


def tick(cloud: Cloud, clock: Clock, now: datetime) -> None:
    """Deliver a Scheduled Event to the targets of every rule that is due."""
    for bus in events_backends[cloud.account][cloud.region].event_buses.values():
        for rule in list(bus.rules.values()):
            expression = rule.scheduled_expression
            if not expression or rule.state != "ENABLED":
                continue
            if clock.due(rule.arn, parse_schedule(expression), now):
                event = events.service_event(cloud, "aws.events", "Scheduled Event", {}, [rule.arn])
                events.deliver_as_armed(cloud, rule, event)
