"""The container engine: Docker or podman.

``connection``         finds an engine, and detects when it is lost
``engine``             builds images and runs them
``launcher``           starts the container of one launch
``created_container``  a container and its network, to be removed
``container``          a program in a container
``output``             a container's output, line by line
``options``            a container's options
``networking``         a container's network options
``cluster``            several hosts of one job
``forwarder``          makes a loopback port reachable from their network
``archives``           copies /opt/ml into a container and back
``image_store``        maps a registry's digest to a local image
``base_image``         the image that a Dockerfile starts from
``command_line``       the engine's own client, which builds
``build_options``      adapts the options of a build to that client
``build_secrets``      the secrets for this machine's package index
``builds``             a build outside a release
``docker_program``     the `docker` command for the commands of a build
"""

from modelwharf.engines.container.connection import Connection, NoEngine, connect
from modelwharf.engines.container.engine import ContainerEngine

__all__ = ["Connection", "ContainerEngine", "NoEngine", "connect"]
