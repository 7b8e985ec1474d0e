"""Check images against SageMaker's container contract, before a release costs money.

``settings``       the inputs of the images, and the time limits
``images``         a name or a Dockerfile, as an image that the engine can run
``trees``          the ``/opt/ml`` that SageMaker would lay out
``conditions``     the harder conditions that an image is tried under
``training_run``   one run of ``train``
``training_runs``  several different runs of ``train``, each once
``host_runs``      ``train`` on several hosts at once
``server``         one start of ``serve``, with SageMaker's requests
``servers``        all servers that the checks need
``asking``         one HTTP request
``refusals``       reads the error messages of engines, inits and shells
``start_faults``   why a program did not start
``check``          one check, and its possible findings
``examinations``   one file for each check
``plan``           selects and orders the checks
"""

from modelwharf.doctor.images import CannotExamine, DockerfileOf, NamedImage, Wanted
from modelwharf.doctor.plan import examine
from modelwharf.doctor.settings import Deadlines, Sample, Settings
from modelwharf.engines.engine import EngineLost

__all__ = [
    "CannotExamine",
    "Deadlines",
    "DockerfileOf",
    "EngineLost",
    "NamedImage",
    "Sample",
    "Settings",
    "Wanted",
    "examine",
]
