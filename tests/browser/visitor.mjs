// A person at a browser. Whatever page comes to be seen is looked at closely: every problem of it ends the journey.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { BASE, REDIRECT_URI } from './service.mjs';

const { CHROMIUM, MODULES, SCREENSHOTS } = process.env;
const modules = createRequire(join(MODULES, 'package.json'));
const { chromium } = modules('playwright-core');
const AXE = readFileSync(modules.resolve('axe-core'), 'utf8');

/** The narrowest that a page must fit into (WCAG 2.2, 1.4.10), a phone, and a desktop. */
const SIZES = [
  { width: 320, height: 568 },
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
const PATIENCE_MS = 20_000;
/** What takes longer than this never ends. */
const JOURNEY_MS = 180_000;

let running;

/** Runs a journey, and ends the browser after it. */
export async function journey(walk) {
  const end = () => {
    console.error('The journey does not come to its end.');
    process.exit(1);
  };
  setTimeout(end, JOURNEY_MS).unref();
  running = await chromium.launch({ executablePath: CHROMIUM });
  try {
    await walk();
  } finally {
    await running.close();
  }
}

export class Visitor {
  #context;
  #problems = [];
  #seen = 0;

  /** Opens a browser that wants pages in a language. */
  static async open(name, language, { javaScript = true } = {}) {
    const context = await running.newContext({
      locale: language,
      javaScriptEnabled: javaScript,
      viewport: SIZES.at(-1),
      // Colours that are still on their way from one scheme to the other cannot be judged.
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const visitor = new Visitor();
    visitor.name = name;
    visitor.language = language.slice(0, 2);
    visitor.javaScript = javaScript;
    visitor.#context = context;
    visitor.page = await context.newPage();
    visitor.#watch();
    return visitor;
  }

  /** Notes what no page may do. Chromium reports as an error of the console, too, what the policy of a page forbids. */
  #watch() {
    const problem = (text) => this.#problems.push(text);
    this.#context.on('request', (request) => {
      const url = request.url();
      const isNavigation = request.isNavigationRequest();
      const isOurs = isNavigation && url.startsWith(BASE);
      const isClient = isNavigation && url.startsWith(REDIRECT_URI);
      if (!isOurs && !isClient && !url.startsWith('data:')) problem(`a request to ${url}`);
    });
    this.#context.on('requestfailed', (request) => {
      problem(`${request.url()} failed: ${request.failure().errorText}`);
    });
    this.#context.on('weberror', (error) => problem(`a script failed: ${error.error()}`));
    this.#context.on('console', (message) => {
      // A page whose status is that of a failure is reported there by the browser itself.
      const isStatus = message.text().startsWith('Failed to load resource: the server responded with a status of');
      if (!isStatus) problem(`${message.type()} in the console: ${message.text()}`);
    });
  }

  /** Goes to a URL as if by a link of somebody else; returns the status. */
  async goto(url) {
    return (await this.page.goto(url)).status();
  }

  /** Does what leads to another page; returns the status of that one. */
  async leave(act) {
    const [answer] = await Promise.all([this.page.waitForNavigation(), act()]);
    return answer.status();
  }

  async press(name) {
    return this.leave(() => this.page.locator('main').getByRole('button', { name, exact: true }).click());
  }

  async follow(name) {
    return this.leave(() => this.page.locator('main').getByRole('link', { name, exact: true }).click());
  }

  async fill(label, text) {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  /** Presses the tabulator until an element has the focus, at which its outline must be seen. */
  async tabTo(selector) {
    for (let presses = 0; presses < 12; presses += 1) {
      await this.page.keyboard.press('Tab');
      const focus = await this.page.evaluate((wanted) => {
        const { activeElement } = document;
        const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
        return { isThere: activeElement.matches(wanted), outlineStyle, width: parseFloat(outlineWidth) };
      }, selector);
      if (!focus.isThere) continue;
      assert.equal(focus.outlineStyle, 'solid', `${this.name}: the focus on ${selector} cannot be seen`);
      assert.ok(focus.width >= 2, `${this.name}: the focus on ${selector} is ${focus.width} px wide`);
      return;
    }
    assert.fail(`${this.name}: there is no way to ${selector} by keyboard`);
  }

  /** Whether an element has the focus. */
  async hasFocus(selector) {
    return this.page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
  }

  /** Looks at a page: heading and texts, then whatever must hold for all pages, light and dark and in every size. */
  async sees(heading, ...texts) {
    this.#seen += 1;
    const { page, name } = this;
    assert.equal(flat(await page.locator('h1').allTextContents()).join('|'), heading, `${name}: the heading`);
    assert.equal(await page.locator('html').getAttribute('lang'), this.language, `${name}: the language`);
    const [body] = flat([await page.locator('body').innerText()]);
    for (const text of texts) assert.ok(body.includes(text), `${name}: “${text}” is missing in: ${body}`);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await this.#fits(size.width);
    }
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await this.#keepPictures(colorScheme);
      // The checker waits by timers, which are scripts of the page.
      if (this.javaScript) await this.#isAccessible(colorScheme);
    }
    assert.deepEqual(this.#problems, [], `${name}: ${heading}`);
  }

  async #fits(width) {
    const wide = await this.page.evaluate(() => {
      const elements = [document.documentElement, ...document.body.querySelectorAll('*')];
      const isWide = (element) => element.getBoundingClientRect().right > innerWidth + 0.5 || element.scrollWidth > innerWidth;
      return elements.filter(isWide).map((element) => element.outerHTML.slice(0, 200));
    });
    assert.deepEqual(wide, [], `${this.name}: wider than ${width} px`);
  }

  /** The checks of axe-core, those of WCAG 2.2 up to level AA and those of good practice. */
  async #isAccessible(colorScheme) {
    // Evaluated by the debugger, so that the policy of the page stays what it is.
    if (!(await this.page.evaluate('typeof axe === "object"'))) await this.page.evaluate(`${AXE};undefined`);
    const { violations } = await this.page.evaluate("axe.run({ resultTypes: ['violations'], preload: false })");
    const told = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html) }));
    assert.deepEqual(told, [], `${this.name}: accessibility, ${colorScheme}`);
  }

  /** Keeps pictures where a folder for them is named. */
  async #keepPictures(colorScheme) {
    if (!SCREENSHOTS) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    const number = String(this.#seen).padStart(2, '0');
    for (const size of SIZES) {
      await this.page.setViewportSize(size);
      const path = join(SCREENSHOTS, `${this.name}-${number}-${colorScheme}-${size.width}.png`);
      await this.page.screenshot({ path, fullPage: true, caret: 'initial' });
    }
  }

  /** Where the client's page was reached, with what stands in its URL. */
  async arrives(state) {
    assert.equal(await this.page.locator('h1').textContent(), 'The client', this.name);
    const url = this.page.url();
    assert.ok(url.startsWith(`${REDIRECT_URI}?`), url);
    const query = new URL(url).searchParams;
    assert.deepEqual([...query.keys()].sort(), ['code', 'state']);
    assert.equal(query.get('state'), state);
    assert.deepEqual(this.#problems, [], this.name);
    return url;
  }

  /** The beginning of the nonce, as the page shows it. */
  async reference() {
    return this.page.locator('footer b').textContent();
  }
}

/** Texts with plain blanks and hyphens. */
function flat(texts) {
  return texts.map((text) => text.replaceAll(/\s+/g, ' ').replaceAll('\u2011', '-').trim());
}
