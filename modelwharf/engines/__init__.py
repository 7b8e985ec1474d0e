"""The engines that build and run images on this machine: containers, or processes without them.

``engine``     the interface
``choice``     selects an engine
``container``  Docker and podman
``process``    source trees, run as processes

The package imports neither the doctor nor the laptop's cloud; both use it.
"""
