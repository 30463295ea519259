// tier: full
/** How the console watches: it goes on where it was, begins anew where that is not known, waits where it is told to, and never shows what is old as new. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsOut } from './support/axe.mjs';
import { consoles, LIVE, shows } from './support/console_tab.mjs';

const withConsole = consoles();
const STALE = 'body[data-state=stale] .banner';
const watches = (service) => service.asked('GET', /^\/v1\/events$/);
const fresh = (id, more = {}) => ({ [`job/${id}`]: { id, model_name: `model-${id}`, state: 'queued', attempts: 0, accepted_at: Date.now(), ...more } });
const jobs = (tab) => tab.locator('section[aria-label="Jobs under way"] tbody tr td:first-child').allTextContents();

test('who was cut off goes on where it was, with what it missed and nothing twice', () => withConsole({}, async ({ tab, go, service, reads, problems }) => {
    await go('now');
    service.change(fresh('job-7'));
    await reads(/model-job-7/);
    const id = `${service.startedAt}-${service.ids}`;
    service.cut();
    service.change({ ...fresh('job-8'), 'job/job-1': null });
    await reads(/model-job-8/);
    await tab.waitForSelector(LIVE);
    assert.deepEqual([service.snapshots, watches(service).at(-1).lastId], [1, id]);
    assert.deepEqual(await jobs(tab), ['digits', 'model-job-7', 'model-job-8']);
    service.change(fresh('job-9'));
    await reads(/model-job-9/);
    problems.splice(0); // that it was cut
}));

test('a snapshot in answer to the last id takes the place of all that was there', () => withConsole({}, async ({ tab, go, service, reads, problems }) => {
    await go('now');
    service.forgets = true;
    service.cut();
    service.change({ ...fresh('job-8'), 'job/job-1': null, 'session/session-1': null });
    await reads(/model-job-8/);
    await tab.waitForSelector(LIVE);
    assert.equal(service.snapshots, 2);
    assert.ok(watches(service).at(-1).lastId, 'it had asked to go on');
    assert.deepEqual(await jobs(tab), ['digits', 'model-job-8']);
    assert.equal(await tab.locator('code', { hasText: 'session-1' }).count(), 0);
    problems.splice(0);
}));

test('until the whole snapshot is there what is old is not shown as new', () => withConsole({}, async ({ tab, go, service, problems }) => {
    await tab.clock.install();
    await go('now');
    let goOn;
    service.forgets = true;
    service.holding = new Promise((resolve) => { goOn = resolve; });
    service.cut();
    service.change({ ...fresh('job-8'), 'job/job-1': null });
    await tab.waitForSelector(STALE);
    while (service.snapshots < 2) await tab.clock.runFor(500); // it asks again
    await tab.clock.runFor(5000);
    assert.equal(await tab.evaluate(() => document.body.dataset.state), 'stale');
    goOn();
    while (await tab.evaluate(() => document.body.dataset.state) !== 'live') await tab.clock.runFor(50);
    await tab.clock.runFor(100);
    assert.deepEqual(await jobs(tab), ['digits', 'model-job-8']);
    problems.splice(0);
}));

test('a watcher too many says so, and asks again when it may', () => withConsole({}, async ({ tab, go, service, reads, problems }) => {
    service.full = 2;
    await go('now', 'main[data-state=loading]');
    await reads(/^Now\s+64 watch already \(ask again in 2 s\)\. The console keeps trying\.$/);
    while (watches(service).length < 2) await tab.evaluate(() => new Promise(requestAnimationFrame));
    const [first, second] = watches(service).map(({ at }) => at);
    assert.ok(second - first >= 1990, `${second - first} ms`);
    service.full = 0;
    await tab.waitForSelector(LIVE);
    service.full = 1;
    service.cut();
    await tab.waitForSelector(STALE);
    await tab.waitForFunction(() => /It said: 64 watch already/.test(document.querySelector('.banner').textContent));
    service.full = 0;
    await tab.waitForSelector(LIVE);
    problems.splice(0); // the browser notes each 429
}));

test('while the daemon is away nothing is asked of it, and every button says why', () => withConsole({}, async ({ tab, go, service, said, problems }) => {
    for (const [hash, local] of [['now', []], ['models', []], ['models/org/chat', []], ['nodes', []], ['results', []], ['results/run-3?before=run-2', ['Save as JSON']], ['logs', ['Pause', 'Copy']]]) {
        await go(hash);
        await service.stop();
        await tab.waitForSelector(STALE);
        const buttons = await tab.locator('main button').evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute('aria-disabled'), one.title]));
        assert.ok(buttons.length > 0, hash);
        for (const [name, isOff, why] of buttons)
            if (local.includes(name)) assert.equal(isOff, null, name);
            else assert.match(`${isOff} ${why}`, /^true The daemon has not answered since \d\d:\d\d:\d\d: requests are possible once it does\.$/, `${hash}: ${name}`);
        if (hash === 'models') {
            await tab.fill('#pull-model', 'org/new');
            await tab.keyboard.press('Enter');
            await said(/requests are possible once it does/);
            await tab.locator('button[aria-label="Remove broken"]').focus();
            await tab.keyboard.press('Enter');
            assert.equal(await tab.locator('dialog').count(), 0);
            for (const colorScheme of ['light', 'dark']) {
                await tab.emulateMedia({ colorScheme });
                assert.deepEqual(await keepsOut(tab), [], colorScheme);
            }
        }
        await service.start();
        await tab.evaluate(() => dispatchEvent(new Event('online')));
        await tab.waitForSelector(shows(hash));
        assert.equal(await tab.locator('main button[aria-disabled]').count(), 0);
    }
    assert.deepEqual(service.seen.filter(({ method }) => method !== 'GET'), []);
    problems.splice(0); // that there was no answer
}));

test('a token that is not known is told from none, and another may follow', () => withConsole({ token: 'wi_secret' }, async ({ tab, go, service, problems }) => {
    await go('now', 'body[data-state=token] #token');
    assert.equal(await tab.locator('.problem').count(), 0);
    await tab.fill('#token', 'wi_wrong');
    await tab.keyboard.press('Enter');
    await tab.locator('#token').pressSequentially('wi_ha'); // while the answer comes
    await tab.waitForFunction(() => /this token is not known/.test(document.querySelector('.problem')?.textContent));
    assert.deepEqual(await tab.evaluate(() => [document.activeElement.id, document.activeElement.value]), ['token', 'wi_ha'], 'what is typed stays');
    await tab.fill('#token', 'wi_secret');
    await tab.keyboard.press('Enter');
    await tab.waitForSelector(shows('now'));
    service.token = 'wi_another';
    service.cut();
    await tab.waitForSelector('body[data-state=token] #token');
    assert.doesNotMatch(await tab.evaluate(() => document.body.innerText), /org\/chat|session-1/, 'what the old token showed is gone');
    problems.splice(0); // the browser notes each 401
}));
