// What a user does with openapi-fetch over the types that openapi-typescript makes: BASE_URL KEY ACCOUNT.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

const [base, key, account] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` } });

type Event = components["schemas"]["Event"];
const event = (userId: string): Event => ({
  accountId: account, userId, eventType: "email_clicked", timestamp: "2026-01-15T00:00:00Z", metadata: { plan: "pro" },
});

async function untilSignals(many: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { data, error } = await client.GET("/api/v1/signals", { params: { query: { accountId: account, limit: 1 } } });
    assert.ok(data, JSON.stringify(error));
    if (data.pagination.total === many) return;
    await pause(50);
  }
  assert.fail(`there are not ${many} signals`);
}

const accepted = await client.POST("/api/v1/events", { body: event("one") });
assert.equal(accepted.data?.status, "accepted");
const batch = await client.POST("/api/v1/events/batch", { body: { events: [event("two"), event("three"), event("")] } });
assert.deepEqual(batch.data?.results.map((verdict) => verdict.status), ["accepted", "accepted", "rejected"]);
await untilSignals(3);

const ids: number[] = [];
let cursor: string | undefined;
do {
  const query = cursor === undefined ? {} : { cursor };
  const { data } = await client.GET("/api/v1/signals", { params: { query: { accountId: account, limit: 1, ...query } } });
  assert.ok(data);
  ids.push(...data.data.map((signal) => signal.id));
  cursor = data.pagination.nextCursor ?? undefined;
} while (cursor !== undefined);
assert.equal(new Set(ids).size, 3);

const exported = await client.GET("/api/v1/signals/export", { params: { query: { accountId: account } }, parseAs: "text" });
const kinds = exported.data?.trimEnd().split("\n").map((line) => (JSON.parse(line) as { kind: string }).kind);
assert.deepEqual(kinds, ["model", "signal", "signal", "signal"]);

const letters = await client.GET("/api/v1/dead-letters", { params: { query: { reason: "undecodable" } } });
const letter = letters.data?.data[0];
assert.ok(letter && letter.event === undefined && !letter.replayable);
const params = { path: { id: letter.id } };
const whole = { accountId: account, userId: "four", eventType: "call_made", timestamp: "2026-01-15T00:00:00Z" };
const edited = await client.PATCH("/api/v1/dead-letters/{id}", { params, body: whole });
assert.equal(edited.data?.event?.userId, "four");
const replayed = await client.POST("/api/v1/dead-letters/{id}/replay", { params });
assert.equal(replayed.data?.status, "signal");
await untilSignals(4);

const refused = await client.GET("/api/v1/signals", { params: { query: { page: 0 } } });
assert.equal(refused.error?.errors?.[0]?.pointer, "page");
console.log("openapi-typescript with openapi-fetch: sent, listed by cursor, exported, edited and replayed");
