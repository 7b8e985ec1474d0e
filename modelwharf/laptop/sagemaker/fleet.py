"""The servers of one endpoint configuration: in service all together, or not at all."""

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.registry import IMAGE_URI
from modelwharf.laptop.sagemaker.model_server import DeployError, ModelServer
from modelwharf.laptop.sagemaker.variants import VariantPlan

MOST = 4  # servers of one variant: a laptop has less memory than an account
DRAIN = 60.0  # seconds that running requests have before their server is stopped


class NoSuchVariant(Exception):
    """The request names a variant that the endpoint does not have."""


class FleetGone(Exception):
    """Other servers have replaced this fleet, and take the request."""


class Fleet:
    """One server for each instance of each variant, at most MOST per variant."""

    def __init__(
        self,
        cloud: Cloud,
        endpoint: str,
        config: str,
        plans: Sequence[VariantPlan],
    ) -> None:
        self.config = config
        self.plans = tuple(plans)
        self.weights = {plan.name: plan.weight for plan in plans}
        self._servers = {
            plan.name: [
                ModelServer(cloud, endpoint, plan) for _ in range(min(plan.instances, MOST))
            ]
            for plan in plans
        }
        self._digests: dict[str, str] = {}
        self._started = datetime.now(UTC)
        self._busy = 0
        self._closed = False
        self._idle = threading.Condition()

    def start(self) -> None:
        """Put every variant into service, and check that none ends while the others start.

        Raises DeployError; no server is left running then.
        """
        try:
            for plan in self.plans:
                servers = self._servers[plan.name]
                for server in servers:
                    self._digests[plan.name] = server.start()
                if plan.instances > MOST:
                    servers[0].say(
                        f"{plan.instances} instances are asked for: {MOST} servers run here"
                    )
            for server in self._all:
                server.require_steady()
        except DeployError:
            self.stop()
            raise

    def stop(self) -> None:
        """Refuse new requests, wait for running ones, then stop every server."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._busy == 0, DRAIN)
        for server in self._all:
            server.stop()

    @property
    def _all(self) -> list[ModelServer]:
        return [server for servers in self._servers.values() for server in servers]

    @contextmanager
    def serving(self, target: str | None) -> Iterator[tuple[str, ModelServer]]:
        """The variant for one request: the named one, or one drawn by weight.

        Raises NoSuchVariant, or FleetGone once the fleet refuses new requests.
        """
        with self._idle:
            if self._closed:
                raise FleetGone
            name = target or self._draw()
            if name not in self._servers:
                raise NoSuchVariant(name)
            self._busy += 1
        try:
            yield name, random.choice(self._servers[name])  # noqa: S311 - traffic, not a secret
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _draw(self) -> str:
        names = list(self.weights)
        weights = [self.weights[name] for name in names]
        if not any(weights):
            return names[0]
        return random.choices(names, weights)[0]  # noqa: S311 - traffic, not a secret

    def summaries(self) -> list[dict[str, Any]]:
        """ProductionVariants of DescribeEndpoint."""
        return [
            {
                "VariantName": plan.name,
                "DeployedImages": [self._deployed(plan)],
                "CurrentWeight": self.weights[plan.name],
                "DesiredWeight": self.weights[plan.name],
                "CurrentInstanceCount": plan.instances,
                "DesiredInstanceCount": plan.instances,
            }
            for plan in self.plans
        ]

    def capture_summary(self) -> dict[str, Any] | None:
        """DataCaptureConfig of DescribeEndpoint; the variants share one."""
        capture = self.plans[0].capture
        return capture.summary() if capture is not None else None

    def _deployed(self, plan: VariantPlan) -> Mapping[str, Any]:
        found: dict[str, Any] = {
            "SpecifiedImage": plan.container.image,
            "ResolutionTime": self._started,
        }
        match = IMAGE_URI.fullmatch(plan.container.image)
        if match is not None and plan.name in self._digests:
            repository = plan.container.image.split("@")[0]
            if match["tag"]:
                repository = repository.rsplit(":", 1)[0]
            found["ResolvedImage"] = f"{repository}@{self._digests[plan.name]}"
        return found
