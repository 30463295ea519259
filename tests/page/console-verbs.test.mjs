// tier: full
/** What the console has the daemon do: each verb is asked for as the API has it, and asks once before something stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsQR from 'jsqr';
import { consoles, LIVE, seesJobs } from './support/console_tab.mjs';

const withConsole = consoles();
const last = (service, method, where) => {
    const { path, body } = service.asked(method, where).at(-1) ?? {};
    return [path, body ? JSON.parse(body) : null];
};
const label = (name) => `button[aria-label=${JSON.stringify(name)}]`;

test('models are loaded, unloaded and removed', () => withConsole({}, async ({ tab, go, service, said, agree }) => {
    await go('models');
    await tab.locator(label('Load org/chat')).click();
    await said(/^org\/chat is being loaded\.$/);
    assert.deepEqual(last(service, 'POST', /load$/), ['/v1/models/org/chat/load', {}]);
    assert.equal(await tab.locator(label('Unload broken')).count(), 0, 'what is loaded nowhere is not unloaded');
    assert.equal(await agree('Unload org/chat', 'Unload').then((asked) => asked.replaceAll(/\s+/g, ' ')),
        'Unload org/chat? 1 node unloads it. 1 request on it is under way. The next request for it loads it again. Leave it Unload');
    await said(/^org\/chat is being unloaded\.$/);
    assert.deepEqual(last(service, 'POST', /unload$/), ['/v1/models/org/chat/unload', {}]);
    assert.match(await agree('Remove org/chat', 'Remove it anyway'), /Its files go from the store \(668 MB\), and 1 node unloads it\.\s+1 request on it is under way/);
    await said(/^org\/chat is removed\.$/);
    assert.deepEqual(last(service, 'DELETE', /./), ['/v1/models/org/chat?force=true', null]);
    assert.match(await agree('Remove broken', 'Remove'), /No request on it is under way/);
    await said(/^broken is removed\.$/);
    assert.deepEqual(last(service, 'DELETE', /./), ['/v1/models/broken', null]);
    service.change({ 'model/broken': null, 'model/fresh': { name: 'fresh', builtin: true } });
    await tab.waitForSelector(label('Load fresh'));
    assert.deepEqual([await tab.locator(label('Load broken')).count(), await tab.locator(label('Remove fresh')).count()], [0, 0]);
}));

test('a model is profiled where a person wants it, and what is refused is told', () => withConsole({}, async ({ tab, go, service, press, reads, problems }) => {
    await go('models/digits');
    await reads(/Where the time goes/);
    assert.deepEqual(service.asked('POST', /benchmark/), [], 'nothing runs before it is asked for');
    await press('Profile');
    await reads(/5 runs on wasm, each took 10 ms[^]*clock of the CPU/);
    assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Profile', 'the keyboard is where it was');
    assert.deepEqual(last(service, 'POST', /benchmark/), ['/v1/benchmark', { model_name: 'digits', profile: true }]);
    await tab.selectOption('#profile-at', 'chrome/webgpu');
    await press('Profile');
    await reads(/5 runs on webgpu[^]*clock of the GPU[^]*Conv[^]*6\.000 ms[^]*60\.0 %[^]*Gather[^]*fell back[^]*it computes a shape[^]*nodes left out[^]*other/);
    assert.deepEqual(last(service, 'POST', /benchmark/)[1], { model_name: 'digits', profile: true, browser: 'chrome', platform: 'webgpu' });
    await tab.locator('summary', { hasText: 'Nodes' }).click();
    await reads(/\/conv2\/Conv[^]*\/conv1\/Conv/);
    service.refusal = { status: 400, detail: 'builtin/echo computes nothing that could be profiled', field: 'profile' };
    await press('Profile');
    await reads(/builtin\/echo computes nothing that could be profiled \(field: profile\)/);
    problems.splice(0); // the browser notes the 400
}));

test('who leaves it has stopped nothing, and what is refused is told', () => withConsole({}, async ({ tab, go, service, said, agree, problems }) => {
    await go('models');
    for (const leave of [() => tab.keyboard.press('Escape'), () => tab.keyboard.press('Enter'), () => tab.locator('dialog button', { hasText: 'Leave it' }).click()]) {
        await tab.locator(label('Remove broken')).click();
        await tab.waitForSelector('dialog[open]');
        assert.equal(await tab.evaluate(() => document.activeElement.textContent), 'Leave it');
        await leave();
        await tab.waitForSelector('dialog', { state: 'detached' });
        assert.equal(await tab.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Remove broken', 'focus is where it was');
    }
    assert.deepEqual(service.asked('DELETE', /./), []);
    service.refusal = { status: 409, detail: 'a request runs on it', request_id: 'r-9' };
    await agree('Remove broken', 'Remove');
    await said(/^a request runs on it \(request r-9\)$/);
    assert.equal(await tab.evaluate(() => document.getElementById('said').dataset.kind), 'bad');
    problems.splice(0); // the browser notes the 409
}));

test('jobs that have ended are read once they are seen, page by page, with why they failed', () => withConsole({}, async ({ tab, go, service, press, reads }) => {
    const cells = () => tab.locator('section[aria-label="Last jobs"] tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((one) => one.innerText.replaceAll(/\s+/g, ' ').trim())));
    const asked = () => service.asked('GET', /^\/v1\/jobs\?/).map(({ path }) => path);
    const [done, failed, cancelled] = service.kept, day = (job) => new Date(job.accepted_at).toLocaleDateString('sv');
    await tab.setViewportSize({ width: 1280, height: 120 });
    await go('now', `${LIVE} .plot canvas`);
    assert.deepEqual(asked(), []);
    await seesJobs(tab);
    const rows = await cells();
    assert.deepEqual(rows.map((row) => [row[0], row[1], row[2].slice(0, 10), row[3], row[4]]), [['kept', 'done', day(done), '1500 ms', '–'],
        ['kept', 'failed', day(failed), '3000 ms', 'the deadline passed'], ['kept', 'cancelled', day(cancelled), '4500 ms', '–']]);
    assert.deepEqual(rows.map((row) => row[7]), ['job-k0 (own )', 'job-k1', 'job-k2']);
    assert.deepEqual([...new Set(service.asked('GET', /^\/v1\/jobs\//).map(({ path }) => path))], ['/v1/jobs/job-k1'], 'of the one that failed');
    service.kept = Array.from({ length: 45 }, (_, i) => ({ ...done, id: `job-${i}` }));
    await go('models');
    await go('now');
    await seesJobs(tab);
    for (const [verb, first, last] of [['Older jobs', 20, 39], ['Older jobs', 40, 44], ['Newer jobs', 20, 39], ['Newer jobs', 0, 19]]) {
        await press(verb);
        await tab.waitForFunction(([one, other]) => {
            const ids = [...document.querySelectorAll('section[aria-label="Last jobs"] tbody tr')].map((row) => row.lastElementChild.textContent);
            return ids[0]?.startsWith(`job-${one} `) && ids.at(-1).startsWith(`job-${other} `);
        }, [first, last]);
    }
    service.kept = [];
    await go('models');
    await go('now');
    await tab.locator('section[aria-label="Last jobs"]').scrollIntoViewIfNeeded();
    await reads(/It keeps no job\./);
}));

test('a notice of what went well goes by itself', () => withConsole({}, async ({ tab, go, said, press }) => {
    await tab.clock.install();
    await go('models');
    await tab.fill('#pull-model', 'org/new');
    await press('Pull');
    await said(/is being pulled/);
    await tab.clock.fastForward(19_000);
    await said(/is being pulled/);
    await tab.clock.fastForward(1500);
    await said(/^$/);
    assert.equal(await tab.isVisible('#unsay'), false);
}));

test('a notice of what went wrong stays until it is closed or another view comes', () => withConsole({}, async ({ tab, go, service, said, press, problems }) => {
    const fail = async () => {
        await press('Pull');
        await said(/^the hub is away$/);
    };
    await tab.clock.install();
    await go('models');
    service.refusal = { status: 503, detail: 'the hub is away' };
    await tab.fill('#pull-model', 'org/new');
    await fail();
    await tab.clock.fastForward(21_000);
    await said(/^the hub is away$/);
    await tab.focus('#unsay');
    await tab.keyboard.press('Enter');
    await said(/^$/);
    assert.deepEqual(await tab.evaluate(() => [document.getElementById('unsay').checkVisibility(), document.activeElement.id]), [false, 'view']);
    await fail();
    await tab.locator('nav a', { hasText: 'Nodes' }).click();
    await said(/^$/);
    problems.splice(0); // the browser notes the 503
}));

test('a model is pulled, seen as it comes, stopped, and its failure told', () => withConsole({}, async ({ tab, go, service, said, agree, press, reads, problems }) => {
    await go('models');
    service.refusal = { status: 422, detail: 'there is no such variant', field: 'model', allowed: 'q4, q8' };
    await tab.fill('#pull-model', ' org/new:q9 ');
    await tab.fill('#pull-as', 'mine');
    await press('Pull');
    await said(/^there is no such variant \(field: model; allowed: q4, q8\)$/);
    assert.equal(await tab.inputValue('#pull-model'), ' org/new:q9 ', 'what was typed stays');
    service.refusal = null;
    await tab.fill('#pull-model', 'org/new');
    await tab.keyboard.press('Enter');
    await said(/^org\/new is being pulled\.$/);
    assert.deepEqual(last(service, 'POST', /pull$/), ['/v1/models/pull', { model: 'org/new', as: 'mine' }]);
    assert.equal(await tab.inputValue('#pull-model'), '');
    const pull = { ...service.objects['pull/whisper'], name: 'mine', model: 'org/new', loaded_bytes: 25e6, total_bytes: 100e6, retrying: undefined };
    service.change({ 'pull/mine': pull });
    await reads(/25\.0 MB of 100 MB/);
    const share = () => tab.locator('progress[aria-label="How much of mine is here"]').evaluate((bar) => bar.position);
    assert.equal(await share(), 0.25);
    service.change({ 'pull/mine': { ...pull, state: 'verifying', loaded_bytes: 100e6 } });
    await reads(/verifying/);
    assert.equal(await share(), 1);
    assert.match(await agree('Stop pulling mine', 'Stop'), /The part fetched so far \(100 MB\) is removed/);
    await said(/^mine is no longer being pulled\.$/);
    assert.equal(last(service, 'POST', /cancel$/)[0], '/v1/models/mine/cancel');
    service.change({ 'pull/mine': { ...pull, state: 'failed', problem: { code: 'hub_failed', detail: 'the hub went away' } } });
    await said(/^Pulling mine has failed: the hub went away\.$/);
    await reads(/the hub went away/);
    assert.equal(await tab.locator(label('Stop pulling mine')).count(), 0);
    problems.splice(0); // the browser notes the 422
}));

test('nodes are drained, used again and replaced', () => withConsole({}, async ({ tab, go, service, said, agree }) => {
    await go('nodes');
    assert.match(await agree('Drain node-1', 'Drain'), /node-1 \(chrome\)\.\s+2 attempts run on it and end first/);
    await said(/^The node node-1 gets no new work\.$/);
    service.change({ 'node/node-1': { ...service.objects['node/node-1'], draining: true } });
    await tab.waitForSelector(label('Undrain node-1'));
    await tab.locator(label('Undrain node-1')).click();
    await said(/^The node node-1 gets work again\.$/);
    assert.deepEqual(service.asked('POST', /./).map(({ path }) => path), ['/v1/nodes/node-1/drain', '/v1/nodes/node-1/undrain']);
    assert.match(await agree('Recycle session-1', 'Recycle'), /Replace the browser session-1\?\s+The browser session-1 \(chrome\) accepts no more work, ends, and is replaced by a new one\.\s+2 requests run in it now, which finish first/);
    await said(/^The browser session-1 is being replaced\.$/);
    assert.equal(last(service, 'POST', /./)[0], '/v1/sessions/session-1/recycle');
    await go('now');
    assert.match(await agree('Recycle session-2', 'Recycle'), /Replace the browser session-2\?\s+The browser session-2 \(firefox\) accepts no more work, ends, and is replaced by a new one\.\s+Nothing runs in it now/);
    await said(/^The browser session-2 is being replaced\.$/);
    await tab.locator('a', { hasText: 'Nodes' }).click();
    await tab.waitForSelector(label('Drain node-1'), { state: 'detached' });
    await tab.locator('a', { hasText: 'Next page' }).click();
    await tab.waitForFunction(() => /node-3/.test(document.querySelector('main').innerText));
    await tab.locator('a', { hasText: 'Previous page' }).click();
    await tab.waitForFunction(() => /node-1/.test(document.querySelector('main').innerText) && location.hash === '#/nodes');
    await tab.goto('about:blank');
    service.change({ status: { ...service.objects.status, nodes: { count: 10_000, open: 2 } } }); // of which not all are told
    await go('nodes?after=node-2'); // as somebody got it from another
    await tab.locator('a', { hasText: 'Previous page' }).click();
    await tab.waitForFunction(() => /node-1/.test(document.querySelector('main').innerText) && location.hash === '#/nodes');
}));

test('join links are made, shown once, and revoked', () => withConsole({}, async ({ tab, go, service, said, agree, press, reads }) => {
    await go('nodes');
    await tab.fill('#join-nodes', '7');
    await tab.selectOption('#join-seconds', { label: 'a day' });
    await press('Make a link');
    await said(/^There is a new join link\. It is shown only once\.$/);
    assert.deepEqual(last(service, 'POST', /./), ['/v1/admin/join', { nodes: 7, seconds: 86400 }]);
    assert.equal(await tab.inputValue('#join-url'), `${service.url}/#token=join-2`);
    await reads(/join-2\s+\S*\s*0 of 7/);
    const day = new Date(Date.now() + 86_400_000), two = (part) => String(part).padStart(2, '0');
    await reads(new RegExp(`join-2[^\\n]*\\s+\\S*\\s*0 of 7\\s+${day.getFullYear()}-${two(day.getMonth() + 1)}-`));
    assert.match(await agree('Revoke join-1', 'Revoke'), /join-1: 2 nodes that came with it are sent away, and no new ones can join/);
    await said(/^The link join-1 is revoked\.$/);
    assert.equal(last(service, 'DELETE', /./)[0], '/v1/admin/join/join-1');
    await tab.waitForSelector(label('Revoke join-1'), { state: 'detached' });
    assert.equal(await tab.locator('#join-url').count(), 0, 'the new one is not shown any more');
    await tab.fill('#join-nodes', '0');
    await press('Make a link');
    assert.equal(await tab.evaluate(() => document.getElementById('join-nodes').matches(':invalid')), true);
    assert.equal(service.asked('POST', /./).length, 1);
}));

/** What a reader of QR codes finds on a canvas. */
const scanned = (tab) => tab.evaluate(() => {
    const canvas = document.getElementById('join-code'), scaled = Object.assign(document.createElement('canvas'), { width: canvas.width * 4, height: canvas.height * 4 });
    const context = scaled.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, scaled.width, scaled.height);
    return { width: scaled.width, height: scaled.height, data: [...context.getImageData(0, 0, scaled.width, scaled.height).data] };
}).then(({ data, width, height }) => jsQR(Uint8ClampedArray.from(data), width, height)?.data);

test('a link has a label, may be passed on, and is a QR code', () => withConsole({}, async ({ tab, go, service, said, press, reads }) => {
    await go('nodes');
    await tab.fill('#join-label', ' Ada’s phone ');
    await tab.check('#join-shareable');
    await press('Make a link');
    await said(/^There is a new join link\. It is shown only once\.$/);
    assert.deepEqual(last(service, 'POST', /./), ['/v1/admin/join', { nodes: 1, seconds: 3600, label: 'Ada’s phone', shareable: true }]);
    await reads(/join-2\s+Ada’s phone\s*may be passed on\s+0 of 1/);
    assert.equal(await tab.getAttribute('#join-code', 'aria-label'), 'The link as a QR code');
    assert.equal(await scanned(tab), `${service.url}/#token=join-2`);
    await press('Make a link');
    await tab.waitForFunction(() => /join-3/.test(document.getElementById('join-url').value));
    assert.equal(await scanned(tab), `${service.url}/#token=join-3`, 'of the latest link');
}));

test('people are listed, drained, and sent away', () => withConsole({}, async ({ tab, go, service, said, agree, reads }) => {
    await go('nodes');
    await reads(/People[^]*Ada’s laptop\s*node-2\s+firefox 153\.0\s*8 cores, 16 GiB\s*Mozilla\/5\.0 \(Laptop\)\s+41 answered, 1 failed\s*12 ms for a task\s+draining\s*an admin has drained it/);
    assert.equal(await tab.locator(label('Remove node-1')).count(), 0, 'a session of the daemon is none');
    const ofPeople = 'section[aria-label="People"]';
    assert.deepEqual(await tab.locator('button[aria-label$=" node-2"]').allTextContents(), ['Undrain', 'Remove', 'Undrain', 'Remove'], 'the same in both tables');
    await tab.locator(`${ofPeople} ${label('Undrain node-2')}`).click();
    await said(/^Ada’s laptop \(node-2\) gets work again\.$/);
    service.change({ 'node/node-2': { ...service.objects['node/node-2'], draining: false, attempts: 2, idle: undefined } });
    assert.match(await agree('Drain node-2', 'Drain', ofPeople), /node-2 \(Ada’s laptop, firefox\)\.\s+2 attempts run on it and end first\./);
    await said(/^Ada’s laptop \(node-2\) gets no new work\.$/);
    assert.deepEqual(service.asked('POST', /./).map(({ path }) => path), ['/v1/nodes/node-2/undrain', '/v1/nodes/node-2/drain']);
    assert.match(await agree('Remove node-2', 'Remove', ofPeople), /node-2 \(Ada’s laptop, firefox\)\.\s+2 attempts on it are given to others\.\s+Whoever still has a valid link can join again\./);
    await said(/^Ada’s laptop \(node-2\) is removed\.$/);
    assert.equal(last(service, 'DELETE', /./)[0], '/v1/nodes/node-2');
}));

test('remembered devices are listed, and forgotten one by one', () => withConsole({}, async ({ tab, go, service, said, agree, reads }) => {
    const since = Date.now() - 86_400_000;
    service.devices = [
        { id: 'device-1', join: 'join-1', label: 'Ada’s phone', remembered_at: since, seen_at: Date.now(), node: 'node-2' },
        { id: 'device-2', join: 'join-9', label: null, remembered_at: since, seen_at: since, node: null }];
    await go('nodes');
    await reads(/Remembered devices[^]*Ada’s phone\s*device-1\s+join-1\s+\S+[^]*now\s*node-2[^]*no label\s*device-2\s+join-9/);
    assert.match(await agree('Forget device-1', 'Forget'), /Ada’s phone, device-1: its node node-2 is sent away\.\s+It can join again with a link that is still valid\./);
    await said(/^device-1 is forgotten\.$/);
    assert.equal(last(service, 'DELETE', /./)[0], '/v1/devices/device-1');
    await tab.waitForSelector(label('Forget device-1'), { state: 'detached' });
    assert.match(await agree('Forget device-2', 'Forget'), /device-2 is away now\./);
    await tab.waitForSelector(label('Forget device-2'), { state: 'detached' });
    assert.equal(await tab.getByText('Remembered devices').count(), 0);
}));

test('why a node gets less work is shown, and an admin forgives it', () => withConsole({}, async ({ tab, go, service, said, agree, reads }) => {
    const limit = { effect: 'hold', evidence: 'open', reason: 'it gave no raw outputs', since: Date.now() - 60_000, until: Date.now() + 3_600_000, undone_by: 'an admin' };
    const share = { effect: 'share', evidence: 'ending', reason: 'it lost three', since: Date.now() - 60_000, until: null, undone_by: 'fewer of its last 50 answers are of this kind' };
    const conduct = { ended: 40, ending: 3, right: 2, open: 5, suspicion: 0 }, node = service.objects['node/node-1'];
    await go('nodes');
    service.change({ 'node/node-1': { ...node, held: true, limits: [share, limit], conduct } });
    await reads(/node-1[^]*held\s*ending: 3 of its last 50; until fewer of its last 50 answers are of this kind\s*open: 5 of its last 50; until \d/);
    assert.match(await agree('Forgive node-1', 'Forgive'), /Forget the findings about this node\?[^]*open: 5 of its last 50/);
    await said(/^The findings about node-1 are forgotten\.$/);
    assert.equal(last(service, 'POST', /./)[0], '/v1/nodes/node-1/forgive');
    service.change({ 'node/node-1': { ...node, held: false, limits: [share], conduct } });
    await reads(/node-1[^]*less work\s*ending/);
    const proof = { ...limit, evidence: 'unproven', since: null, until: null, undone_by: 'it answers a challenge correctly' };
    service.change({ 'node/node-1': { ...node, held: true, limits: [proof], conduct } });
    await tab.waitForSelector(label('Forgive node-1'), { state: 'detached' }); // there is nothing to forgive
}));

test('a node that was sent away is let in again', () => withConsole({}, async ({ tab, go, service, said, agree, reads }) => {
    const row = { id: 'quarantine-1', node: 'node-9', token: 'farm', join: null, address: '192.0.2.1', evidence: 'our_input', reason: 'it lies', since: Date.now() - 60_000, until: null };
    service.quarantined = [row, { ...row, id: 'quarantine-2', node: 'node-8', token: null, join: 'join-1', until: Date.now() + 3_600_000 }];
    await go('nodes');
    await reads(/node-8\s+join-1\s*192\.0\.2\.1[^]*our_input it lies[^]*node-9\s+node token farm\s*192\.0\.2\.1[^]*lifted by an admin\s+our_input it lies/);
    assert.match(await agree('Lift quarantine-1', 'Lift'), /node-9 was sent away because of findings about it\.\s+The node token farm is no longer refused/);
    await said(/^node-9 may come again\.$/);
    assert.equal(last(service, 'DELETE', /./)[0], '/v1/admin/quarantine/quarantine-1');
    await tab.waitForSelector(label('Lift quarantine-1'), { state: 'detached' });
    await agree('Lift quarantine-2', 'Lift');
    await tab.waitForFunction(() => !/Under quarantine/i.test(document.querySelector('main').innerText));
}));

test('a user is offered jobs of its own, and no verb of an admin', () => withConsole({ rank: 'user' }, async ({ tab, go }) => {
    const verbs = {};
    for (const hash of ['now', 'models', 'models/org/chat', 'nodes']) {
        await go(hash);
        verbs[hash] = await tab.locator('main button').allTextContents();
    }
    assert.deepEqual(verbs, { now: ['Cancel', 'Cancel'], models: [], 'models/org/chat': ['Copy', 'Copy', 'Copy', 'Copy', 'Profile'], nodes: [] });
}));

test('a model that is removed while it is shown says so, is grey, and has no verbs', () => withConsole({}, async ({ tab, go, service, reads, problems }) => {
    await go('models/digits');
    await tab.waitForSelector(label('Load digits'));
    service.change({ 'model/digits': null });
    await tab.waitForSelector('main[data-state=failed] .old');
    await reads(/It can no longer be read\. There is nothing at that path \(request r-1\)\. The data below is from \d\d:\d\d:\d\d/);
    assert.equal(await tab.locator('main button').count(), 0);
    service.change({ 'model/digits': { name: 'digits', type: 'vision', format: 'onnx', bytes: 27_000, loaded: [] } });
    await go('models');
    await go('models/digits');
    await reads(/27 kB|27\.0 kB/);
    problems.splice(0); // the browser notes the 404
}));

test('what is chosen in a view stands in its address', () => withConsole({}, async ({ tab, go, service }) => {
    await go('models');
    await tab.fill('#filter', 'digi');
    await tab.waitForFunction(() => document.querySelectorAll('section[aria-label="In the store"] tbody tr').length === 1);
    assert.equal(await tab.evaluate(() => location.hash), '#/models?filter=digi');
    await go('logs?level=warn&part=bridge&contains=line+1');
    assert.deepEqual(await tab.evaluate(() => ['level', 'part', 'contains'].map((id) => document.getElementById(id).value)), ['warn', 'bridge', 'line 1']);
    assert.match(service.asked('GET', /^\/v1\/logs/)[0].path, /level=warn&part=bridge&contains=line\+1/);
    await tab.selectOption('#level', 'error');
    await tab.waitForFunction(() => location.hash === '#/logs?level=error&part=bridge&contains=line+1');
    await go('logs?level=loud');
    assert.equal(await tab.inputValue('#level'), 'info');
}));
