// tier: full
/** The built console against the real daemon with a real browser of its own: what becomes of it is seen as it happens. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

/** @type {Daemon} */
let daemon;
let browser, tab, close;
const problems = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { min_connections: 1, max_connections: 1 } } });
    await daemon.start();
    browser = await launch();
    ({ tab, close } = await browser.openTab(problems));
    await noteViolations(tab);
});
after(async () => {
    await close?.();
    await browser?.close();
    await daemon.stop();
});

const go = async (view) => {
    await tab.goto(`${daemon.url}/#/${view}`);
    await tab.waitForSelector(`body[data-state=live] main[data-state=filled][data-address="#/${view}"]`);
};

/** Has the page note each state of the browsers that it shows in turn. */
const note = () => tab.evaluate(() => {
    window.noted = [];
    const look = () => {
        const rows = [...document.querySelectorAll('section[aria-label="Browsers"] tbody tr')]
            .map((row) => `${row.querySelector('code').textContent} ${row.querySelector('.badge').textContent}`).join(', ');
        if (rows !== window.noted.at(-1)?.rows) window.noted.push({ rows });
    };
    look();
    new MutationObserver(look).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
});

test('a browser that is killed is seen gone before another takes its place, and that one when it is ready', async () => {
    await go('now');
    await note();
    const [{ id }] = (await daemon.status()).sessions;
    const killed = daemon.processes('browser');
    assert.ok(killed.length > 0);
    for (const { pid } of killed) process.kill(pid, 'SIGKILL');
    await tab.waitForFunction((old) => /ready/.test(window.noted.at(-1).rows) && !window.noted.at(-1).rows.includes(old), id);
    const noted = await tab.evaluate(() => window.noted);
    const isWell = (rows, one) => new RegExp(`${one} (ready|busy)`).test(rows);
    const successor = /(\S+) ready/.exec(noted.at(-1).rows)[1];
    assert.ok(isWell(noted[0].rows, id) && successor !== id, JSON.stringify(noted));
    const gone = noted.findIndex(({ rows }) => !isWell(rows, id)), there = noted.findIndex(({ rows }) => isWell(rows, successor));
    assert.ok(gone > 0 && gone < there, JSON.stringify(noted));
    assert.ok(noted.slice(gone).every(({ rows }) => !isWell(rows, id)), 'and it does not come again');
    await tab.waitForFunction((one) => document.getElementById('said').textContent.includes(`The browser ${one} is ready.`), successor);
    const [listed] = (await daemon.status()).sessions;
    assert.equal(listed.id, successor);
});

test('a model is loaded and unloaded, and the console shows where it is', async () => {
    await go('models');
    const row = tab.locator('tbody tr').filter({ has: tab.locator('a', { hasText: /^twice$/ }) });
    await row.locator('button', { hasText: 'Load' }).click();
    await row.locator('.chip', { hasText: /^chrome \S+$/ }).waitFor();
    const { loaded } = (await daemon.get('/v1/models/twice')).json;
    assert.deepEqual(loaded.map(({ state }) => state), ['loaded']);
    await row.locator('button', { hasText: 'Unload' }).click();
    assert.match(await tab.evaluate(() => document.querySelector('dialog').innerText), /1 node unloads it/);
    await tab.locator('dialog button', { hasText: 'Unload' }).click();
    await row.locator('.chip').waitFor({ state: 'detached' });
    assert.deepEqual((await daemon.get('/v1/models/twice')).json.loaded, []);
});

test('a browser that is recycled goes, and another comes', async () => {
    await go('now');
    const [{ id }] = (await daemon.status()).sessions;
    await note();
    await tab.locator(`button[aria-label="Recycle ${id}"]`).click();
    await tab.locator('dialog button', { hasText: 'Recycle' }).click();
    await tab.waitForFunction((old) => /ready/.test(window.noted.at(-1).rows) && !window.noted.at(-1).rows.includes(old), id);
    assert.deepEqual(problems, []);
});
