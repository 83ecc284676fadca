"""What a user does with the client that openapi-python-client makes: BASE_URL KEY ACCOUNT."""

import json
import sys
import time
from datetime import datetime, timezone
from uuid import UUID

from generated import AuthenticatedClient
from generated.api.dead_letters import get_dead_letter, list_dead_letters, edit_dead_letter, replay_dead_letter
from generated.api.events import accept_event, accept_events, get_event
from generated.api.signals import export_signals, list_signals
from generated.models import (
    Accepted,
    DeadLetter,
    DeadLetterPage,
    DeadLetterPatch,
    DeadLetterReason,
    Event,
    EventBatch,
    EventState,
    JobState,
    Replayed,
    SignalPage,
    VerdictStatus,
    Verdicts,
)

base, key, account = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=key)
at = datetime(2026, 1, 15, tzinfo=timezone.utc)


def event(user: str) -> Event:
    return Event(account_id=account, user_id=user, event_type="email_clicked", timestamp=at)


def until_signals(many: int) -> None:
    for _ in range(200):
        page = list_signals.sync(client=client, account_id=account, limit=1)
        assert isinstance(page, SignalPage), page
        if page.pagination.total == many:
            return
        time.sleep(0.05)
    raise AssertionError(f"there are not {many} signals")


accepted = accept_event.sync(client=client, body=event("one"))
assert isinstance(accepted, Accepted), accepted
verdicts = accept_events.sync(client=client, body=EventBatch(events=[event("two"), event("three"), event("")]))
assert isinstance(verdicts, Verdicts), verdicts
assert [verdict.status for verdict in verdicts.results] == [VerdictStatus.ACCEPTED] * 2 + [VerdictStatus.REJECTED]
until_signals(3)
state = get_event.sync(accepted.event_id, client=client)
assert isinstance(state, EventState) and state.state is JobState.COMPLETED, state

# By cursor to the end; parameters that are not given are not sent.
ids: list[int] = []
cursor: str | None = None
while True:
    page = (
        list_signals.sync(client=client, account_id=account, limit=1)
        if cursor is None
        else list_signals.sync(client=client, account_id=account, limit=1, cursor=cursor)
    )
    assert isinstance(page, SignalPage), page
    ids += [signal.id for signal in page.data]
    cursor = page.pagination.next_cursor or None
    if cursor is None:
        break
assert len(set(ids)) == len(ids) == 3, ids

exported = export_signals.sync(client=client, account_id=account)
assert isinstance(exported, str), exported
assert [json.loads(line)["kind"] for line in exported.splitlines()] == ["model", "signal", "signal", "signal"]

letters = list_dead_letters.sync(client=client, reason=DeadLetterReason.UNDECODABLE)
assert isinstance(letters, DeadLetterPage) and letters.data, letters
letter = get_dead_letter.sync(UUID(letters.data[0].id), client=client)
assert isinstance(letter, DeadLetter) and not letter.replayable and letter.payload == "not an envelope", letter
whole = DeadLetterPatch(account_id=account, user_id="four", event_type="call_made", timestamp=at)
edited = edit_dead_letter.sync(UUID(letter.id), client=client, body=whole)
assert isinstance(edited, DeadLetter) and edited.replayable and edited.event, edited
replayed = replay_dead_letter.sync(UUID(letter.id), client=client)
assert isinstance(replayed, Replayed), replayed
until_signals(4)
print("openapi-python-client: sent, listed by cursor, exported, edited and replayed")
