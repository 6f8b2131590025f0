// A shop's first day and the proof of an address, by the TypeScript SDK alone. tests/sdk/journey.rs starts the server.

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { ChallengeResponse, LoginTokenRequest, paths } from "./merchant.d.ts";
import type { paths as challengerPaths } from "./challenger.d.ts";

const ADDRESS = "ada@typescript.example";

function setting(name: string): string {
  const value = process.env[name];
  assert(value, name);
  return value;
}

const KONTOR = setting("KONTOR");
const SHOP = `${KONTOR}/instances/typescript-tea`;

const basic = (user: string, password: string) => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

// The newest code that was sent: the operator's side puts messages into a file here.
function code(): string {
  const lines = readFileSync(setting("SPOOL"), "utf8").trimEnd().split("\n");
  const messages: { address: string; tan: string }[] = lines.map((line) => JSON.parse(line));
  const sent = messages.findLast((message) => message.address === ADDRESS);
  assert(sent);
  return sent.tan;
}

const anybody = createClient<paths, "application/json">({ baseUrl: SHOP });

// Solves the challenges of an answer 202; returns what the repeated request presents.
async function solve({ challenges }: ChallengeResponse): Promise<{ "Taler-Challenge-Ids": string }> {
  for (const { challenge_id } of challenges) {
    const path = { challenge_id };
    const sent = await anybody.POST("/challenge/{challenge_id}", { params: { path } });
    assert(sent.data?.solve_expiration.t_s !== "never");
    const confirmed = await anybody.POST("/challenge/{challenge_id}/confirm", { params: { path }, body: { tan: code() } });
    assert.equal(confirmed.response.status, 204);
  }
  return { "Taler-Challenge-Ids": challenges.map(({ challenge_id }) => challenge_id).join(",") };
}

async function openShop() {
  const operator = createClient<paths, "application/json">({ baseUrl: KONTOR });
  const config = await operator.GET("/config");
  assert(config.data?.version);
  const login = await operator.POST("/private/token", {
    headers: basic("admin", setting("PASSWORD")),
    body: { scope: "all", duration: { d_us: "forever" } },
  });
  assert(login.data && "access_token" in login.data);
  assert.equal(login.data.expiration.t_s, "never");
  const created = await operator.POST("/management/instances", {
    headers: bearer(login.data.access_token),
    body: {
      id: "typescript-tea",
      name: "TypeScript Tea",
      email: ADDRESS,
      auth: { method: "token", password: "a kettle sings at five" },
      address: { country: "CH" },
      jurisdiction: { country: "CH" },
      use_stefan: true,
    },
  });
  assert.equal(created.response.status, 204);
}

// Without a second factor, gaining one, and with it.
async function logIn() {
  const headers = basic("typescript-tea", "a kettle sings at five");
  const body: LoginTokenRequest = { scope: "all", description: "TypeScript SDK" };
  const first = await anybody.POST("/private/token", { headers, body });
  assert(first.data && "access_token" in first.data);
  const owner = createClient<paths, "application/json">({ baseUrl: SHOP, headers: bearer(first.data.access_token) });
  const path = { channel: "email" };
  const unproven = await owner.POST("/auth-channels/{channel}/validate", { params: { path } });
  assert(unproven.data);
  const header = await solve(unproven.data);
  const proven = await owner.POST("/auth-channels/{channel}/validate", { params: { path, header } });
  assert.equal(proven.response.status, 204);

  const challenged = await anybody.POST("/private/token", { headers, body });
  assert(challenged.data && "challenges" in challenged.data);
  const params = { header: await solve(challenged.data) };
  const login = await anybody.POST("/private/token", { headers, params, body });
  assert(login.data && "access_token" in login.data);
  const client = createClient<paths, "application/json">({ baseUrl: SHOP, headers: bearer(login.data.access_token) });
  const settings = await client.GET("/private");
  assert(settings.data?.email_validated);
  return client;
}

type Owner = Awaited<ReturnType<typeof logIn>>;

async function addBankAccount(owner: Owner) {
  const body = { payto_uri: "payto://iban/DE89370400440532013000?receiver-name=TypeScript%20Tea" };
  const challenged = await owner.POST("/private/accounts", { body });
  assert(challenged.data && "challenges" in challenged.data);
  const added = await owner.POST("/private/accounts", { body, params: { header: await solve(challenged.data) } });
  assert(added.data && "h_wire" in added.data);
  const shown = await owner.GET("/private/accounts/{h_wire}", { params: { path: { h_wire: added.data.h_wire } } });
  assert(shown.data?.active);
  const unknown = await owner.GET("/private/accounts/{h_wire}", { params: { path: { h_wire: "0".repeat(103) } } });
  assert.equal(unknown.error?.code, 2022);
}

async function addDevice(owner: Owner) {
  const created = await owner.POST("/private/otp-devices", {
    body: {
      otp_device_id: "till",
      otp_device_description: "By the door",
      otp_key: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
      otp_algorithm: 1,
    },
  });
  assert.equal(created.response.status, 204);
  const shown = await owner.GET("/private/otp-devices/{device_id}", {
    params: { path: { device_id: "till" }, query: { faketime: "59" } },
  });
  assert.equal(shown.data?.otp_code?.split("\n")[2], "94287082");
}

async function proveAddress() {
  const [client_id, secret, redirect_uri] = ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"].map(setting);
  // Whoever does not ask for JSON is taken for a browser when the code is right.
  const challenger = createClient<challengerPaths, "application/json">({
    baseUrl: setting("CHALLENGER"),
    headers: { Accept: "application/json" },
  });
  const config = await challenger.GET("/config");
  assert.equal(config.data?.address_type, "email");
  const setup = await challenger.POST("/setup/{client_id}", {
    headers: bearer(secret),
    params: { path: { client_id } },
    body: { CONTACT_EMAIL: "nobody@typescript.example" },
  });
  assert(setup.data);
  const path = { nonce: setup.data.nonce };
  const started = await challenger.GET("/authorize/{nonce}", {
    params: { path, query: { response_type: "code", client_id, redirect_uri, state: "tea" } },
  });
  assert.equal(started.data?.last_address?.CONTACT_EMAIL, "nobody@typescript.example");
  const given = await challenger.POST("/challenge/{nonce}", { params: { path }, body: { CONTACT_EMAIL: ADDRESS } });
  assert(given.data?.type === "created" && given.data.transmitted);
  const right = code();
  const pin = right.slice(0, -1) + (right.endsWith("0") ? "1" : "0");
  const wrong = await challenger.POST("/solve/{nonce}", { params: { path }, body: { pin } });
  assert(wrong.error && "auth_attempts_left" in wrong.error);
  const proven = await challenger.POST("/solve/{nonce}", { params: { path }, body: { pin: right } });
  assert(proven.data);
  const returned = new URL(proven.data.redirect_url).searchParams;
  assert.equal(returned.get("state"), "tea");
  const token = await challenger.POST("/token", {
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: {
      grant_type: "authorization_code",
      client_id,
      client_secret: secret,
      code: returned.get("code") ?? "",
      redirect_uri,
    },
  });
  assert.equal(token.data?.token_type, "Bearer");
  const info = await challenger.GET("/info", { headers: bearer(token.data.access_token) });
  assert.equal(info.data?.address.CONTACT_EMAIL, ADDRESS);
  assert.equal(typeof info.data.expires.t_s, "number");
}

await openShop();
const owner = await logIn();
await addBankAccount(owner);
await addDevice(owner);
await proveAddress();
console.log("done");
