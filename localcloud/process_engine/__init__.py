"""The engine without containers: an image is a source tree and an environment of its own.

``engine``             builds and runs images
``dockerfile``         reads a Dockerfile
``shell_words``        quotes, escapes and variables in its words
``context_files``      the files that COPY may take
``ignore_file``        what a .dockerignore leaves out
``image_plan``         what its instructions come to, and what is refused
``image_environment``  the environment that its RUN lines make, kept for the next build
``image_store``        images by digest
``base``               what stands in for a base image
``docker_program``     the `docker` that a build's commands find on their path
"""

from localcloud.process_engine.engine import (
    ProcessEngine,
    ProcessProgram,
    default_cache,
    for_cloud,
)

__all__ = [
    "ProcessEngine",
    "ProcessProgram",
    "default_cache",
    "for_cloud",
]
