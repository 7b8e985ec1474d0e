"""The engine with containers: Docker or podman.

``connection``   finds an engine, and knows when it is lost
``engine``       runs images
``container``    a program in a container
``archives``     /opt/ml on its way into a container and out of it
``image_store``  which local image a registry's digest means
"""

from localcloud.container_engine.connection import Connection, NoEngine, connect
from localcloud.container_engine.engine import ContainerEngine

__all__ = ["Connection", "ContainerEngine", "NoEngine", "connect"]
