// An e-mail address: with every detour on a phone, then by keyboard alone in German, then without JavaScript in French.

import assert from 'node:assert/strict';

import { BASE, code, link, messages, proven, setUp, wrongCode } from '../service.mjs';
import { Visitor, journey } from '../visitor.mjs';

const ADDRESS = 'Anna.Muster@example.org';
const OTHER = 'other@example.org';

async function withEveryDetour() {
  const anna = await Visitor.open('email-en', 'en-GB');
  const nonce = await setUp();

  assert.equal(await anna.goto(BASE), 200);
  await anna.sees('Address confirmation', 'There is nothing to do on this page.', 'Terms of service');
  assert.equal(await anna.page.getByRole('link', { name: 'Privacy policy' }).count(), 0);

  assert.equal(await anna.goto(link(nonce)), 200);
  assert.equal(anna.page.url(), `${BASE}ui/${nonce}`);
  await anna.sees('Confirm your e-mail address', 'Step 1 of 2', 'Example: alice@example.org');

  await anna.press('Send the code');
  await anna.sees('Confirm your e-mail address', 'Please check what you entered', 'Please enter your e-mail address.');
  await anna.fill('E‑mail address', 'anna.muster@example,org');
  assert.equal(await anna.press('Send the code'), 400);
  await anna.sees('Confirm your e-mail address', 'This is not an e-mail address.');
  const field = anna.page.getByLabel('E‑mail address');
  assert.equal(await field.inputValue(), 'anna.muster@example,org');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.ok(await anna.hasFocus('#CONTACT_EMAIL'));
  assert.equal(messages(OTHER).length + messages(ADDRESS).length, 0);

  await anna.fill('E‑mail address', OTHER);
  assert.equal(await anna.press('Send the code'), 200);
  await anna.sees('Enter your code', 'Step 2 of 2', OTHER, 'You have 3 attempts left. The code expires in 5 minutes.');
  assert.ok(await anna.hasFocus('#pin'));
  assert.ok(messages(OTHER).at(-1).message.includes(await anna.reference()));

  // A form that comes twice sends nothing twice.
  assert.equal(await anna.leave(() => anna.page.reload()), 200);
  await anna.sees('Enter your code', 'We e-mailed a code a short time ago, so we have not sent another one.', OTHER);
  assert.equal(await anna.press('Send a new code'), 200);
  await anna.sees('Enter your code', 'You can have 2 more codes sent', 'The next one can be sent in');
  assert.equal(messages(OTHER).length, 1);

  await anna.follow('Use another e‑mail address');
  await anna.sees('Confirm your e-mail address', 'You can change this 2 more times.');
  await anna.follow('I have a code already');
  await anna.follow('Use another e‑mail address');
  await anna.fill('E‑mail address', ` ${ADDRESS} `);
  assert.equal(await anna.press('Send the code'), 200);
  await anna.sees('Enter your code', ADDRESS);
  await anna.leave(() => anna.page.goBack());
  await anna.sees('Confirm your e-mail address', 'You can change this 1 more time.');
  await anna.follow('I have a code already');
  await anna.sees('Enter your code', ADDRESS);

  await anna.fill('Code', code(OTHER));
  assert.equal(await anna.press('Confirm'), 403);
  await anna.sees('Enter your code', 'That was not the right code', 'You have 2 attempts left.');
  assert.ok(await anna.hasFocus('#pin'));
  await anna.fill('Code', wrongCode(ADDRESS));
  assert.equal(await anna.press('Confirm'), 403);
  await anna.sees('Enter your code', 'That was not the right code', 'You have 1 attempt left.');

  // What is no code stays in the browser, and takes no attempt where it does not.
  await anna.fill('Code', '1234');
  await anna.page.getByRole('button', { name: 'Confirm' }).click();
  assert.ok(await anna.page.locator('#pin:invalid').isVisible());
  await anna.page.locator('#pin').evaluate((pin) => pin.form.setAttribute('novalidate', ''));
  assert.equal(await anna.press('Confirm'), 400);
  await anna.sees('Enter your code', 'That is not a code', 'You have 1 attempt left.');

  const pasted = ` ${code(ADDRESS).replace('-', ' - ')} `;
  await anna.fill('Code', pasted);
  assert.equal(await anna.press('Confirm'), 200);
  const url = await anna.arrives(`state of ${nonce}`);

  // Whoever goes back before the client has asked is led on, and stays so.
  await anna.leave(() => anna.page.goto(`${BASE}ui/${nonce}`));
  await anna.sees('Confirmed', 'All done', ADDRESS);
  assert.equal(await anna.follow('Continue to 127.0.0.1'), 200);
  assert.equal(await anna.arrives(`state of ${nonce}`), url);

  assert.deepEqual(await proven(url), { CONTACT_EMAIL: ADDRESS });
  await anna.goto(`${BASE}ui/${nonce}`);
  await anna.sees('Confirmed', ADDRESS, 'You can close this page');
  assert.equal(await anna.page.locator('main a').count(), 0);
}

async function byKeyboardInGerman() {
  const beat = await Visitor.open('email-de', 'de-CH');
  const nonce = await setUp();
  const address = 'beat@example.org';
  await beat.goto(link(nonce));
  await beat.sees('E-Mail-Adresse bestätigen', 'Schritt 1 von 2', 'Nutzungsbedingungen');
  await beat.tabTo('#CONTACT_EMAIL');
  await beat.page.keyboard.type('beat');
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Enter')), 400);
  await beat.sees('E-Mail-Adresse bestätigen', 'Das ist keine E-Mail-Adresse.');
  // The field that is wrong has the focus.
  await beat.page.keyboard.press('End');
  await beat.page.keyboard.type('@example.org');
  await beat.tabTo('button.primary');
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Enter')), 200);
  await beat.sees('Code eingeben', 'Schritt 2 von 2', 'Sie haben noch 3 Versuche.', address);
  await beat.page.keyboard.type(wrongCode(address));
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Enter')), 403);
  await beat.sees('Code eingeben', 'Das war nicht der richtige Code', 'Sie haben noch 2 Versuche.');
  await beat.tabTo('a.quiet');
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Enter')), 200);
  await beat.sees('E-Mail-Adresse bestätigen', 'Sie können die Angabe noch 2-mal ändern.');
  await beat.tabTo('a.quiet');
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Enter')), 200);
  await beat.page.keyboard.type(code(address));
  await beat.tabTo('button.primary');
  assert.equal(await beat.leave(() => beat.page.keyboard.press('Space')), 200);
  assert.deepEqual(await proven(await beat.arrives(`state of ${nonce}`)), { CONTACT_EMAIL: address });
}

async function withoutScriptInFrench() {
  const chloe = await Visitor.open('email-fr', 'fr-CH', { javaScript: false });
  const withScript = await Visitor.open('email-fr-script', 'fr-CH');
  const nonce = await setUp({ CONTACT_EMAIL: 'chloe@example.org', read_only: true });
  const page = `${BASE}ui/${nonce}`;
  await chloe.goto(link(nonce));
  await chloe.sees('Confirmez votre adresse e-mail', 'Étape 1 sur 2', 'chloe@example.org', 'Cette indication ne peut pas être modifiée ici.');
  await withScript.goto(page);
  await withScript.sees('Confirmez votre adresse e-mail', 'chloe@example.org');
  assert.equal(await chloe.page.locator('input:not([type=hidden])').count(), 0);
  assert.equal(await chloe.press('Envoyer le code'), 200);
  await chloe.sees('Saisissez votre code', 'chloe@example.org');
  await withScript.goto(page);
  await withScript.sees('Saisissez votre code', 'chloe@example.org');
  assert.equal(await chloe.page.locator('a.quiet').count(), 0);
  for (const left of ['Il vous reste 2 essais.', 'Il vous reste 1 essai.']) {
    await chloe.fill('Code', wrongCode('chloe@example.org'));
    assert.equal(await chloe.press('Confirmer'), 403);
    await chloe.sees('Saisissez votre code', left);
  }
  await chloe.fill('Code', code('chloe@example.org'));
  assert.equal(await chloe.press('Confirmer'), 200);
  await chloe.arrives(`state of ${nonce}`);
  await chloe.goto(page);
  await chloe.sees('C’est confirmé', 'chloe@example.org');
  await withScript.goto(page);
  await withScript.sees('C’est confirmé', 'chloe@example.org');
}

await journey(async () => {
  await withEveryDetour();
  await byKeyboardInGerman();
  await withoutScriptInFrench();
});
