// The documentation page as a user meets it: BROWSER ADDRESS PROFILE. The address alone leads to it; it shows every operation, events
// first and erasure last; "Try it out" and "Execute", with nothing filled in, answer; the browser has refused nothing.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import puppeteer from "puppeteer-core";

const [executablePath, address, userDataDir] = process.argv.slice(2);

const stored = async () => (await (await fetch(`${address}/api/v1/signals`)).json()).pagination.total;
const event = { accountId: "acc_7", userId: "ada", eventType: "call_made", timestamp: "2026-01-15T00:00:00Z" };
const sent = await fetch(`${address}/api/v1/events`, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(event),
});
assert.equal(sent.status, 202);
for (let tries = 0; (await stored()) === 0; tries += 1) {
  assert.ok(tries < 200, "the event becomes no signal");
  await pause(50);
}

// The browser's own account of the network is switched off: it would look for hosts of its maker.
const browser = await puppeteer.launch({
  executablePath, userDataDir,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(address);
  assert.equal(page.url(), `${address}/api/docs`, "the address alone leads to the page");
  await page.waitForSelector(".opblock");

  const shown = await page.evaluate(() => ({
    title: document.title,
    language: document.documentElement.lang,
    mode: document.compatMode,
    tags: [...document.querySelectorAll(".opblock-tag")].map((tag) => tag.dataset.tag),
    operations: document.querySelectorAll(".opblock").length,
  }));
  const specification = await (await fetch(`${address}/api/openapi.json`)).json();
  const operations = Object.entries(specification.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })));
  assert.equal(shown.title, "Sales Signal Processing Platform: API");
  assert.deepEqual([shown.language, shown.mode], ["en", "CSS1Compat"]);
  assert.equal(shown.operations, operations.length);
  assert.deepEqual([shown.tags.at(0), shown.tags.at(-1)], ["Events", "Erasure"]);

  const tryOut = async (operation) => {
    const block = `#operations-${operation.tags[0]}-${operation.operationId}`;
    await page.click(`${block} .opblock-summary-control`);
    await (await page.waitForSelector(`${block} .try-out__btn`)).click();
    await (await page.waitForSelector(`${block} .execute`)).click();
    const status = await page.waitForSelector(`${block} .live-responses-table tr.response .response-col_status`);
    const url = await page.$eval(`${block} .request-url pre`, (element) => element.textContent);
    const body = await page.$eval(`${block} .live-responses-table tr.response .response-col_description`, (element) => element.textContent);
    return { status: (await status.evaluate((element) => element.textContent)).trim(), url, body };
  };
  const asked = operations.filter(({ method, path }) => method === "get" && !path.includes("{"));
  for (const operation of asked) {
    const { status, url, body } = await tryOut(operation);
    assert.match(status, /^200/, `${operation.operationId}: ${status} ${body}`);
    if (operation.operationId === "listSignals") assert.match(body, /"account_id": "acc_7"/, url);
    if (operation.operationId === "listDeadLetters") assert.match(body, /"undecodable"/, url);
    for (const filter of ["from", "accountId", "eventType", "reason", "page", "cursor"]) {
      assert.ok(!new URL(url).searchParams.has(filter), `${url} has a filter that was not asked for`);
    }
  }
  const replay = operations.find(({ operationId }) => operationId === "replayDeadLetters");
  const { status, body } = await tryOut(replay);
  assert.match(status, /^202/, body);
  assert.match(body, /"dryRun": true/, "it only counts");

  assert.deepEqual(said, [], "the page has something to say on the console");
  console.log(`all ${shown.operations} operations are shown, ${asked.length + 1} were tried out; the browser refused nothing`);
} finally {
  await browser.close();
}
