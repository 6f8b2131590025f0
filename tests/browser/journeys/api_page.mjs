// Somebody who opens the page of each API in the sandbox, authorises, and presses Execute.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { CHROMIUM, MODULES, SCREENSHOTS, MERCHANT_PAGE, CHALLENGER_PAGE, ADMIN_TOKEN, ADMIN_PASSWORD, CLIENT_SECRET } = process.env;
const { chromium } = createRequire(join(MODULES, 'package.json'))('playwright-core');

const SIZES = [{ width: 320, height: 568 }, { width: 390, height: 844 }, { width: 1280, height: 900 }];

class Reader {
  problems = [];

  constructor(page, name) {
    this.page = page;
    this.name = name;
    page.on('pageerror', (error) => this.problems.push(`a script failed: ${error.message}`));
    page.on('console', (message) => {
      // A refusal is reported there by the browser itself, and forms for secrets get advice.
      const isOurs = message.type() === 'error' && !message.text().startsWith('Failed to load resource');
      if (isOurs) this.problems.push(message.text());
    });
  }

  async open(url) {
    await this.page.goto(url);
    await this.page.locator('.opblock').first().waitFor();
  }

  /** What the search box names is found, and clients see which protocol this is. */
  async introduces(protocol) {
    assert.match(await this.page.locator('.kontor-bar').innerText(), new RegExp(`Protocol ${protocol}`));
    const search = this.page.getByRole('searchbox');
    const hints = (await search.getAttribute('placeholder')).match(/“[^”]*”/g);
    const count = await this.page.locator('.opblock').count();
    for (const hint of hints) {
      await search.fill(hint.slice(1, -1));
      await this.page.waitForFunction((all) => document.querySelectorAll('.opblock').length < all, count);
      assert.notEqual(await this.page.locator('.opblock').count(), 0, hint);
    }
    await search.fill('');
  }

  /** Gives the credentials of one scheme: values by the names of their fields. */
  async authorize(scheme, fields) {
    await this.page.locator('.auth-wrapper .authorize').click();
    const form = this.page.locator('.auth-container').filter({ has: this.page.locator('h4 code', { hasText: scheme }) });
    for (const [id, value] of Object.entries(fields)) await form.locator(`#auth-${id}`).fill(value);
    await this.keepPicture(`authorize-${scheme}`);
    await form.locator('button.authorize').click();
    await form.locator('button.btn-done').click();
  }

  async unauthorize(scheme) {
    await this.page.locator('.auth-wrapper .authorize').click();
    const form = this.page.locator('.auth-container').filter({ has: this.page.locator('h4 code', { hasText: scheme }) });
    await form.getByRole('button', { name: 'Remove authorization' }).click();
    await form.locator('button.btn-done').click();
  }

  /** Unfolds an operation. */
  async unfold(id) {
    const operation = this.page.locator(`.opblock[id$="-${id}"]`);
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.execute').waitFor();
    return operation;
  }

  /** Executes an operation as it stands; returns the status and the request. */
  async execute(operation) {
    const [request] = await Promise.all([
      this.page.waitForRequest((one) => !one.url().includes('/docs/')),
      operation.locator('.execute').click(),
    ]);
    await operation.locator('.live-responses-table').waitFor();
    const answer = await request.response();
    return { status: answer.status(), url: new URL(request.url()), body: request.postData() ?? '' };
  }

  async fits() {
    for (const size of SIZES) {
      await this.page.setViewportSize(size);
      const wide = await this.page.evaluate(() => {
        // Code scrolls in its box.
        const isWide = (element) => !element.closest('pre') && element.getBoundingClientRect().right > innerWidth + 1;
        return [document.documentElement, ...document.querySelectorAll('body *')].filter(isWide).map((element) => element.outerHTML.slice(0, 150));
      });
      assert.deepEqual(wide, [], `${this.name}: wider than ${size.width} px`);
      // Margins are in no box.
      const overhang = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overhang, 0, `${this.name}: scrolls sideways at ${size.width} px`);
      const untidy = await this.page.evaluate(() => {
        // In columns, a section that is broken has a box in each.
        const broken = [...document.querySelectorAll('.kontor-sections > section')].filter((one) => one.getClientRects().length > 1);
        const title = document.querySelector('.info .title');
        const text = document.createRange();
        text.selectNode(title.firstChild);
        const foot = text.getBoundingClientRect();
        const isOver = (one) => {
          const box = one.getBoundingClientRect();
          return box.left < foot.right && box.right > foot.left && box.top < foot.bottom && box.bottom > foot.top;
        };
        return [...broken, ...[...title.querySelectorAll('small')].filter(isOver)].map((one) => one.outerHTML.slice(0, 150));
      });
      assert.deepEqual(untidy, [], `${this.name} at ${size.width} px`);
      await this.keepPicture(`page-${size.width}`);
    }
  }

  async keepPicture(what) {
    if (!SCREENSHOTS) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${this.name}-${what}.png`), fullPage: what.startsWith('page') });
  }
}

async function merchant(reader) {
  const { page } = reader;
  await reader.open(MERCHANT_PAGE);
  assert.match(await page.title(), /^Kontor Merchant Backend/);
  assert.equal(await page.locator('#sibling').getAttribute('href'), CHALLENGER_PAGE);
  await reader.introduces('32:0:20');
  await reader.fits();
  const tags = await page.locator('.opblock-tag').evaluateAll((all) => all.map((one) => one.dataset.tag));
  assert.deepEqual(tags.slice(0, 3), ['Configuration', 'Access tokens', 'Instances']);

  // Somebody looks for an operation by what it does.
  const search = page.getByRole('searchbox');
  await search.fill('log in');
  await page.locator('.opblock[id$="-listInstances"]').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.opblock').count(), 1);
  await search.fill('');
  await page.locator('.opblock[id$="-listInstances"]').waitFor();

  // The token of the sandbox is good for everything, and is still there after a reload.
  await reader.authorize('accessToken', { 'bearer-value': ADMIN_TOKEN });
  await page.reload();
  await page.locator('.auth-wrapper .authorize.locked').waitFor();
  assert.equal(await page.evaluate('localStorage.length'), 0);
  assert.equal((await reader.execute(await reader.unfold('createToken'))).status, 200);

  // Optional parameters are not sent unless somebody fills them in, but their examples are seen.
  const verification = await reader.unfold('getKycStatus');
  assert.match(await verification.locator('[data-param-name=timeout_ms]').innerText(), /Example: 30000/);
  const asked = await reader.execute(verification);
  assert.equal(asked.status, 204);
  assert.equal(asked.url.search, '');
  const failure = verification.locator('.kontor-failure').first();
  assert.equal(await failure.getAttribute('aria-expanded'), 'false');
  await failure.click();
  await verification.locator('.response[data-code="400"] .highlight-code').waitFor();
  await reader.fits();

  // Where the password is given too, it is what one logs in by.
  await reader.authorize('instancePassword', { 'basic-username': 'admin', 'basic-password': ADMIN_PASSWORD });
  const login = page.locator('.opblock[id$="-createToken"]');
  await login.locator('.btn-clear').click();
  assert.equal((await reader.execute(login)).status, 200);
  assert.match(await login.locator('.request-snippets, .curl').first().innerText(), /Authorization: Basic/i);
}

async function challenger(reader) {
  await reader.open(CHALLENGER_PAGE);
  assert.match(await reader.page.title(), /^Kontor Challenger/);
  await reader.introduces('8:0:6');
  await reader.fits();
  await reader.authorize('clientSecret', { 'bearer-value': CLIENT_SECRET });
  for (const id of ['setUpValidation', 'startValidation', 'requestCode']) {
    assert.equal((await reader.execute(await reader.unfold(id))).status, 200, id);
  }

  // The form is that of the chosen example: what it does not have is not sent.
  const redemption = await reader.unfold('redeemCode');
  const sent = async (example) => {
    await redemption.locator('.opblock-section-request-body .examples-select-element').selectOption(example);
    const { status, body } = await reader.execute(redemption);
    // The client is the right one, but the code of the examples is nobody's.
    assert.equal(status, 400, example);
    await redemption.locator('.btn-clear').click();
    return [...new URLSearchParams(body).keys()];
  };
  assert.deepEqual(await sent('post'), ['grant_type', 'client_id', 'client_secret', 'code', 'redirect_uri']);
  assert.deepEqual(await sent('pkce'), ['grant_type', 'client_id', 'client_secret', 'code', 'redirect_uri', 'code_verifier']);
  await reader.authorize('clientPassword', { 'basic-username': '1', 'basic-password': CLIENT_SECRET });
  assert.deepEqual(await sent('basic'), ['grant_type', 'code', 'redirect_uri']);
  await reader.fits();

  // A wrong password is told by the answer, and the browser does not ask for another one.
  await reader.unauthorize('clientPassword');
  await reader.authorize('clientPassword', { 'basic-username': '1', 'basic-password': 'secret-token:another' });
  assert.equal((await reader.execute(redemption)).status, 401);
}

const browser = await chromium.launch({ executablePath: CHROMIUM });
setTimeout(() => process.exit(1), 180_000).unref();
try {
  for (const [name, read] of [['merchant', merchant], ['challenger', challenger]]) {
    const context = await browser.newContext({ viewport: SIZES.at(-1) });
    context.setDefaultTimeout(20_000);
    const reader = new Reader(await context.newPage(), name);
    await read(reader);
    assert.deepEqual(reader.problems, [], name);
    await context.close();
  }
} finally {
  await browser.close();
}
