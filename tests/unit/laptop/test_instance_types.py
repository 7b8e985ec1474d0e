"""What is known of instance types."""

import pytest

from modelwharf.engines.engine import Limits
from modelwharf.laptop.instance_types import limits_of


@pytest.mark.parametrize(
    ("name", "gib", "cpus"),
    [
        ("ml.m5.large", 8, 2),
        ("ml.m5.24xlarge", 384, 96),
        ("ml.t3.medium", 4, 2),
        ("ml.t2.2xlarge", 32, 8),
        ("ml.c5.9xlarge", 72, 36),
        ("ml.c4.8xlarge", 60, 36),
        ("ml.r5.xlarge", 32, 4),
        ("ml.g4dn.xlarge", 16, 4),
        ("ml.g5.48xlarge", 768, 192),
        ("ml.p3.2xlarge", 61, 8),
        ("ml.p4d.24xlarge", 1152, 96),
        ("ml.inf1.6xlarge", 48, 24),
        ("ml.trn1.32xlarge", 512, 128),
    ],
)
def test_an_instance_type_has_the_memory_and_cpus_that_aws_lists(
    name: str, gib: float, cpus: int
) -> None:
    assert limits_of(name) == Limits(int(gib * 1024), float(cpus))


@pytest.mark.parametrize("name", ["ml.x99.large", "ml.m5.2large", "m5.large", "local", ""])
def test_what_is_not_known_has_no_limits(name: str) -> None:
    assert limits_of(name) is None
