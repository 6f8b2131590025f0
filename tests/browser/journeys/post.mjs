// A postal address: several fields, a rule of the operator's, a letter that takes days.

import assert from 'node:assert/strict';

import { BASE, link, proven, sent, setUp } from '../service.mjs';
import { Visitor, journey } from '../visitor.mjs';

const ADDRESS = { CONTACT_NAME: 'Emil "Ä" <Muster>', ADDRESS_LINES: 'Bahnhofstrasse 1\n8001 Zürich', ADDRESS_COUNTRY: 'CH' };

await journey(async () => {
  const emil = await Visitor.open('post', 'de');
  const nonce = await setUp();
  await emil.goto(link(nonce));
  await emil.sees('Postadresse bestätigen', 'Beispiel: Alice Example', 'je auf einer eigenen Zeile');
  await emil.fill('Name', ADDRESS.CONTACT_NAME);
  await emil.fill('Land', 'DE');
  assert.equal(await emil.press('Brief senden'), 400);
  await emil.sees('Postadresse bestätigen', 'Bitte geben Sie Ihre Adresse ein.');
  assert.ok(await emil.hasFocus('#ADDRESS_LINES'));
  assert.equal(await emil.page.getByLabel('Name').inputValue(), ADDRESS.CONTACT_NAME);
  await emil.fill('Adresse', ADDRESS.ADDRESS_LINES);
  assert.equal(await emil.press('Brief senden'), 400);
  await emil.sees('Postadresse bestätigen', 'Nur Adressen in der Schweiz');
  assert.ok(await emil.hasFocus('#ADDRESS_COUNTRY'));
  assert.equal(await emil.page.getByLabel('Adresse', { exact: true }).inputValue(), ADDRESS.ADDRESS_LINES);
  await emil.fill('Land', 'CH');
  assert.equal(await emil.press('Brief senden'), 200);
  await emil.sees('Code eingeben', 'Emil "Ä" <Muster>', 'Der Code läuft in 21 Tagen ab.', 'Ein Brief kann mehrere Tage brauchen.');

  // Days later, by the address that the page shows.
  const comeBack = emil.page.locator('a.long');
  assert.equal(await comeBack.textContent(), `${BASE}ui/${nonce}`);
  assert.equal(await emil.leave(() => comeBack.click()), 200);
  await emil.sees('Code eingeben', 'Wir senden einen Brief mit einem Code an:', 'Bahnhofstrasse 1 8001 Zürich');
  const [letter] = sent();
  assert.ok(letter.message.includes(await emil.reference()));
  await emil.fill('Code', letter.tan);
  assert.equal(await emil.press('Bestätigen'), 200);
  assert.deepEqual(await proven(await emil.arrives(`state of ${nonce}`)), ADDRESS);
});
