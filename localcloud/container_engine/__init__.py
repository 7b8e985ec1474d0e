"""The engine with containers: Docker or podman.

``connection``      finds an engine, and knows when it is lost
``engine``          runs images
``container``       a program in a container
``archives``        /opt/ml on its way into a container and out of it
``image_store``     which local image a registry's digest means
``base_image``      which image a Dockerfile starts from
``command_line``    the engine's own client, which builds
``build_options``   what is said to it, made fit for it
``build_secrets``   this machine's way to its package index
``builds``          a build outside a release
``docker_program``  the `docker` that a build's commands find on their path
"""

from localcloud.container_engine.connection import Connection, NoEngine, connect
from localcloud.container_engine.engine import ContainerEngine

__all__ = ["Connection", "ContainerEngine", "NoEngine", "connect"]
