// tier: full
/** webinfer watch: the messages of channels as lines of JSON, until ^C, a daemon that ends, or a reader that leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const embed = (input, more = {}) => daemon.post('/v1/embeddings', { model: 'vectors@simulated', input, publish: true, ...more });

/** One that watches; `lines` is what it has printed. */
function watching(...words) {
    const child = spawn(cliPath, ['watch', ...words], { env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
        ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: daemon.url } });
    const one = { child, text: '', problems: '', code: undefined, get lines() { return this.text.split('\n').slice(0, -1).map((line) => JSON.parse(line)); } };
    child.stdout.on('data', (text) => (one.text += text));
    child.stderr.on('data', (text) => (one.problems += text));
    child.on('close', (code) => (one.code = code));
    return one;
}
const over = (one) => until(() => one.code !== undefined, { what: 'the command to end' });

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('it prints what the channels tell, and ends well with ^C', async () => {
    const all = watching(), vectors = watching('--channel', 'vector_updates', '--model', 'vectors');
    const other = watching('--channel', 'job_results', '--model', 'none/such');
    // Each hears of requests that end after it has subscribed.
    await until(async () => (await embed(['a bird', 'a boat'])) && all.lines.length > 1 && vectors.lines.length, { what: 'lines' });
    const types = new Set(all.lines.map(({ type }) => type));
    assert.deepEqual(types, new Set(['job_completed', 'vector_batch']));
    const [batch] = vectors.lines;
    assert.deepEqual([batch.type, batch.count, batch.labels.slice(0, 2)], ['vector_batch', batch.vectors.length, ['a bird', 'a boat']]);
    assert.ok(vectors.lines.every(({ type }) => type === 'vector_batch'));
    const recent = watching('--channel', 'vector_updates', '--recent', '1');
    await until(() => recent.lines.length, { what: 'the latest row' });
    assert.deepEqual([recent.lines[0].count, recent.lines[0].labels], [1, ['a boat']]);
    for (const one of [all, vectors, other, recent]) one.child.kill('SIGINT');
    await Promise.all([all, vectors, other, recent].map(over));
    for (const one of [all, vectors, other, recent]) assert.deepEqual([one.code, one.problems], [0, '']);
    assert.deepEqual(other.lines, []);
});

test('a wrong word gets the sentence of the service', async () => {
    const { code, problems, out } = await webinfer(daemon, ['watch', '--channel', 'jobs']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(problems, /"jobs" is not a channel.*job_results, vector_updates/s);
    const away = await webinfer(daemon, ['watch'], { env: { WEBINFER_URL: 'http://127.0.0.1:1' } });
    assert.equal(away.code, 3);
});

test('the end of the daemon is told', async () => {
    const one = watching();
    await until(async () => (await embed('a bird')) && one.lines.length, { what: 'a line' });
    await daemon.reload({ log: { level: 'info' } });
    await over(one);
    assert.equal(one.code, 3);
    assert.match(one.problems, /^webinfer: the daemon has ended the stream: /);
});
