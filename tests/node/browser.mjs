// Drives headless Chromium for tests/it/browser.rs: reads steps from standard input, a line of JSON each, and answers
// each with a line: `{ value }`, or `{ error }`. Pages have names, and each name its own cookies.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [base, modules] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});
const pages = new Map();
// What a browser complains about: a policy that was broken, a script that failed.
const complaints = [];

async function pageOf(name, options = {}) {
  if (!pages.has(name)) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en", ...options });
    context.setDefaultTimeout(60000);
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) {
        complaints.push(`${page.url()}: ${message.text()}`);
      }
    });
    pages.set(name, page);
  }
  return pages.get(name);
}

const chip = (page, id) => page.locator(`#appointment-${id}`);
const ready = (page) => page.waitForSelector("html[data-ready]");
const startOf = (page, id) => chip(page, id).getAttribute("data-from");
const startsAt = (page, id, at) => page.waitForSelector(`#appointment-${id}[data-from="${at}"]:not(.carried)`);
const lastToast = (page) => page.locator(".toast p").last().textContent();

// Tabs once round the open dialog in both directions. Between its last stop and its first the browser itself may have
// the focus; nothing behind the dialog ever has.
async function walkOpenDialog(page) {
  const problems = [];
  const wanted = await page.evaluate(() => {
    const dialog = document.querySelector("dialog[open]");
    const usable = [...dialog.querySelectorAll("a[href], button, input, select, textarea, summary")]
      .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.type !== "hidden" && it.type !== "radio");
    window.in_dialog = new Set(usable);
    window.reached = new Set([document.activeElement]);
    return { stops: usable.length, inside: dialog.contains(document.activeElement), named: Boolean(dialog.getAttribute("aria-labelledby")) };
  });
  if (!wanted.inside) {
    problems.push("the focus does not go into it");
  }
  if (!wanted.named) {
    problems.push("it has no name");
  }
  for (const key of ["Tab", "Shift+Tab"]) {
    // A date has several stops of its own.
    for (let presses = 0; presses < wanted.stops + 10; presses += 1) {
      await page.keyboard.press(key);
      const left = await page.evaluate(() => {
        const at = document.activeElement;
        window.reached.add(at);
        const inside = !at || at === document.body || at.closest("dialog[open]") !== null;
        return inside ? null : at.outerHTML.slice(0, 140);
      });
      if (left) {
        problems.push(`${key} leaves it for ${left}`);
        break;
      }
    }
  }
  const missed = await page.evaluate(() => [...window.in_dialog].filter((it) => !window.reached.has(it)).map((it) => it.outerHTML.slice(0, 140)));
  problems.push(...missed.map((it) => `Tab does not reach ${it}`));
  return { problems };
}

const steps = {
  async open(page, { path }) {
    await page.goto(base + path);
    await ready(page);
    return new URL(page.url()).pathname;
  },

  async signIn(page, { name, password }) {
    await page.locator('input[name="name"]').fill(name);
    await page.locator('input[name="password"]').fill(password);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    await ready(page);
    return page.locator(".who").first().textContent();
  },

  // Drags a chip by so many slots, looks at what the rules say there, and lets it go.
  async drag(page, { id, slots }) {
    // The page draws its rows anew when something has happened: one that goes in between has no place any more.
    let box = null;
    let track = null;
    for (let looks = 0; looks < 20 && !(box && track); looks += 1) {
      // It may go while it is being scrolled to as well: the next look finds the new one, or says that there is none.
      await chip(page, id).scrollIntoViewIfNeeded().catch(() => chip(page, id).waitFor());
      box = await chip(page, id).boundingBox();
      track = await chip(page, id).locator("xpath=ancestor::ul").boundingBox();
    }
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + (slots * track.width) / 96, y, { steps: 5 });
    await page.waitForSelector(".tl-row .run", { state: "attached" });
    const shown = {
      tip: await page.locator("#legality").textContent(),
      legal_runs: await page.locator(".tl-row .run.legal").count(),
      forbidden_runs: await page.locator(".tl-row .run.no").count(),
    };
    await page.mouse.up();
    await page.waitForSelector(".chip.carried", { state: "detached" });
    return shown;
  },

  // Presses a chip, moves it, and presses Escape while the button is still down; then moves on and lets go.
  async dragAndEscape(page, { id, slots }) {
    const box = await chip(page, id).boundingBox();
    const track = await chip(page, id).locator("xpath=ancestor::ul").boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + (slots * track.width) / 96, y, { steps: 5 });
    await page.waitForSelector(".tl-row .run", { state: "attached" });
    await page.keyboard.press("Escape");
    await page.mouse.move(x + ((slots + 1) * track.width) / 96, y, { steps: 5 });
    const carried = await page.locator(".chip.carried").count();
    await page.mouse.up();
    return { carried, dialogs: await page.locator("dialog[open]").count() };
  },

  // Drags a chip with a finger, lets it go where it may not start, and taps it.
  async touchDragAndTap(page, { id, slots }) {
    await chip(page, id).scrollIntoViewIfNeeded();
    const box = await chip(page, id).boundingBox();
    const track = await chip(page, id).locator("xpath=ancestor::ul").boundingBox();
    const [x, y] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
    const touch = await page.context().newCDPSession(page);
    const send = (type, at) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: at === null ? [] : [{ x: at, y }] });
    await send("touchStart", x);
    for (const part of [0.25, 0.5, 0.75, 1]) {
      await send("touchMove", Math.round(x + (part * slots * track.width) / 96));
    }
    await page.waitForSelector(".tl-row .run", { state: "attached" });
    // A finger that still moves when it is lifted throws the page, and the next tap only stops it.
    await page.waitForTimeout(300);
    await send("touchMove", Math.round(x + (slots * track.width) / 96));
    await send("touchEnd", null);
    await page.waitForSelector(".chip.carried", { state: "detached" });
    await page.waitForTimeout(300);
    await page.touchscreen.tap(x, y);
    await page.waitForSelector("#move-dialog[open]", { timeout: 5000 });
  },

  // What goes to the API finds no way any more, or finds one again.
  async cutOff(page, { off }) {
    await (off ? page.route("**/api/v1/**", (route) => route.abort()) : page.unroute("**/api/v1/**"));
  },

  // As when the session has ended elsewhere.
  async forgetSession(page) {
    await page.context().clearCookies();
  },

  async widths(page, { paths }) {
    const found = [];
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const path of paths) {
        await page.goto(base + path);
        await ready(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide !== width) {
          found.push(`${path}: ${wide} pixels wide on a screen of ${width}`);
        }
        const bar = await page.evaluate(() => document.querySelector(".bar").offsetHeight);
        if (width === 1280 && bar > 60) {
          found.push(`${path}: the bar is ${bar} pixels high`);
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    return found;
  },

  count: (page, { selector }) => page.locator(selector).count(),

  async startsAt(page, { id, at }) {
    await startsAt(page, id, at);
    return startOf(page, id);
  },

  startOf: (page, { id }) => startOf(page, id),

  async toast(page, { holds }) {
    await page.locator(".toast p", { hasText: holds }).last().waitFor();
    return lastToast(page);
  },

  async undo(page) {
    await page.locator(".toast button", { hasText: "Undo" }).last().click();
    await page.locator(".toast p", { hasText: "Undone" }).last().waitFor();
  },

  // Focuses a chip and presses keys, waiting for the rules' answer after the first; what was spoken after each.
  async keys(page, { id, keys }) {
    await chip(page, id).focus();
    const said = [];
    for (const [number, key] of keys.entries()) {
      await page.keyboard.press(key);
      if (number === 0) {
        await page.waitForSelector(".tl-row .run", { state: "attached" });
      }
      said.push(await page.locator("#schedule-live").textContent());
    }
    return said;
  },

  async openChip(page, { id }) {
    await chip(page, id).focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("#move-dialog[open]");
  },

  async focus(page, { selector }) {
    await page.locator(selector).focus();
  },

  async press(page, { key }) {
    await page.keyboard.press(key);
  },

  async focused(page) {
    return page.evaluate(() => document.activeElement?.id);
  },

  async conflict(page) {
    await page.waitForSelector("#conflict-dialog[open]");
    return page.locator("#conflict-facts").textContent();
  },

  async leave(page) {
    await page.locator("#conflict-leave").click();
  },

  async select(page, { ids }) {
    for (const id of ids) {
      await chip(page, id).click({ modifiers: ["Control"] });
    }
    return page.locator("#selection-count").textContent();
  },

  async shift(page, { minutes, reason }) {
    await page.locator('#selection [data-dialog="shift-dialog"]').click();
    await page.locator('#shift-form [name="minutes"]').fill(String(minutes));
    await page.locator('#shift-form [name="reason"]').fill(reason);
    await page.locator('#shift-form [type="submit"]').click();
    await page.waitForSelector("#shift-dialog:not([open])", { state: "attached" });
  },

  async batch(page, { action }) {
    await page.locator(`#selection [data-batch="${action}"]`).click();
  },

  async text(page, { selector, holds }) {
    const found = page.locator(selector, holds ? { hasText: holds } : {}).first();
    await found.waitFor({ state: "attached" });
    return found.textContent();
  },

  // Fills fields of a form by their names, as somebody would.
  async fill(page, { form, fields }) {
    for (const [name, value] of Object.entries(fields)) {
      const field = page.locator(`${form} [name="${name}"]`);
      if ((await field.evaluate((it) => it.tagName)) === "SELECT") {
        await field.selectOption(value);
      } else {
        await field.fill(value);
      }
    }
  },

  async enter(page, { selector, text }) {
    await page.locator(selector).first().fill(text);
  },

  values: (page, { selector }) => page.locator(selector).evaluateAll((all) => all.map((it) => it.value)),

  // Presses a button, or follows a link, that a screen reader would find by this name; with the keyboard.
  async activate(page, { button, link, within = "body" }) {
    const found = page.locator(within).getByRole(button ? "button" : "link", { name: button ?? link, exact: true }).first();
    await found.focus();
    await page.keyboard.press("Enter");
    if (link) {
      await ready(page);
    }
  },

  // What stands beside a word in a list of facts.
  async fact(page, { within, name }) {
    const term = page.locator(`${within} dt`).getByText(name, { exact: true });
    return term.locator("xpath=following-sibling::dd").first().textContent();
  },

  path: (page) => new URL(page.url()).pathname,

  async mark(page) {
    await page.evaluate(() => (window.since_the_mark = true));
  },

  // Whether the page was loaded anew since the mark.
  async reloaded(page) {
    return page.evaluate(() => window.since_the_mark !== true);
  },

  // Serious and critical findings of axe, at every theme and language, and a picture at both widths.
  async inspect(page, { path, name, folder }) {
    const found = [];
    for (const lang of ["en", "zh-CN"]) {
      for (const theme of ["light", "dark"]) {
        const back = encodeURIComponent(path);
        await page.goto(`${base}/preferences?lang=${lang}&theme=${theme}&back=${back}`);
        await ready(page);
        const shown = await page.evaluate(() => [document.documentElement.lang, getComputedStyle(document.documentElement).colorScheme]);
        if (shown[0] !== lang || shown[1] !== theme) {
          found.push(`${path}: it is shown in ${shown.join(", ")} where ${lang}, ${theme} is wanted`);
        }
        await page.evaluate(axe);
        const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], iframes: false }));
        for (const violation of result.violations.filter((it) => ["serious", "critical"].includes(it.impact))) {
          const where = violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.failureSummary.replaceAll("\n", " ")})`);
          found.push(`${path} in ${lang}, ${theme}: ${violation.id}: ${violation.help}: ${where.join("; ")}`);
        }
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 900 });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          if (wide > width) {
            found.push(`${path} in ${lang}: ${wide} pixels wide on a screen of ${width}`);
          }
          await page.screenshot({ path: `${folder}/${name}-${width}-${theme}-${lang}.png`, fullPage: true });
        }
        await page.setViewportSize({ width: 1280, height: 900 });
      }
    }
    return found;
  },

  // With Tab alone through the whole page: what can be used has to be reached, and has to show that it is focused.
  async tabThrough(page) {
    // A frame that loads takes the focus with it.
    await Promise.all(page.frames().map((frame) => frame.waitForLoadState("load")));
    const wanted = await page.evaluate(() => {
      document.activeElement?.blur();
      const usable = "main a[href], main button, main input, main select, main textarea, main summary";
      window.to_reach = new Set([...document.querySelectorAll(usable)]
        .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.type !== "hidden"));
      window.reached = new Set();
      window.rounds = 0;
      window.first = null;
      window.stood_at = null;
      return window.to_reach.size;
    });
    const unseen = [];
    for (let presses = 0; presses < 3 * wanted + 120; presses += 1) {
      await page.keyboard.press("Tab");
      const { done, hidden } = await page.evaluate(() => {
        const at = document.activeElement;
        const nowhere = !at || at === document.body;
        // A date's parts are stops of their own within one field.
        const stays = at === window.stood_at;
        window.stood_at = at;
        if (nowhere) {
          return { done: false };
        }
        if (window.reached.has(at)) {
          // Round once; and once more, if the focus was lost on the way.
          window.rounds += !stays && at === window.first ? 1 : 0;
          const all = [...window.to_reach].every((it) => window.reached.has(it) || it.type === "radio");
          return { done: window.rounds > 1 || (window.rounds > 0 && all) };
        }
        window.first ??= at;
        window.reached.add(at);
        // What has the focus within a date's field or a frame shows it itself.
        const style = getComputedStyle(at);
        const shows = !at.matches(":focus") || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
        return { hidden: shows ? null : at.outerHTML.slice(0, 160) };
      });
      if (hidden) {
        unseen.push(hidden);
      }
      if (done) {
        break;
      }
    }
    // Of a group of radio buttons Tab reaches one.
    const missed = await page.evaluate(() => [...window.to_reach].filter((it) => !window.reached.has(it) && it.type !== "radio").map((it) => it.outerHTML.slice(0, 160)));
    return { missed, unseen };
  },

  // Every dialog that something on the page opens, with the keyboard alone: it opens, the focus is in it and stays there
  // whichever way Tab goes, everything in it is reached, Escape closes it, and the focus is back at the opener.
  async walkDialogs(page) {
    const found = [];
    const seen = [];
    const openers = await page.evaluate(() => {
      const all = [...document.querySelectorAll("main [data-dialog], main [data-open], main .chip, main [data-confirm]")];
      const buttons = all.map((it) => (it.matches("form") ? it.querySelector('button[type="submit"]') : it));
      const usable = buttons.filter((it) => it?.checkVisibility({ visibilityProperty: true }) && !it.disabled);
      usable.forEach((it, number) => it.setAttribute("data-walked", number));
      return usable.map((it) => it.outerHTML.slice(0, 140));
    });
    for (const [number, opener] of openers.entries()) {
      await page.locator(`[data-walked="${number}"]`).focus();
      await page.keyboard.press("Enter");
      if (!(await page.waitForSelector("dialog[open]", { timeout: 3000 }).catch(() => null))) {
        found.push(`${opener}: Enter opens nothing`);
        continue;
      }
      seen.push(await page.evaluate(() => document.querySelector("dialog[open]").id || "ask"));
      const { problems } = await walkOpenDialog(page);
      found.push(...problems.map((it) => `${seen.at(-1)}: ${it}`));
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[open]", { state: "detached", timeout: 3000 }).catch(() => found.push(`${seen.at(-1)}: Escape does not close it`));
      const back = await page.waitForFunction((at) => document.activeElement?.dataset.walked === String(at), number, { timeout: 3000 }).catch(() => null);
      if (!back) {
        found.push(`${seen.at(-1)}: the focus does not go back to ${opener}, but to ${await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 140))}`);
      }
    }
    return { found, seen };
  },

  // The dialog that is open, walked through as above and closed with Escape; what has the focus then.
  async walkOpen(page, { dialog }) {
    await page.waitForSelector(`${dialog}[open]`);
    const { problems } = await walkOpenDialog(page);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    return problems;
  },

  // Selects the first appointment on the timeline.
  async selectByKeyboard(page) {
    await page.locator(".chip").first().focus();
    await page.keyboard.press(" ");
    await page.waitForSelector("#selection:not([hidden])");
  },

  // From now on the page hears nothing of what happens.
  async deafen(page) {
    await page.evaluate(() => addEventListener("offpeak:event", (event) => event.stopImmediatePropagation(), { capture: true }));
  },

  async focusedOn(page, { selector }) {
    await page.waitForFunction((it) => document.activeElement?.matches(it), selector);
  },

  async complaints() {
    return complaints;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, page, args = {}, options } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await steps[step](await pageOf(page, options), args)) ?? null };
  } catch (error) {
    const shown = await pages.get(page)?.locator("main").innerText({ timeout: 1000 }).catch(() => "");
    answer = { error: `${step}: ${error.message}\n${(shown ?? "").slice(0, 1500)}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
