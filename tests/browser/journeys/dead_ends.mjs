// Whatever goes wrong, and what a person is told then.

import assert from 'node:assert/strict';

import { BASE, code, link, messages, proven, release, setUp, wrongCode } from '../service.mjs';
import { Visitor, journey } from '../visitor.mjs';

const LABEL = 'E‑mail address';

/** Begins a validation of one's own. */
async function begin(visitor, address = {}) {
  const nonce = await setUp(address);
  assert.equal(await visitor.goto(link(nonce)), 200);
  return nonce;
}

async function send(visitor, address) {
  await visitor.fill(LABEL, address);
  return visitor.press('Send the code');
}

async function wrongLinks() {
  const finn = await Visitor.open('links', 'en');
  const nonce = await setUp();
  const unknown = nonce.replace(/^.{8}/, '00000000');
  assert.equal(await finn.goto(link(unknown)), 404);
  await finn.sees('This link does not work any more', 'start again');
  assert.equal(await finn.goto(`${BASE}ui/${nonce}`), 404);
  await finn.sees('This link does not work any more');
  assert.equal(await finn.goto(link(nonce, { redirect_uri: 'https://elsewhere.example/' })), 401);
  await finn.sees('Something is wrong with this link', 'Nothing was sent there.');
  assert.equal(await finn.page.locator('main a').count(), 0);
  assert.equal(await finn.goto(link(nonce, { response_type: 'token' })), 400);
  await finn.sees('We could not read this request');
  assert.equal(await finn.page.locator('main a').count(), 0);
  assert.equal(await finn.goto(`${BASE}nowhere`), 404);
  await finn.sees('There is nothing here');

  // The address of a form that was sent leads back to where one was.
  await finn.goto(link(nonce));
  assert.equal(await finn.goto(`${BASE}solve/${nonce}`), 405);
  await finn.sees('This page cannot be opened like this');
  assert.equal(await finn.follow('Back to your confirmation'), 200);
  await finn.fill(LABEL, 'x'.repeat(2_000_000));
  assert.equal(await finn.press('Send the code'), 413);
  await finn.sees('That was too long');
}

async function usedUp() {
  const gina = await Visitor.open('used-up', 'en');
  const nonce = await begin(gina);
  const [one, other] = ['one@example.org', 'other@example.org'];
  assert.equal(await send(gina, one), 200);
  await gina.sees('Enter your code', 'You have 1 attempt left.', 'You can have 1 more code sent');
  await gina.fill('Code', wrongCode(one));
  assert.equal(await gina.press('Confirm'), 403);
  await gina.sees('This code cannot be used any more', 'You have no attempts left for this code', 'Have a new code sent, or use another address.');
  assert.equal(await gina.page.locator('#pin').count(), 0);
  assert.equal(await gina.press('Send a new code'), 200);
  await gina.sees('Enter your code', 'No more codes can be sent there.');
  await gina.fill('Code', wrongCode(one));
  assert.equal(await gina.press('Confirm'), 403);
  await gina.sees('This code cannot be used any more', 'Use another address.');

  await gina.follow('Use another e‑mail address');
  await gina.sees('Confirm your e-mail address', 'You can change this 1 more time.');
  assert.equal(await send(gina, one), 429);
  await gina.sees('This code cannot be used any more', 'No more codes can be sent there', 'The last code was sent to:');
  await gina.follow('Use another e‑mail address');
  assert.equal(await send(gina, other), 200);
  await gina.sees('Enter your code', other);
  assert.equal(await gina.page.locator('a.quiet').count(), 0);

  // A form that was left open in another window.
  await gina.goto(`${BASE}ui/${nonce}?step=address`);
  await gina.sees('Confirm your e-mail address', other, 'This cannot be changed here.');
  await gina.page.locator('[name=CONTACT_EMAIL]').evaluate((field) => { field.value = 'third@example.org'; });
  assert.equal(await gina.press('Send the code'), 429);
  await gina.sees('Confirm your e-mail address', 'The address cannot be changed any more', other);
  assert.equal(await gina.press('Send the code'), 200);
  await gina.fill('Code', wrongCode(other));
  assert.equal(await gina.press('Confirm'), 403);
  await gina.sees('This code cannot be used any more', 'start again');
  assert.equal(await gina.page.locator('main button, main a').count(), 0);
  assert.equal(await gina.goto(`${BASE}ui/${nonce}`), 410);
  await gina.sees('Your address could not be confirmed', 'start again');
}

async function usedAlready() {
  const hugo = await Visitor.open('used', 'en');
  const nonce = await begin(hugo);
  assert.equal(await send(hugo, 'hugo@example.org'), 200);
  const inAnotherWindow = await Visitor.open('used-before', 'en');
  await inAnotherWindow.goto(`${BASE}ui/${nonce}`);
  const addressForm = await Visitor.open('used-address', 'en');
  await addressForm.goto(`${BASE}ui/${nonce}?step=address`);
  await hugo.fill('Code', code('hugo@example.org'));
  assert.equal(await hugo.press('Confirm'), 200);
  const url = await hugo.arrives(`state of ${nonce}`);

  // The same code in another window leads to the same place, as long as the client has not asked.
  await inAnotherWindow.fill('Code', code('hugo@example.org'));
  assert.equal(await inAnotherWindow.press('Confirm'), 200);
  assert.equal(await inAnotherWindow.arrives(`state of ${nonce}`), url);
  await inAnotherWindow.goto(`${BASE}ui/${nonce}`);

  const late = await Visitor.open('used-late', 'en');
  await late.goto(`${BASE}ui/${nonce}`);
  await proven(url);
  assert.equal(await send(addressForm, 'hugo@example.org'), 404);
  await addressForm.sees('Confirmed', 'You can close this page');
  assert.equal(await addressForm.page.locator('main a').count(), 0);
  await hugo.goto(link(nonce));
  await hugo.sees('This link does not work any more', 'has been used already');
}

async function undelivered() {
  const ida = await Visitor.open('undelivered', 'en');
  await begin(ida);
  assert.equal(await send(ida, 'unusable@example.org'), 400);
  await ida.sees('Confirm your e-mail address', 'Nothing can be sent there. Please check what you entered');
  assert.ok(await ida.hasFocus('#CONTACT_EMAIL'));
  assert.equal(await send(ida, 'failing@example.org'), 502);
  await ida.sees('Confirm your e-mail address', 'The code could not be sent', 'The fault is not yours.', 'This cannot be changed here.');

  await begin(ida, { CONTACT_EMAIL: 'unreachable@example.org', read_only: true });
  assert.equal(await ida.press('Send the code'), 503);
  await ida.sees('Confirm your e-mail address', 'Nothing can be delivered there at the moment', 'Please try again later.');
  await begin(ida, { CONTACT_EMAIL: 'unusable@example.org', read_only: true });
  assert.equal(await ida.press('Send the code'), 400);
  await ida.sees('Confirm your e-mail address', 'Nothing can be sent there', 'start again');
}

/** Whoever presses a button twice comes to where the code is entered that is still being sent. */
async function pressedTwice() {
  const jon = await Visitor.open('twice', 'en');
  const nonce = await begin(jon);
  await jon.fill(LABEL, 'slow@example.org');
  const sending = jon.press('Send the code');
  const meanwhile = await Visitor.open('meanwhile', 'en');
  while (!(await meanwhile.page.locator('#pin').count())) await meanwhile.goto(`${BASE}ui/${nonce}`);
  assert.equal(messages('slow@example.org').length, 0);
  release();
  await meanwhile.sees('Enter your code', 'slow@example.org');
  assert.equal(await sending, 200);
  await meanwhile.fill('Code', code('slow@example.org'));
  assert.equal(await meanwhile.press('Confirm'), 200);
  await meanwhile.arrives(`state of ${nonce}`);
}

await journey(async () => {
  await wrongLinks();
  await usedUp();
  await usedAlready();
  await undelivered();
  await pressedTwice();
});
