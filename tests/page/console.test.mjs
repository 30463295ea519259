// tier: full
// quick: every view is filled
/** The console in Chromium, against a stand-in for the daemon's API, with the headers of the daemon. */
import assert from 'node:assert/strict';
import { keepsOut } from './support/axe.mjs';
import { consoles, LIVE, seesJobs } from './support/console_tab.mjs';
import { test } from '../lib/tier.mjs';

const VIEWS = { now: 'now', models: 'models', 'models/digits': 'models', try: 'try', 'try/digits': 'try', vectors: 'vectors', nodes: 'nodes', results: 'results',
    'results/run-3?before=run-2': 'results', 'results?history=digits': 'results', cluster: 'cluster', logs: 'logs' };
const withConsole = consoles();

/** Has the log's view show a line that comes. */
async function follows(tab, service, line) {
    while (![...service.watchers].some(({ log }) => log)) await tab.evaluate(() => new Promise(requestAnimationFrame));
    service.log(line);
    await tab.waitForFunction(() => /long long/.test(document.querySelector('.log li').textContent));
}

/** Has the model's view show where the time goes, by operators and by nodes. */
async function profiled(tab, press) {
    await press('Profile');
    await tab.locator('summary', { hasText: 'Nodes' }).click();
    await tab.locator('td', { hasText: '/conv1/Conv' }).waitFor();
}

test('every view is filled', () => withConsole({}, async ({ tab, go, text, service }) => {
    for (const [hash, view] of Object.entries({ ...VIEWS, 'models/org/chat': 'models' })) {
        await go(hash);
        assert.equal(await tab.evaluate(() => document.querySelector('nav [aria-current]').getAttribute('href')), `#/${view}`);
    }
    await go('logs');
    assert.match(await text(), /line 449/);
    await go('models/org/chat');
    for (const said of [/The next request would run in chrome 147.0 on webgpu/, /Not used:\s+firefox 153\.0 on webgpu: its answers are wrong\s+firefox 153\.0 on wasm: ready, with an expected time of 730 ms\s+edge: it is not installed\s+safari: no safari is running/,
        /safari 26\.2\s+wasm\s+[^]*not running\s*no safari is running[^]*640 ms\s+900 ms\s+–\s+7\.5\s+12\s/, /webinfer --url \S+ run org\/chat\s+Copy/, /No token is needed/, /its answers are wrong/, /1240 %/])
        await tab.waitForFunction((source) => new RegExp(source).test(document.body.innerText), said.source);
    assert.doesNotMatch(await text(), /llama\.cpp b1\s*\/\//, 'an adapter of which nothing is known has no name');
    await go('cluster');
    for (const said of [/This daemon is a member\. Its name is attic\. It is connected to nats:\/\/10\.0\.0\.9:4222\./, /attic\s+this daemon\s+0\.1\.0\s+4\s+2\s+3\s+212\s/, /cellar[^]*−1 min/]) assert.match(await text(), said);
    await go('now', `${LIVE} .plot canvas`);
    assert.match(await text(), /Ready, but 2 things are wrong: see the warnings/);
    assert.equal(await tab.locator('.verdict.wait').count(), 1);
    service.change({ status: { ...service.objects.status, warnings: ['the API asks for no tokens: every program on this machine may use it'], kinds: {} } });
    await tab.waitForSelector('.verdict.good');
    assert.match(await text(), /Warnings\s+No fault: The API asks for no tokens/);
    assert.match(await text(), /Ready\. A node can take work\./);
    service.change({ status: { ...service.objects.status, ready: false, problem: 'no browser runs' }, 'job/job-1': null });
    await tab.waitForSelector('.verdict.bad');
    await tab.waitForFunction(() => /The service is not ready: no browser runs/.test(document.getElementById('said').textContent));
}));

for (const colorScheme of ['light', 'dark'])
    for (const width of [1280, 360])
        test(`nobody is kept out of a view: ${colorScheme}, ${width} px`, () => withConsole({}, async ({ tab, go, press, service }) => {
            await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await tab.setViewportSize({ width, height: 900 });
            for (const hash of [...Object.keys(VIEWS), 'models/org/chat', 'try/org/chat', 'nowhere']) {
                await go(hash);
                if (hash === 'now') await seesJobs(tab);
                if (hash.startsWith('models/')) await profiled(tab, press);
                if (hash === 'logs') await follows(tab, service, { ...service.line(451, 'error'), message: 'long '.repeat(1000) });
                assert.deepEqual(await keepsOut(tab), [], hash);
                assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${hash} scrolls sideways`);
            }
        }));

test('a long name of an adapter makes no table wider than the page', () => withConsole({}, async ({ tab, go, service }) => {
    await tab.setViewportSize({ width: 1280, height: 900 });
    for (const name of ['ANGLE (NVIDIA Corporation, NVIDIA GeForce RTX 4090 Laptop GPU/PCIe/SSE2, OpenGL ES 3.2 NVIDIA 550.163.01)', `ANGLE_${'x'.repeat(150)}`]) {
        service.adapter = name;
        await go('now');
        await go('models/org/chat');
        await tab.waitForFunction((words) => document.querySelector('main').innerText.includes(words), name);
        assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.getAttribute('aria-label'))), [], name);
    }
}));

test('an unknown view says so and offers the others', () => withConsole({}, async ({ tab, go, text, problems }) => {
    await go('nowhere/%E0%A4%A');
    assert.match(await text(), /There is no view “nowhere/);
    const views = await tab.locator('nav a[href^="#"]').allInnerTexts();
    assert.deepEqual(await tab.locator('main li a').allInnerTexts(), views);
    assert.deepEqual(views, ['Now', 'Models', 'Try', 'Vectors', 'Nodes', 'Results', 'Cluster', 'Logs']);
    await go('models/gone', 'main[data-state=failed]');
    assert.match(await text(), /there is nothing at that path \(request r-1\)/);
    assert.match(String(problems.splice(0)), /^[^,]* 404 [^,]*$/, 'which the browser notes');
}));

test('what stops something asks once, and then does it', () => withConsole({}, async ({ tab, go, service }) => {
    await go('now');
    await tab.locator('button[aria-label="Cancel job-1"]').click();
    await tab.locator('dialog button', { hasText: 'Cancel the job' }).click();
    await tab.waitForFunction(() => /The job job-1 is cancelled/.test(document.getElementById('said').textContent));
    assert.ok(service.seen.some(({ method, path: asked }) => method === 'DELETE' && asked === '/v1/jobs/job-1'));
}));

test('a user is not offered what the rank may not do', () => withConsole({ rank: 'user' }, async ({ tab, go, text }) => {
    for (const hash of ['models', 'nodes', 'results']) {
        await go(hash);
        assert.doesNotMatch(await text(), /Load\b|Unload|Remove|Pull|Drain|Recycle|Join links|Logs/);
    }
    const views = ['Now', 'Models', 'Try', 'Vectors', 'Nodes', 'Results', 'Cluster'];
    await go('logs', 'main[data-state=failed]');
    assert.deepEqual(await tab.locator('nav a[href^="#/"]').allTextContents(), views);
    assert.equal(await tab.locator('nav a[href="docs/"]').textContent(), 'Documentation');
    await go('nowhere');
    assert.deepEqual(await tab.locator('main li a').allTextContents(), views);
}));

test('a token is asked for where one is needed, and is in no address and no storage', () => withConsole({ token: 'wi_secret' }, async ({ tab, service, go, problems }) => {
    await go('now', 'body[data-state=token] #token');
    await tab.fill('#token', 'wi_wrong');
    await tab.keyboard.press('Enter');
    await tab.waitForFunction(() => document.getElementById('token').value === '');
    await tab.fill('#token', 'wi_secret');
    await tab.keyboard.press('Enter');
    await tab.waitForSelector(LIVE);
    assert.ok(service.seen.every(({ path: asked }) => !asked.includes('wi_')));
    assert.deepEqual(await tab.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href.includes('wi_')]), [0, 0, '', false]);
    const refused = problems.splice(0);
    assert.ok(refused.length >= 2 && refused.every((problem) => problem.includes('401')), refused.join('; '));
}));

test('when the daemon goes the console says so, and comes back with what is there then', () => withConsole({}, async ({ tab, service, go, text, problems }) => {
    await go('now');
    await service.stop();
    await tab.waitForSelector('body[data-state=stale] .banner');
    assert.match(await text(), /has not answered since \d\d:\d\d:\d\d/);
    service.startedAt += 1;
    service.change({ 'job/job-1': null, 'job/job-9': { id: 'job-9', model_name: 'fresh', state: 'queued', attempts: 0, accepted_at: Date.now() } });
    await service.start();
    await tab.waitForSelector(LIVE);
    assert.equal(await tab.locator('.banner').count(), 0);
    assert.match(await text(), /fresh/);
    assert.doesNotMatch(await text(), /job-1\b/);
    const events = service.seen.filter(({ path: asked }) => asked === '/v1/events');
    assert.deepEqual([events[0].lastId, events.at(-1).lastId], [undefined, undefined], 'of another run of the daemon no id is given');
    problems.splice(0); // that there was no answer
}));

test('the log goes on as lines come, and rests when it is paused', () => withConsole({}, async ({ tab, service, go }) => {
    await go('logs');
    await tab.waitForFunction((url) => fetch(url).then(() => true), '/console/index.html');
    while (![...service.watchers].some(({ log }) => log)) await tab.evaluate(() => new Promise(requestAnimationFrame));
    service.log(service.line(451, 'error'));
    await tab.waitForFunction(() => /line 451/.test(document.querySelector('.log li').textContent));
    await tab.locator('button', { hasText: 'Pause' }).click();
    service.log(service.line(452, 'error'));
    await tab.waitForFunction(() => /1 line has arrived since/.test(document.body.innerText));
    await tab.locator('button', { hasText: 'Continue' }).click();
    await tab.waitForFunction(() => /line 452/.test(document.querySelector('.log li').textContent));
    await tab.locator('button', { hasText: 'Older lines' }).click();
    await tab.waitForFunction(() => document.querySelectorAll('.log li').length > 300);
    await tab.selectOption('#level', 'error');
    await tab.waitForFunction(() => document.querySelectorAll('.log li.error').length === document.querySelectorAll('.log li').length);
}));
