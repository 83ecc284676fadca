"""CloudEvents as version 2 of the SDK for Python sends them: BASE_URL KEY."""

import json
import sys
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from cloudevents_modes import BATCH, DATA, Sink, attributes


def event(id: str, content_type: str | None = None, data: Any = DATA) -> CloudEvent:
    # This version encodes characters outside ASCII, as the binding wants.
    given: dict[str, Any] = {**attributes(id, content_type), "source": "/crm/é 1%"}
    return CloudEvent({**given, "time": datetime.fromisoformat(given["time"])}, data)


sink = Sink(sys.argv[1], sys.argv[2], "cloudevents 2")
for content_type in (None, "application/json", "application/vnd.example+json"):
    message = to_binary_event(event(f"v2-binary-{content_type}", content_type))
    sink.take(f"binary, datacontenttype {content_type}", message.headers, message.body)
    message = to_structured_event(event(f"v2-structured-{content_type}", content_type))
    sink.take(f"structured, datacontenttype {content_type}", message.headers, message.body)
message = to_structured_event(event("v2-bytes", data=json.dumps(DATA).encode()))
assert b"data_base64" in message.body, message.body
sink.take("structured, data in base64", message.headers, message.body)
events = [json.loads(to_structured_event(event(f"v2-batch-{at}")).body) for at in range(3)]
sink.take("batch", BATCH, json.dumps(events).encode(), 3)
