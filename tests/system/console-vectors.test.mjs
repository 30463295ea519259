// tier: full
/** The console's view of vectors against the real daemon: what a model embeds with "publish" is on the map at once, and a text is found among it. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

const TOKEN = newToken();
const TEXTS = ['a bird', 'a boat', 'the sea', 'a finch in its nest', 'two birds', 'a harbour'];
/** @type {Daemon} */
let daemon;
let browser;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['nest'] });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'user' }, { ada: TOKEN }) } });
    [browser] = await Promise.all([launch(), daemon.start()]);
});
after(async () => {
    await browser?.close();
    await daemon.stop();
});

const embed = (input, more = { publish: true }) => daemon.post('/v1/embeddings', { model: 'nest', input, ...more }, { headers: { Authorization: `Bearer ${TOKEN}` } });

test('published vectors come, a text is found among them, and they are there when the view is opened again', async () => {
    const problems = [], { tab, close } = await browser.openTab(problems);
    const reads = (words) => tab.waitForFunction((source) => new RegExp(source).test(document.querySelector('main').innerText), words.source);
    await noteViolations(tab);
    await tab.goto(`${daemon.url}/#/vectors`);
    await tab.fill('body[data-state=token] #token', TOKEN);
    await tab.keyboard.press('Enter');
    await reads(/No vectors have come yet\./);
    const { status, json, text } = await embed(TEXTS);
    assert.equal(status, 200, text);
    const { length } = json.data[0].embedding;
    await reads(new RegExp(`6 vectors of ${length} numbers\\.`));
    await embed(['a secret'], {});
    await embed('a last one');
    await reads(new RegExp(`7 vectors of ${length} numbers\\.`));
    await reads(/Step\s+30 of 30, settled/);
    await tab.fill('#vectors-text', TEXTS[3]);
    await tab.locator('main form button', { hasText: 'Find' }).click();
    await reads(/Text: a finch in its nest/);
    const [first] = await tab.locator('div[aria-label="The nearest rows"] tbody tr').allInnerTexts();
    assert.match(first, /^\s*a finch in its nest/);
    assert.doesNotMatch(await tab.evaluate(() => document.body.innerText), /a secret/);
    await tab.goto(`${daemon.url}/#/models`);
    await tab.waitForSelector('main[data-state=filled][data-address="#/models"]');
    await tab.goto(`${daemon.url}/#/vectors`);
    await reads(new RegExp(`7 vectors of ${length} numbers\\.`));
    assert.deepEqual(problems.filter((problem) => !problem.includes('401')), []);
    await close();
});
