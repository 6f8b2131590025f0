// A phone number: given along by the client, changed, normalized, with a second code.

import assert from 'node:assert/strict';

import { code, link, messages, proven, setUp } from '../service.mjs';
import { Visitor, journey } from '../visitor.mjs';

await journey(async () => {
  const dora = await Visitor.open('phone', 'en');
  const nonce = await setUp({ CONTACT_PHONE: '079 765 43' });
  await dora.goto(link(nonce));
  await dora.sees('Confirm your phone number', 'Begin with the country code', 'Privacy policy');
  assert.equal(await dora.page.getByRole('link', { name: 'Terms of service' }).count(), 0);
  const number = dora.page.getByLabel('Phone number');
  assert.equal(await number.inputValue(), '079 765 43');
  assert.equal(await dora.press('Send the code'), 400);
  await dora.sees('Confirm your phone number', 'This is not a phone number.');
  await dora.fill('Phone number', '+41 (0)79 123 45 67');
  assert.equal(await dora.press('Send the code'), 200);
  await dora.sees('Enter your code', '+41791234567', 'Check that your phone has reception.');
  const [first] = messages('+41791234567');
  assert.ok(first.message.includes(await dora.reference()), first.message);

  const before = code('+41791234567');
  assert.equal(await dora.press('Send a new code'), 200);
  await dora.sees('Enter your code', 'You can have 1 more code sent; then only that one counts.');
  await dora.fill('Code', before);
  assert.equal(await dora.press('Confirm'), 403);
  await dora.fill('Code', code('+41791234567').replace('-', ''));
  assert.equal(await dora.press('Confirm'), 200);
  const url = await dora.arrives(`state of ${nonce}`);
  assert.deepEqual(await proven(url), { CONTACT_PHONE: '+41791234567' });
});
