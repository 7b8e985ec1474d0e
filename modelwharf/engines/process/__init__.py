"""The process engine, without containers: an image is a source tree and its own environment.

``engine``             builds and runs images
``cluster``            several hosts of one job
``dockerfile``         reads a Dockerfile
``shell_words``        quotes, escapes and variables in its words
``context_files``      the files that COPY may take
``ignore_file``        the files that a .dockerignore leaves out
``image_plan``         resolves its instructions, and refuses unsupported ones
``build_steps``        the steps of such a plan
``image_environment``  the environment that its RUN lines make, cached for the next build
``image_store``        images by digest
``base``               the replacement for a base image
``docker_program``     the `docker` command for the commands of a build
"""

from modelwharf.engines.process.engine import (
    ProcessEngine,
    ProcessProgram,
    default_cache,
)

__all__ = [
    "ProcessEngine",
    "ProcessProgram",
    "default_cache",
]
