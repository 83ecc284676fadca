// What a user does with the client that @hey-api/openapi-ts makes: BASE_URL KEY ACCOUNT.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { client } from "./generated/hey/client.gen.js";
import {
  acceptEvent, acceptEvents, exportSignals, listDeadLetters, listSignals, editDeadLetter, replayDeadLetter,
} from "./generated/hey/sdk.gen.js";
import type { Event } from "./generated/hey/types.gen.js";

const [baseUrl, key, account] = process.argv.slice(2) as [string, string, string];
client.setConfig({ baseUrl, auth: (scheme) => (scheme.scheme === "bearer" ? key : undefined) });

const event = (userId: string): Event => ({
  accountId: account, userId, eventType: "email_clicked", timestamp: "2026-01-15T00:00:00Z",
});

async function untilSignals(many: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { data } = await listSignals({ query: { accountId: account, limit: 1 }, throwOnError: true });
    if (data.pagination.total === many) return;
    await pause(50);
  }
  assert.fail(`there are not ${many} signals`);
}

const accepted = await acceptEvent({ body: event("one"), throwOnError: true });
assert.equal(accepted.data.status, "accepted");
const batch = await acceptEvents({ body: { events: [event("two"), event("three"), event("")] }, throwOnError: true });
assert.deepEqual(batch.data.results.map((verdict) => verdict.status), ["accepted", "accepted", "rejected"]);
await untilSignals(3);

const ids: number[] = [];
let cursor: string | undefined;
do {
  const query = cursor === undefined ? {} : { cursor };
  const { data } = await listSignals({ query: { accountId: account, limit: 1, ...query }, throwOnError: true });
  ids.push(...data.data.map((signal) => signal.id));
  cursor = data.pagination.nextCursor ?? undefined;
} while (cursor !== undefined);
assert.equal(new Set(ids).size, 3);

const exported = await exportSignals({ query: { accountId: account }, throwOnError: true });
const lines = (await exported.data.text()).trimEnd().split("\n");
assert.deepEqual(lines.map((line) => (JSON.parse(line) as { kind: string }).kind), ["model", "signal", "signal", "signal"]);

const letters = await listDeadLetters({ query: { reason: "undecodable" }, throwOnError: true });
const letter = letters.data.data[0];
assert.ok(letter && !letter.replayable);
const path = { id: letter.id };
const whole = { accountId: account, userId: "four", eventType: "call_made", timestamp: "2026-01-15T00:00:00Z" };
const edited = await editDeadLetter({ path, body: whole, throwOnError: true });
assert.equal(edited.data.event?.userId, "four");
const replayed = await replayDeadLetter({ path, throwOnError: true });
assert.equal(replayed.data.status, "signal");
await untilSignals(4);

const { error } = await listSignals({ query: { page: 0 } });
assert.equal(error?.errors?.[0]?.pointer, "page");
console.log("@hey-api/openapi-ts: sent, listed by cursor, exported, edited and replayed");
