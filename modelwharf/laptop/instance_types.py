"""The memory and CPUs of SageMaker's instance types.

The figures are AWS's own: https://aws.amazon.com/sagemaker/ai/pricing/ and, by family,
https://aws.amazon.com/ec2/instance-types/. Within a family, memory is proportional to the CPUs. A
size has the same number of CPUs in every family. Exceptions are listed by name.
"""

import re

from modelwharf.engines.engine import Limits

GIB = 1024  # MiB

GIB_PER_CPU = {
    **dict.fromkeys(("m4", "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7i", "m8g"), 4.0),
    **dict.fromkeys(("c5", "c5d", "c6g", "c6gd", "c6i", "c6id", "c7g", "c7i", "c8g"), 2.0),
    **dict.fromkeys(("r5", "r5d", "r6g", "r6gd", "r6i", "r6id", "r7i", "r8g"), 8.0),
    **dict.fromkeys(("g4dn", "g5", "g6", "inf2", "trn1"), 4.0),
    **{"inf1": 2.0, "g6e": 8.0, "p3": 7.625},
}
CPUS = {"medium": 1, "large": 2, "xlarge": 4}  # "4xlarge" has 4 times the CPUs of "xlarge"

# CPUs and GiB
EXCEPTIONS = {
    "t2.medium": (2, 4.0),
    "t2.large": (2, 8.0),
    "t2.xlarge": (4, 16.0),
    "t2.2xlarge": (8, 32.0),
    "t3.medium": (2, 4.0),
    "t3.large": (2, 8.0),
    "t3.xlarge": (4, 16.0),
    "t3.2xlarge": (8, 32.0),
    "c4.large": (2, 3.75),
    "c4.xlarge": (4, 7.5),
    "c4.2xlarge": (8, 15.0),
    "c4.4xlarge": (16, 30.0),
    "c4.8xlarge": (36, 60.0),
    "c5n.large": (2, 5.25),
    "c5n.xlarge": (4, 10.5),
    "c5n.2xlarge": (8, 21.0),
    "c5n.4xlarge": (16, 42.0),
    "c5n.9xlarge": (36, 96.0),
    "c5n.18xlarge": (72, 192.0),
    "p3dn.24xlarge": (96, 768.0),
    "p4d.24xlarge": (96, 1152.0),
    "p4de.24xlarge": (96, 1152.0),
    "p5.48xlarge": (192, 2048.0),
}


def limits_of(instance_type: str) -> Limits | None:
    """The limits of a type such as ``ml.m5.large``; None for an unknown type."""
    match = re.fullmatch(r"ml\.(([a-z0-9]+)\.(\d*)(medium|large|xlarge))", instance_type)
    if match is None:
        return None
    name, family, times, size = match.groups()
    if name in EXCEPTIONS:
        cpus, gib = EXCEPTIONS[name]
        return Limits(int(gib * GIB), float(cpus))
    if family not in GIB_PER_CPU or (times and size != "xlarge"):
        return None
    cpus = CPUS[size] * int(times or 1)
    return Limits(int(cpus * GIB_PER_CPU[family] * GIB), float(cpus))
