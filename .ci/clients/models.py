"""The models that datamodel-code-generator makes, against the real answers: BASE_URL KEY ACCOUNT."""

import sys
import time
from datetime import datetime, timezone
from uuid import uuid4

import httpx

from models_generated import (
    Accepted,
    DeadLetterPage,
    DeadLetterPatch,
    Event,
    EventBatch,
    EventState,
    Problem,
    Replayed,
    SignalPage,
    SignalStats,
    Verdicts,
)

base, key, account = sys.argv[1:]
client = httpx.Client(base_url=f"{base}/api/v1", headers={"x-api-key": key})
at = datetime(2026, 1, 15, tzinfo=timezone.utc)
good = Event(accountId=account, userId="u", eventType="email_clicked", timestamp=at, eventId=str(uuid4()))


def send(path: str, body: Event | EventBatch) -> httpx.Response:
    json = {"content-type": "application/json"}
    return client.post(path, content=body.model_dump_json(exclude_none=True), headers=json)


Accepted.model_validate(send("/events", good).json())
verdicts = Verdicts.model_validate(send("/events/batch", EventBatch(events=[good, good])).json())
assert verdicts.accepted == 2 and verdicts.results[0].status.value == "accepted", verdicts
for _ in range(200):
    state = EventState.model_validate(client.get(f"/events/{verdicts.results[0].eventId}").json())
    if state.state.value == "completed":
        break
    time.sleep(0.05)
assert state.signal, state
problem = Problem.model_validate(client.get("/signals", params={"page": 0}).json())
assert problem.errors and problem.errors[0].pointer == "page", problem

cursor, rows = None, 0
while True:
    query: dict[str, str | int] = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
    page = SignalPage.model_validate(client.get("/signals", params=query).json())
    rows += len(page.data)
    cursor = page.pagination.nextCursor
    if cursor is None:
        break
assert rows == page.pagination.total, rows
SignalStats.model_validate(client.get("/signals/stats").json())
assert client.get("/signals/export").text.count('"kind":"signal"') >= rows

letters = DeadLetterPage.model_validate(client.get("/dead-letters").json())
letter = letters.data[0]
change = DeadLetterPatch(accountId=account, userId="u", eventType="call_made", timestamp=at)
edited = client.patch(f"/dead-letters/{letter.id}", json=change.model_dump(mode="json", exclude_none=True))
assert edited.status_code == 200, edited.text
Replayed.model_validate(client.post(f"/dead-letters/{letter.id}/replay").json())
print("datamodel-code-generator: what it made reads every answer")
