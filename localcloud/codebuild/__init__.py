"""CodeBuild: the buildspec's own commands, run by bash with the build role's credentials.

``service``    StartBuild, BatchGetBuilds, StopBuild
``record``     a build as the API shows it
``run``        a build from its source to its last phase
``source``     the commit that is built
``buildspec``  what a buildspec may say here
``shell``      the commands' environment and processes
"""

from localcloud.codebuild.service import install

__all__ = ["install"]
