"""CodeBuild: the buildspec's own commands, run by bash with the build role's credentials.

``service``    StartBuild, BatchGetBuilds, StopBuild
``record``     a build as the API shows it
``run``        a build from its source to its last phase
``source``     the source, buildspec and variables of a build
``buildspec``  reads a buildspec, and refuses unsupported keys
``shell``      the commands' environment and processes
"""

from modelwharf.laptop.codebuild.service import install

__all__ = ["install"]
