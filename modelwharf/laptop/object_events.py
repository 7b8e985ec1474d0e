"""S3's own events on EventBridge, each with its own id, sequencer and request.

Stock moto gives every event the same id, so that a function that handles each message once ignores
all objects but the first. It also sends them to every bus, where S3 sends to the default bus only.
It fails for an object whose newest version is a delete marker, which has no size.
"""

import time
import uuid
from typing import Any

from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from modelwharf.laptop import events
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace


def install(cloud: Cloud) -> None:
    """Send events to the default bus, for buckets with EventBridge switched on."""

    def send(account_id: str, bucket: FakeBucket, event_name: str, key: Any) -> None:
        kind = notifications._detail_type(event_name)
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": {
                "key": key.name,
                **_content(key),
                "version-id": key.version_id,
                # Compared as hexadecimal numbers of equal length ("Event message structure").
                "sequencer": f"{time.time_ns():018X}",
            },
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account_id,
            "source-ip-address": "127.0.0.1",
            "reason": event_name.split(":")[1],
        }
        events.publish(cloud, events.service_event(cloud, "aws.s3", kind, detail, [bucket.arn]))

    replace(notifications, "_send_event_bridge_message", send)


def _content(key: FakeKey | FakeDeleteMarker) -> dict[str, Any]:
    """The size and ETag of a version; a delete marker has neither."""
    if isinstance(key, FakeDeleteMarker):
        return {}
    return {"size": key.size, "etag": key.etag.replace('"', "")}
