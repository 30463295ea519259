// tier: full
/** The built console in Chromium against the real daemon: every view, with a token, as things change. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const TOKEN = `wi_${crypto.randomBytes(32).toString('base64url')}`;
/** @type {Daemon} */
let daemon;
let browser, simulation;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { min_connections: 0, max_connections: 0 } } });
    const tokens = path.join(daemon.folder, 'tokens');
    fs.writeFileSync(tokens, `ada:${crypto.createHash('sha256').update(TOKEN).digest('hex')}:admin\n`, { mode: 0o600 });
    daemon.writeConfig({ api: { tokens_file: tokens } });
    await daemon.start({ ready: false });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await simulation?.stop();
    await daemon.stop();
});

test('every view is filled for who has a token, and shows what comes and goes', async () => {
    const problems = [];
    const { tab, close } = await browser.openTab(problems);
    await noteViolations(tab);
    await tab.goto(`${daemon.url}/`);
    await tab.fill('body[data-state=token] #token', TOKEN);
    await tab.keyboard.press('Enter');
    for (const view of ['now', 'models', 'models/twice', 'nodes', 'logs']) {
        await tab.goto(`${daemon.url}/#/${view}`);
        await tab.waitForSelector(`body[data-state=live] main[data-state=filled][data-address="#/${view}"]`);
    }
    assert.match(await tab.evaluate('document.body.innerText'), /listening on/);
    await tab.goto(`${daemon.url}/#/nodes`);
    simulation = await new Simulation(daemon, { nodes: 2, token: TOKEN }).up();
    await tab.waitForFunction(() => /^2 nodes, of which 2 take work/m.test(document.querySelector('main').innerText));
    await simulation.stop();
    simulation = null;
    await tab.waitForFunction(() => /^(0|no) nodes/m.test(document.querySelector('main').innerText));
    assert.deepEqual(problems.filter((problem) => !problem.includes('401')), []);
    await close();
});

test('a job that has failed stays to be seen, with the reason', async () => {
    const headers = { Authorization: `Bearer ${TOKEN}` }, problems = [];
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }];
    const { status, text, json: { id } } = await daemon.post('/v1/jobs', { model_name: 'twice', inputs, timeout_ms: 100 }, { headers });
    assert.equal(status, 202, text);
    const { tab, close } = await browser.openTab(problems);
    await tab.goto(`${daemon.url}/`);
    await tab.fill('body[data-state=token] #token', TOKEN);
    await tab.keyboard.press('Enter');
    await tab.locator('section[aria-label="Last jobs"]').scrollIntoViewIfNeeded();
    const row = tab.locator('section[aria-label="Last jobs"] tbody tr', { hasText: id });
    await row.filter({ hasText: 'failed' }).waitFor();
    const { json: { error } } = await daemon.get(`/v1/jobs/${id}`, { headers });
    assert.ok((await row.innerText()).includes(error.detail), error.detail);
    await close();
});

test('Firefox fills every view too, and shows what comes and goes', { skip: findFirefox() ? false : 'there is no Firefox here' }, async () => {
    const firefox = await launchFirefox(findFirefox());
    try {
        const { tab } = await firefox.openTab();
        await tab.goto(`${daemon.url}/`);
        await tab.waitForSelector('body[data-state=token] #token');
        await tab.evaluate(`document.getElementById('token').value = ${JSON.stringify(TOKEN)}`);
        await tab.evaluate('document.querySelector("form.token button").click()');
        await tab.waitForSelector('body[data-state=live]');
        for (const view of ['models', 'models/twice', 'nodes', 'logs', 'now']) {
            await tab.evaluate(`location.hash = '#/${view}'`);
            await tab.waitForSelector(`body[data-state=live] main[data-state=filled][data-address="#/${view}"]`);
        }
        const mine = await new Simulation(daemon, { nodes: 3, token: TOKEN }).up();
        const takes = (count) => `/Nodes that take work\\s+${count} of ${count}/.test(document.querySelector('main').innerText)`;
        await tab.waitFor(takes(3));
        await mine.stop();
        await tab.waitFor(takes(0));
    } finally {
        await firefox.close();
    }
});

test('the daemon is started anew under an open console, which says so meanwhile, and then shows what the new run has', async () => {
    const { tab, close } = await browser.openTab([]), asked = [];
    tab.on('request', (one) => new URL(one.url()).pathname === '/v1/events' && asked.push(one.headers()['last-event-id']));
    await tab.goto(`${daemon.url}/`);
    await tab.fill('body[data-state=token] #token', TOKEN);
    await tab.keyboard.press('Enter');
    await tab.goto(`${daemon.url}/#/models`);
    const names = () => tab.evaluate(() => [...document.querySelectorAll('main tbody tr a')].map(({ textContent }) => textContent));
    await tab.waitForFunction(() => document.querySelector('body[data-state=live] main[data-state=filled]')?.innerText.includes('twice'));
    daemon.writeConfig({ api: { listen: new URL(daemon.url).host } }); // where the console looks for it
    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await tab.waitForSelector('body[data-state=stale]');
    assert.ok((await names()).includes('twice'), 'what was known stays in sight');
    fs.renameSync(path.join(daemon.store, 'twice'), path.join(daemon.store, 'doubled'));
    await daemon.start({ ready: false });
    await tab.waitForFunction(() => /doubled/.test(document.querySelector('body[data-state=live] main[data-state=filled]')?.innerText));
    assert.ok(!(await names()).includes('twice'), 'nothing of the former run is left');
    assert.ok(asked.length > 1 && asked.every((id) => id === undefined), `no id of another run is given: ${asked}`);
    await close();
});

test('without JavaScript a sentence says what tells the same, and the line is right at this address', async () => {
    const { tab, close } = await browser.openTab([], { javaScriptEnabled: false });
    await tab.goto(`${daemon.url}/`);
    const said = await tab.locator('body').innerText();
    const line = /^The console needs JavaScript\. The same is told by curl ADDRESS(\S+), where ADDRESS is this page's.*add -H "([^:]+): ([^$]+)\$WEBINFER_TOKEN"/s.exec(said);
    assert.ok(line, said);
    const answer = await daemon.get(line[1], { headers: { [line[2]]: line[3] + TOKEN } });
    assert.deepEqual([answer.status, answer.json.api.url], [200, daemon.url]);
    await close();
});
