// The service and its client, as the environment names them, and the messages that were sent.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const { BASE, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SPOOL } = process.env;

/** Sets up a validation; returns its nonce. */
export async function setUp(address = {}) {
  const answer = await fetch(`${BASE}setup/${CLIENT_ID}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_SECRET}`, 'content-type': 'application/json' },
    body: JSON.stringify(address),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).nonce;
}

/** The link by which a client sends a person. */
export function link(nonce, changes = {}) {
  const query = { response_type: 'code', client_id: CLIENT_ID, redirect_uri: REDIRECT_URI, state: `state of ${nonce}`, ...changes };
  return `${BASE}authorize/${nonce}?${new URLSearchParams(query)}`;
}

/** What the client reads with the authorization code that a person brought to it. */
export async function proven(url) {
  const query = new URL(url).searchParams;
  const answer = await fetch(`${BASE}token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uri: REDIRECT_URI,
      code: query.get('code'),
    }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { access_token } = await answer.json();
  const info = await fetch(`${BASE}info`, { headers: { authorization: `Bearer ${access_token}` } });
  assert.equal(info.status, 200);
  return (await info.json()).address;
}

/** Lets the messages go that the program for sending holds back. */
export function release() {
  writeFileSync(join(dirname(SPOOL), 'released'), '');
}

/** All messages, the newest last. */
export function sent() {
  const lines = existsSync(SPOOL) ? readFileSync(SPOOL, 'utf8').trim().split('\n') : [];
  return lines.map((line) => JSON.parse(line));
}

/** Those to an address. */
export function messages(address) {
  return sent().filter((message) => message.address === address);
}

/** The newest code that was sent to an address, as it stands in the message. */
export function code(address) {
  const [, written] = /\b(\d{4}-\d{4})\b/.exec(messages(address).at(-1).message);
  return written;
}

/** A code that is not the newest. */
export function wrongCode(address) {
  return code(address).replace(/\d$/, (digit) => (Number(digit) + 1) % 10);
}
