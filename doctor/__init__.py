"""Runs images against SageMaker's container contract, before anyone pays for it.

``settings``       what the images are fed, and how long they may take
``images``         a name or a Dockerfile, as an image that the engine can run
``trees``          the ``/opt/ml`` that SageMaker would lay out
``conditions``     the harder circumstances that an image is tried under
``training_runs``  ``train``, run in several ways, each once
``server``         one start of ``serve``, asked as SageMaker asks it
``servers``        every server that the checks need
``asking``         one HTTP request
``refusals``       what the words of engines, inits and shells name
``start_faults``   why a program did not start
``check``          one check, and the findings that it can come to
``examinations``   one file for each thing that is checked
``plan``           which checks, in which order, and which of them make no sense any more
"""

from doctor.images import CannotExamine, DockerfileOf, NamedImage, Wanted
from doctor.plan import examine
from doctor.settings import Patience, Sample, Settings
from localcloud.engine import EngineLost

__all__ = [
    "CannotExamine",
    "DockerfileOf",
    "EngineLost",
    "NamedImage",
    "Patience",
    "Sample",
    "Settings",
    "Wanted",
    "examine",
]
