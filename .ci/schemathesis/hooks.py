"""What the document cannot say in a schema: which event types the active model takes, which instants lie in range, that an
id has no control characters, that two members have to agree. Only data that is meant to be good is mended; data that is meant
to be bad stays as it was drawn."""

import datetime
import unicodedata

import schemathesis
from hypothesis import strategies as st

TYPES = ["email_sent", "email_opened", "email_clicked", "call_made", "meeting_booked", "demo_completed"]
IDS = ("accountId", "userId", "eventId", "source")

# In range for every event: from 1970 to some time ago.
instants = st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2026, 1, 1)).map(lambda at: f"{at.isoformat()}Z")
schemathesis.openapi.format("date-time", instants)


def is_positive(case):
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive


def plain(text):
    """Without what no id may hold."""
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip() or "x"


def mend(event):
    if not isinstance(event, dict):
        return
    for name in IDS:
        if isinstance(event.get(name), str):
            event[name] = plain(event[name])
    if isinstance(event.get("eventType"), str):
        event["eventType"] = TYPES[len(event["eventType"]) % len(TYPES)]


@schemathesis.hook
def map_case(context, case):
    if not is_positive(case):
        return case
    body = case.body
    if isinstance(body, dict):
        mend(body)
        for event in body.get("events") or []:
            mend(event)
        # Both and different is a 400: one is enough.
        if body.get("eventId") is not None and case.headers:
            case.headers.pop("Idempotency-Key", None)
    query = case.query or {}
    # A cursor is what an earlier answer gave; with one there is no page.
    query.pop("cursor", None)
    for name in ("eventType", "signalType"):
        if name in query:
            query.pop(name)
    for name in ("accountId", "userId"):
        if isinstance(query.get(name), str):
            query[name] = plain(query[name])
    if isinstance(query.get("page"), int) and isinstance(query.get("limit", 20), int):
        query["page"] = 1 + query["page"] % 1000
    return case
