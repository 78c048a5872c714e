// Judges the HTML parts of mails: html-validate, doiuse-email (what Gmail, Outlook and Apple Mail can do), and axe-core in
// a headless Chromium, at the width of a telephone and of a desk, by day and by night.
//
// usage: node check_html.mjs MODULES CHROMIUM PAGES SCREENSHOTS
//
// Every PAGES/*.html is looked at; SCREENSHOTS gets NAME-WIDTH.png of each. Prints what is wrong, one line a finding; exit
// code 1 if anything is.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, chromium, pages, screenshots] = process.argv.slice(2);
const require = createRequire(pathToFileURL(path.join(modules, 'package.json')));
const { HtmlValidate } = require('html-validate');
const { doIUseEmail } = require('doiuse-email');
const playwright = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const WIDTHS = [390, 700];

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended'],
  rules: {
    // Mail programs know no other: styles stand at the element, tables make the layout, and Outlook reads attributes.
    'no-inline-style': 'off',
    'no-deprecated-attr': 'off',
    'prefer-tbody': 'off',
    'prefer-native-element': 'off',
    // The title is the subject, and nobody searches the web for it.
    'long-title': 'off',
  },
});

// What a program lacks without which the mail is still whole: everything else has to work everywhere.
const DISPENSABLE = new Map([
  ['@media', 'colours at night and narrower margins; without it the page is as by day, and wide'],
  ['<body> element', 'some put a <div> in its place'],
  ['role attribute', 'for screen readers; where it is taken away a layout table is read as one'],
  ['border-radius', 'corners are square'],
  ['word-break', 'a link that stands written out may be cut off at the edge; it can be followed all the same'],
  ['white-space', 'a telephone number may break at the end of a line'],
]);

const findings = [];

async function validate(name, html) {
  const report = await validator.validateString(html, name);
  for (const message of report.results.flatMap((result) => result.messages))
    findings.push(`${name}: html-validate: ${message.ruleId}: ${message.message} (line ${message.line})`);
}

function clients(name, html) {
  const { errors = [] } = doIUseEmail(html, { emailClients: ['gmail.*', 'outlook.*', 'apple-mail.*'] });
  for (const error of new Set(errors)) {
    const feature = /^`(.*?)` is not supported/.exec(error)?.[1];
    if (!DISPENSABLE.has(feature)) findings.push(`${name}: doiuse-email: ${error}`);
  }
}

async function look(browser, name, html) {
  for (const width of WIDTHS) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, javaScriptEnabled: true });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.setContent(html);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) findings.push(`${name}: ${overflow} pixels too wide at ${width}`);
      if (colorScheme === 'light') {
        await page.screenshot({ path: path.join(screenshots, `${name}-${width}.png`), fullPage: true });
      }
      await page.evaluate(axe);
      const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }));
      for (const { id, nodes, help } of result.violations)
        findings.push(`${name}: axe-core at ${width}, ${colorScheme}: ${id}: ${help}: ${nodes[0].html.slice(0, 120)}`);
      for (const { id, nodes } of result.incomplete.filter((found) => found.id === 'color-contrast'))
        findings.push(`${name}: axe-core at ${width}, ${colorScheme}: ${id} cannot be told: ${nodes[0].html.slice(0, 120)}`);
    }
    await page.close();
  }
}

const names = fs.readdirSync(pages).filter((name) => name.endsWith('.html')).sort();
fs.mkdirSync(screenshots, { recursive: true });
const browser = await playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const file of names) {
    const html = fs.readFileSync(path.join(pages, file), 'utf8');
    const name = file.replace(/\.html$/, '');
    await validate(name, html);
    clients(name, html);
    await look(browser, name, html);
  }
} finally {
  await browser.close();
}
console.log(findings.length ? findings.join('\n') : `${names.length} pages are as they should be`);
process.exit(findings.length ? 1 : 0);
