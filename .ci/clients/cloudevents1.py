"""CloudEvents as version 1 of the SDK for Python sends them: BASE_URL KEY."""

import json
import sys

from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent

from cloudevents_modes import BATCH, DATA, Sink, attributes

sink = Sink(sys.argv[1], sys.argv[2], "cloudevents 1")
for content_type in (None, "application/json", "application/vnd.example+json"):
    headers, body = to_binary(CloudEvent(attributes(f"v1-binary-{content_type}", content_type), DATA))
    sink.take(f"binary, datacontenttype {content_type}", headers, body)
    headers, body = to_structured(CloudEvent(attributes(f"v1-structured-{content_type}", content_type), DATA))
    sink.take(f"structured, datacontenttype {content_type}", headers, body)
headers, body = to_structured(CloudEvent(attributes("v1-bytes"), json.dumps(DATA).encode()))
assert b"data_base64" in body, body
sink.take("structured, data in base64", headers, body)
events = [json.loads(to_structured(CloudEvent(attributes(f"v1-batch-{at}"), DATA))[1]) for at in range(3)]
sink.take("batch", BATCH, json.dumps(events).encode(), 3)
