"""The modes of CloudEvents over HTTP, each sent as the SDK makes it to both addresses: a sink has one."""

import json
from collections.abc import Mapping

import requests

ADDRESSES = ("/api/v1/events", "/api/v1/events/batch")
DATA = {"accountId": "account-cloudevents", "userId": "ada", "metadata": {"plan": "pro"}}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def attributes(id: str, content_type: str | None = None) -> dict[str, str]:
    known = {
        "specversion": "1.0",
        "id": id,
        "source": "/crm",
        "type": "com.example.email_clicked",
        "time": "2026-01-15T10:00:00+00:00",
    }
    return known if content_type is None else {**known, "datacontenttype": content_type}


class Sink:
    def __init__(self, base: str, key: str, sdk: str) -> None:
        self.base, self.key, self.sdk, self.ids = base, {"x-api-key": key}, sdk, set[str]()

    def take(self, mode: str, headers: Mapping[str, str], body: bytes, many: int = 1) -> None:
        """The same event at both addresses is one event; a check says so too."""
        for address in (*ADDRESSES, "/api/v1/events/validate"):
            answer = requests.post(self.base + address, headers={**headers, **self.key}, data=body, timeout=10)
            assert answer.ok, f"{self.sdk}, {mode}, {address}: {answer.status_code} {answer.text}"
            verdicts = answer.json().get("results", [answer.json()])
            assert [verdict["status"] for verdict in verdicts] == ["accepted"] * many, f"{mode}, {address}: {answer.text}"
            self.ids.add(json.dumps([verdict["eventId"] for verdict in verdicts]))
        assert len(self.ids) == 1, f"{mode}: one event became {self.ids}"
        self.ids.clear()
        print(f"{self.sdk}: {mode}")
