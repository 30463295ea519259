// tier: full
// quick: a model is pulled by the client, which shows how far it is
// quick: a pull goes on when the daemon was killed in the middle
/**
 * Models from a hub: by the API and by the client, over a restart, on demand, within a quota, beside
 * those that run. The hub is the tests' own, the nodes are simulated ones; at the end a browser.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { string, writeGguf } from '../lib/gguf.mjs';
import { startHub } from '../lib/hub.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
const test = testsOf(() => daemon);
const simulated = { platform: 'simulated' };
const there = ['--platform', 'simulated'];
const finch = (name) => fs.readFileSync(path.join(ownModels, 'finch', name));

/** The same model in other bytes: those of another one would be here already. */
const own = (model, name) => Buffer.concat([finch(name), Buffer.alloc(16, model)]);

/** A small model that chats, other bytes for each seed. */
function talker(seed) {
    const file = path.join(daemon.temporary, `talker-${seed}.gguf`);
    writeGguf(file, { arch: 'llama', metadata: { 'general.name': string(`talker ${seed}`) } });
    const bytes = fs.readFileSync(file);
    fs.rmSync(file);
    return bytes;
}

const pull = (body) => daemon.post('/v1/models/pull', body);
const model = async (name) => (await daemon.get(`/v1/models/${name}`));
const ask = (name, more = {}) =>
    daemon.infer({ model_name: name, inputs: 'one two', ...simulated, ...more });

/** Waits until it is here, and gives what GET tells of it. */
async function here(name) {
    return until(async () => {
        const { status, json, text } = await model(name);
        assert.ok(status === 200, text);
        return !json.pulling && json;
    }, { what: `${name} to be here`, timeout: 30_000 });
}

before(async () => {
    hub = await startHub();
    daemon = new Daemon({ config: {
        pool: { min_connections: 0 },
        models: { hub: 'local', pull_on_demand: 'demand/*' },
        'hub.local': { url: hub.url },
        'hub.files': { url: hub.plainUrl, layout: 'plain' },
    } });
    const finches = { 'finch-F32.gguf': finch('finch-F32.gguf'), 'finch-Q8_0.gguf': finch('finch-Q8_0.gguf') };
    hub.push('birds/finch', { ...finches, 'README.md': '# finch', 'run.py': 'print()' });
    hub.push('birds/slow', { 'finch-F32.gguf': own('slow', 'finch-F32.gguf'),
        'finch-Q8_0.gguf': own('slow', 'finch-Q8_0.gguf') });
    hub.push('demand/talker', { 'talker-F32.gguf': talker(1) });
    hub.push('org/talker', { 'talker-F32.gguf': talker(2) });
    hub.push('org/other', { 'other-F32.gguf': talker(3) });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    await hub?.close();
});

test('a model is pulled by the client, which shows how far it is', async () => {
    const { code, out, problems } = await webinfer(daemon, ['pull', 'birds/finch:Q8_0']);
    assert.deepEqual([code, out], [0, ''], problems);
    assert.match(problems, /birds\/finch: 557 kB in 1 files, 557 kB fetched in \d+ s\n$/);
    const { json } = await model('birds/finch');
    assert.deepEqual(json.files.map((one) => one.path), ['finch-Q8_0.gguf']);
    assert.deepEqual([json.source.hub, json.source.repository, json.variant], ['local', 'birds/finch', 'Q8_0']);
    const fetched = hub.asked('content').length;
    const again = await webinfer(daemon, ['pull', 'birds/finch:Q8_0']);
    assert.equal(again.code, 0, again.problems);
    assert.equal(hub.asked('content').length, fetched, 'it was here');
    const list = await webinfer(daemon, ['list']);
    assert.match(list.out, /birds\/finch +557 kB +gguf/);
    const shown = await webinfer(daemon, ['show', 'birds/finch']);
    assert.match(shown.out, /quantization +Q8_0/);
    assert.match(shown.out, /pulled from +birds\/finch of local, commit [0-9a-f]{40}/);
    assert.match(shown.out, /finch-Q8_0\.gguf +557 kB +[0-9a-f]{64}/);
    assert.match(shown.out, /memory +.* of weights/);
});

test('another variant of it comes beside the first', async () => {
    const { code, problems } = await webinfer(daemon, ['pull', 'birds/finch:F32', '--json']);
    assert.equal(code, 0, problems);
    const { json } = await model('birds/finch');
    assert.deepEqual(json.variants.map(({ name }) => name).sort(), ['F32', 'Q8_0']);
    assert.equal(hub.asked('content', 'Q8_0').length, 1, 'and that one was not fetched again');
    assert.equal((await model('birds/finch:F32')).json.quantization, 'F32');
});

test('each level of the cache counts what it had, and what it had to get', async () => {
    const count = (what, level) => daemon.metric(`webinfer_cache_${what}_total`, `{level="${level}"}`);
    const counts = async () => Object.fromEntries(await Promise.all(
        ['hits', 'misses', 'fetched_bytes', 'saved_bytes'].flatMap((what) => ['page', 'disk', 'hub'].map(
            async (level) => [`${level} ${what}`, await count(what, level)]))));
    const before = await counts(), { bytes } = (await model('birds/finch:Q8_0')).json;
    assert.ok(before['disk saved_bytes'] >= finch('finch-Q8_0.gguf').length, 'of the variant that was here');
    for (const name of ['birds/finch:Q8_0', 'birds/finch:Q8_0', 'birds/nothing']) await ask(name);
    assert.equal((await pull({ model: 'birds/nothing' })).status, 202);
    await until(async () => /pull failed/.test((await model('birds/nothing')).json.detail), { what: 'a failure' });
    const after = await counts();
    const more = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
    const said = JSON.stringify(more); // a simulated node has every model
    assert.deepEqual([more['page hits'], more['page saved_bytes']], [2, 2 * bytes], said);
    assert.deepEqual([more['page misses'], more['page fetched_bytes']], [0, 0], said);
    assert.deepEqual([more['hub hits'], more['hub misses']], [0, 1], said);
    assert.ok(more['disk hits'] >= 2 && more['disk misses'] >= 1, said);
});

test('two who ask for the same get one pull, and see it', async () => {
    hub.bytesPerSecond = 1_500_000;
    const first = await openEvents(`${daemon.url}/v1/models/pull`,
        { body: { model: 'birds/slow:F32', stream: true } });
    assert.equal(first.status, 200, first.text);
    const second = await pull({ model: 'birds/slow:F32' });
    assert.equal(second.status, 202, second.text);
    assert.equal(second.headers.location, '/v1/models/birds/slow');
    const seen = await model('birds/slow');
    assert.equal(seen.status, 200, seen.text);
    assert.match(seen.json.pulling.state, /resolving|downloading/);
    const different = await pull({ model: 'birds/slow:Q8_0' });
    assert.deepEqual([different.status, different.json.code], [409, 'conflict']);
    await first.ended();
    hub.bytesPerSecond = 0;
    const { events, last } = first, between = events.filter(({ event }) => event === 'progress');
    assert.equal(last.event, 'done', JSON.stringify(events));
    assert.ok(between.some(({ json }) => json.phase === 'downloading' && json.loaded_bytes > 0 &&
        json.loaded_bytes < json.total_bytes && json.bytes_per_second > 0), JSON.stringify(between));
    assert.equal(hub.requests.filter(({ phase, url }) => phase === 'content' && url.includes('slow')).length, 1);
});

test('a pull goes on when the daemon was killed in the middle', async () => {
    hub.push('birds/cut', { 'cut-F32.gguf': own('cut', 'finch-F32.gguf') });
    hub.bytesPerSecond = 900_000;
    assert.equal((await pull({ model: 'birds/cut' })).status, 202);
    const staged = path.join(daemon.store, '.staging');
    await until(() => fs.readdirSync(staged, { recursive: true }).some((one) =>
        one.includes('.cut-F32.gguf.') && fs.statSync(path.join(staged, one)).size > 0),
    { what: 'some of it to be on disk' });
    await simulation.stop().catch(() => {});
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    assert.ok(!fs.existsSync(path.join(daemon.store, 'birds/cut')), 'nothing half-published');
    hub.bytesPerSecond = 0;
    const before = hub.requests.length;
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
    const { bytes } = await here('birds/cut');
    const total = own('cut', 'finch-F32.gguf').length;
    const sent = hub.requests.slice(before).filter(({ phase }) => phase === 'content')
        .reduce((sum, one) => sum + one.sent, 0);
    assert.equal(bytes, total);
    assert.ok(sent > 0 && sent < total, `${sent} of ${total} came again`);
});

test('a pull that was answered 202 is on the disk', async () => {
    hub.bytesPerSecond = 1000;
    await simulation.stop().catch(() => {});
    for (let i = 0; i < 5; i++) {
        const name = `birds/kept-${i}`;
        hub.push(name, { 'kept-F32.gguf': own('kept', 'finch-F32.gguf') });
        assert.equal((await pull({ model: name })).status, 202);
        daemon.signal('SIGKILL');
        await daemon.waitEnd();
        await daemon.start({ ready: false });
        await until(async () => (await model(name)).json.pulling, { what: `${name} to go on` });
        assert.equal((await webinfer(daemon, ['pull', '--cancel', name])).code, 0);
    }
    hub.bytesPerSecond = 0;
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
});

test('a pull that is cancelled leaves nothing', async () => {
    hub.push('birds/gone', { 'gone-F32.gguf': own('gone', 'finch-F32.gguf') });
    hub.bytesPerSecond = 1_000_000;
    assert.equal((await pull({ model: 'birds/gone' })).status, 202);
    await until(async () => (await model('birds/gone')).json.pulling?.loaded_bytes > 0,
        { what: 'the first bytes' });
    const { code, problems } = await webinfer(daemon, ['pull', '--cancel', 'birds/gone']);
    hub.bytesPerSecond = 0;
    assert.equal(code, 0, problems);
    await until(async () => (await model('birds/gone')).status === 404, { what: 'it to be gone' });
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.staging')), []);
});

test('a request for an absent model pulls it where that is allowed', async () => {
    const refused = await ask('org/talker');
    assert.deepEqual([refused.status, refused.json.code], [404, 'model_not_found']);
    const [first, second] = await Promise.all([ask('demand/talker'), ask('demand/talker')]);
    assert.equal(first.status, 200, first.text);
    assert.equal(second.status, 200, second.text);
    assert.equal(hub.asked('content', 'talker').length, 1);
    const missing = await ask('demand/nothing');
    assert.deepEqual([missing.status, missing.json.code], [502, 'hub_unauthorized']);
    const asked = hub.requests.length;
    assert.equal((await ask('demand/nothing')).status, 502);
    assert.equal(hub.requests.length, asked, 'the hub was not asked again at once');
});

test('a stream on demand begins with how far the pull is, and a deadline ends it alone', async () => {
    hub.push('demand/big', { 'big-F32.gguf': own('big', 'finch-F32.gguf') });
    hub.bytesPerSecond = 1_000_000;
    const late = await ask('demand/big', { timeout_ms: 300 });
    assert.deepEqual([late.status, late.json.code], [504, 'deadline_exceeded']);
    assert.match(late.json.detail, /still being pulled/);
    const stream = await openEvents(`${daemon.url}/v1/infer`, { body: {
        model_name: 'demand/big', inputs: 'one two', stream: true, ...simulated } });
    assert.equal(stream.status, 200, stream.text);
    await stream.ended();
    hub.bytesPerSecond = 0;
    assert.equal(stream.last.event, 'done', JSON.stringify(stream.events));
    assert.equal(hub.asked('content', 'big').length, 1);
});

test('a precision chooses among the variants that came, and does not pull another', async () => {
    hub.push('demand/two',
        { 'two-F32.gguf': own('two', 'finch-F32.gguf'), 'two-Q8_0.gguf': own('two', 'finch-Q8_0.gguf') });
    const stream = (precision) => openEvents(`${daemon.url}/v1/infer`, { body: {
        model_name: 'demand/two', inputs: 'one two', precision, stream: true, ...simulated } });
    const refused = await stream('int8');
    await refused.ended();
    const { code, field, allowed } = refused.last?.json ?? JSON.parse(refused.text);
    assert.deepEqual([code, field, allowed], ['precision_unsupported', 'precision', 'F32'], refused.text);
    const named = await ask('demand/two:Q8_0');
    assert.equal(named.status, 200, named.text);
    for (const [precision, name] of [['int8', 'demand/two'], ['fp32', 'demand/two:F32']]) {
        const taken = await stream(precision);
        await taken.ended();
        assert.equal(taken.last?.event, 'done', taken.text);
        assert.equal(taken.last.json.model_name, name);
    }
    assert.equal(hub.asked('content', 'two').length, 2);
});

test('a request under way ends on the version that it began with', async () => {
    assert.equal((await webinfer(daemon, ['pull', 'org/talker'])).code, 0);
    const old = (await model('org/talker')).json.hash;
    const stream = await openEvents(`${daemon.url}/v1/infer`, { body: {
        model_name: 'org/talker', inputs: 'word '.repeat(100), stream: true, ...simulated } });
    assert.equal(stream.status, 200, stream.text);
    await until(() => stream.events.some(({ event }) => event === 'part'), { what: 'the first word' });
    hub.push('org/talker', { 'talker-F32.gguf': talker(4) });
    const { code, problems } = await webinfer(daemon, ['pull', 'org/talker']);
    assert.equal(code, 0, problems);
    assert.notEqual((await model('org/talker')).json.hash, old);
    assert.ok(!stream.events.some(({ event }) => event === 'done'), 'it still runs');
    await stream.ended();
    assert.equal(stream.last.event, 'done', JSON.stringify(stream.last));
});

test('a name that was added by hand is not overwritten', async () => {
    const folder = path.join(daemon.store, 'org/other');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'mine-F32.gguf'), talker(5));
    const before = (await model('org/other')).json.hash;
    const { code, problems } = await webinfer(daemon, ['pull', 'org/other']);
    assert.equal(code, 1);
    assert.match(problems, /409[\s\S]*--as NAME/);
    assert.equal((await model('org/other')).json.hash, before);
    assert.equal((await webinfer(daemon, ['pull', 'org/other', '--as', 'theirs'])).code, 0);
    assert.notEqual((await model('theirs')).json.hash, before);
});

test('a folder with a SHA256SUMS is a hub, too', async () => {
    const { code, problems } = await webinfer(daemon,
        ['pull', 'birds/finch:Q8_0', '--hub', 'files', '--as', 'plain-finch']);
    assert.equal(code, 0, problems);
    assert.equal((await model('plain-finch')).json.source.hub, 'files');
});

test('a file that another model has does not come over the network', async () => {
    hub.push('birds/twin', { 'twin-Q8_0.gguf': finch('finch-Q8_0.gguf') });
    hub.requests.length = 0;
    const { code, problems } = await webinfer(daemon, ['pull', 'birds/twin']);
    assert.equal(code, 0, problems);
    assert.match(problems, /\b0 B fetched/);
    assert.deepEqual(hub.asked('content'), []);
    const inode = (name) => fs.statSync(path.join(daemon.store, 'birds', name)).ino;
    assert.equal(inode('twin/twin-Q8_0.gguf'), inode('finch/finch-Q8_0.gguf'));
    assert.equal((await daemon.request('/v1/models/birds/twin', { method: 'DELETE' })).status, 200);
    assert.equal((await model('birds/finch')).status, 200);
});

test('a quota makes room of what was used longest ago, or says by how much it does not fit', async () => {
    await daemon.reload({ models: { quota: '1M' } });
    hub.push('birds/last', { 'last-F32.gguf': own('last', 'finch-F32.gguf') });
    const { json } = await pull({ model: 'birds/last', stream: false });
    assert.equal(json.state, 'resolving');
    const failed = await until(async () => {
        const answer = await model('birds/last');
        return answer.status === 404 && answer;
    }, { what: 'the refusal' });
    assert.match(failed.json.detail, /quota/);
    await daemon.reload({ models: { quota: '8M' } });
    assert.equal((await webinfer(daemon, ['pull', 'birds/last'])).code, 0);
    const kept = (await daemon.get('/v1/models')).json.models.map(({ name }) => name);
    assert.ok(kept.includes('birds/last') && kept.includes('org/other'), kept.join(' '));
    assert.ok(!kept.includes('birds/slow'), `the oldest went: ${kept.join(' ')}`);
    assert.ok(await daemon.metric('webinfer_evicted_bytes_total') > 2_000_000);
    assert.ok(await daemon.metric('webinfer_cache_fetched_bytes_total', '{level="hub"}') > 2_000_000);
});

test('run brings a model and asks it, here in a browser', async () => {
    hub.push('birds/bird', { 'bird-Q8_0.gguf': own('bird', 'finch-Q8_0.gguf') });
    const there_ = await webinfer(daemon, ['run', 'birds/bird', 'a b c', ...there]);
    assert.deepEqual([there_.code, there_.out], [0, 'a b c\n'], there_.problems);
    const answer = await webinfer(daemon, ['run', 'birds/bird:Q8_0', 'What is 17 + 25?',
        '--browser', 'chrome', '--option', 'temperature=0']);
    assert.equal(answer.code, 0, answer.problems);
    assert.match(answer.out, /42/);
    const length = finch('finch-Q8_0.gguf').length;
    assert.ok(await daemon.metric('webinfer_cache_misses_total', '{level="page"}') >= 1);
    for (const level of ['page', 'disk'])
        assert.ok(await daemon.metric('webinfer_cache_fetched_bytes_total', `{level="${level}"}`) >= length);
    const shown = await webinfer(daemon, ['show', 'birds/bird']);
    assert.match(shown.out, /BROWSER +VERSION +PLATFORM +MEASURED[^]*chrome +\S+ +wasm +yes/);
    const nothing = await webinfer(daemon, ['run', 'birds/none']);
    assert.equal(nothing.code, 1);
    assert.match(nothing.problems, /birds\/none/);
});
