// tier: quick
/**
 * The last hour in figures: that each request is counted once and where it ran, however it came and
 * ended, what filters and steps give, and who may ask.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', root: 'admin', farm: 'node' };
const tokens = tokensOf(people);
const place = 'joined/simulated';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const as = (who, more = {}) =>
    ({ ...more, headers: { ...more.headers, Authorization: `Bearer ${tokens[who]}` } });
const simulate = async (more = {}) =>
    (simulation = await new Simulation(daemon, { token: tokens.root, ...more }).up());

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, max_retries: 0 },
        'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'talker', { arch: 'llama' });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
    await simulate({ nodes: 4 });
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const ask = (query = '', who = 'ada') => daemon.get(`/v1/history${query}`, as(who));
const sum = (list) => (list ?? []).reduce((all, one) => all + one, 0);
/** The sums of a series, the most of its times, and what says which it is. */
const summed = (series) => ({ of: series.of, model: series.model, place: series.place,
    ...Object.fromEntries(['requests', 'failures', 'prompt_tokens', 'generated_tokens', 'bytes_in',
        'bytes_out'].map((name) => [name, sum(series[name])])) });
const all = async () => summed((await ask()).json.series[0]);
const echo = (data, more = {}) => daemon.infer({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }], ...more }, as('ada'));

/** What `work` adds to all, once its bytes are there: a request is counted out when it was sent. */
async function added(work, isWhole) {
    const before = await all();
    await work();
    return until(async () => {
        const now = await all();
        const more = Object.fromEntries(Object.entries(now).filter(([, value]) =>
            typeof value === 'number').map(([name, value]) => [name, value - before[name]]));
        return isWhole(more) && more;
    }, { what: 'the history to have it' });
}

test('it begins with the daemon, and has nothing yet', async () => {
    const { json } = await ask();
    assert.equal(json.step_ms, 10_000);
    assert.equal(json.since, json.times[0]);
    const { started_at: started } = (await daemon.get('/v1/status', as('ada'))).json;
    assert.ok(Math.abs(json.since - started) < 1000, `${json.since} and ${started}`);
    assert.deepEqual(json.times, json.times.map((_, i) => json.since + i * 10_000));
    assert.deepEqual(json.series.map(({ of }) => of), ['all']);
    const [whole] = json.series;
    for (const [name, list] of Object.entries(whole).filter(([, value]) => Array.isArray(value)))
        assert.equal(list.length, json.times.length, name);
    assert.equal(sum(whole.requests), 0);
    assert.ok(whole.p95_ms.every((one) => one === null));
    assert.deepEqual([whole.running.at(-1), whole.waiting.at(-1)], [0, 0]);
});

test('an answer counts once, at its place, with its bytes and times', async () => {
    let body, answer;
    const more = await added(async () => {
        body = { model_name: 'builtin/echo', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [7, 8] }] };
        answer = await daemon.infer(body, as('ada'));
        assert.equal(answer.status, 200, answer.text);
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.deepEqual(more, { requests: 1, failures: 0, prompt_tokens: 0, generated_tokens: 0,
        bytes_in: JSON.stringify(body).length, bytes_out: answer.body.length });
    const { json } = await ask('?model=builtin/echo');
    assert.equal(json.series.length, 1);
    const [series] = json.series;
    assert.deepEqual(summed(series), { of: 'model', model: 'builtin/echo', place, ...more });
    const at = series.requests.indexOf(1);
    assert.ok(series.p50_ms[at] > 0 && series.p50_ms[at] <= series.p95_ms[at]);
    assert.ok(series.queue_p95_ms[at] > 0);
    assert.equal(series.running, null);
    assert.equal(series.waiting, null);
});

test('a text counts its tokens, whole or as a stream', async () => {
    const talk = { model: 'talker@simulated', messages: [{ role: 'user', content: 'one two three' }] };
    for (const stream of [false, true]) {
        let answer;
        const more = await added(async () => {
            answer = await daemon.post('/v1/chat/completions', { ...talk, stream }, as('ada'));
            assert.equal(answer.status, 200, answer.text);
        }, ({ bytes_out: bytes }) => bytes > 0);
        assert.deepEqual([more.requests, more.failures, more.prompt_tokens, more.generated_tokens],
            [1, 0, 3, 3]);
        assert.equal(more.bytes_out, answer.body.length);
    }
});

test('a stored job counts once, when it has ended, with the bytes that are kept', async () => {
    const body = { model_name: 'builtin/echo', platform: 'simulated',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [9] }] };
    const size = JSON.stringify(body).length;
    const more = await added(async () => {
        const { json } = await daemon.post('/v1/jobs', body, as('ada'));
        await until(async () => (await daemon.get(`/v1/jobs/${json.id}?wait=10s`, as('ada')))
            .json.state === 'done', { what: 'the job to be done' });
        await daemon.get(`/v1/jobs/${json.id}`, as('ada')); // looking at it is no request for a run
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.equal(more.requests, 1);
    assert.equal(more.bytes_in, size);
    const keyed = await added(async () => {
        for (let i = 0; i < 2; i++) // the second is answered from what is kept
            assert.equal((await daemon.infer(body, as('ada',
                { headers: { 'Idempotency-Key': 'once' } }))).status, 200);
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.equal(keyed.requests, 1);
    assert.equal(keyed.bytes_in, size);
});

test('a failure counts where it ran, or nowhere; what was never a job does not', async () => {
    const nowhere = await added(async () => {
        const refused = await echo([1], { platform: 'wasm' });
        assert.equal(refused.status, 503, refused.text);
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.deepEqual([nowhere.requests, nowhere.failures], [1, 1]);
    const of = async (where) => summed((await ask('?model=builtin/echo')).json.series
        .find((one) => one.place === where));
    assert.deepEqual(await of(null), { of: 'model', model: 'builtin/echo', place: null, ...nowhere });

    await simulation.stop();
    await simulate({ nodes: 1, failRate: 1 });
    const before = await of(place);
    const there = await added(async () => {
        const failed = await echo([1]);
        assert.equal(failed.status, 502, failed.text);
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.deepEqual([there.requests, there.failures], [1, 1]);
    const now = await of(place);
    assert.deepEqual([now.requests, now.failures], [before.requests + 1, before.failures + 1]);
    await simulation.stop();

    const late = await added(async () => { // its node never answers
        await simulate({ nodes: 1, dropRate: 1 });
        const expired = await echo([1], { timeout_ms: 200 });
        assert.equal(expired.status, 504, expired.text);
    }, ({ bytes_out: bytes }) => bytes > 0);
    assert.deepEqual([late.requests, late.failures], [1, 1]);
    await simulation.stop();
    await simulate({ nodes: 4 });

    const whole = await all();
    for (const wrong of [{ inputs: 'text' }, { model_name: 'nobody/there' }])
        assert.ok((await echo([1], wrong)).status >= 400);
    assert.deepEqual(await all(), whole);
});

test('filters give what is exactly that, and an empty list where there is nothing', async () => {
    const series = async (query) => (await ask(query)).json.series.map(summed);
    const whole = (await series('')).slice(1);
    assert.ok(whole.length >= 3);
    assert.deepEqual(await series('?model=builtin/echo'),
        whole.filter(({ model }) => model === 'builtin/echo'));
    assert.deepEqual(await series(`?place=${encodeURIComponent(place)}`),
        whole.filter((one) => one.place === place));
    assert.deepEqual(await series(`?model=talker&place=${place}`),
        whole.filter(({ model }) => model === 'talker'));
    for (const none of ['?model=builtin', '?model=nobody%2Fthere', '?place=joined', '?place=chrome/wasm',
        '?model=talker&place=chrome/wasm', `?model=${encodeURIComponent('"\\ä')}`]) {
        const { json } = await ask(none);
        assert.deepEqual(json.series, [], none);
        assert.ok(json.times.length > 0);
    }
});

test('long steps sum up the short ones', async () => {
    const [short, long] = await until(async () => { // without a step that ends between them
        const [first, long, last] = [(await ask('?step=10s')).json, (await ask('?step=60s')).json,
            (await ask()).json];
        return first.times.length === last.times.length && [first, long];
    }, { what: 'two answers of one step' });
    assert.equal(long.step_ms, 60_000);
    assert.equal(long.since, short.since);
    assert.equal(long.times.length, Math.ceil(short.times.length / 6));
    assert.deepEqual(long.series.map(summed), short.series.map(summed));
});

test('what is none of them is refused by its name', async () => {
    for (const [query, field, more] of [
        ['?step=5s', 'step', { allowed: '10s, 60s' }], ['?step=', 'step', { allowed: '10s, 60s' }],
        ['?step=10', 'step', { allowed: '10s, 60s' }], ['?model=', 'model', {}],
        ['?place=', 'place', {}], [`?model=${'m'.repeat(400)}`, 'model', {}],
        [`?place=${'p'.repeat(65)}`, 'place', {}], ['?stp=60s', 'stp', {}]]) {
        const { status, json } = await ask(query);
        assert.equal(status, 400, query);
        assert.equal(json.code, field === 'stp' ? 'unknown_field' : 'invalid_field');
        assert.equal(json.field, field);
        for (const [name, value] of Object.entries(more)) assert.equal(json[name], value);
    }
});

test('users and admins may see it, others may not', async () => {
    for (const who of ['ada', 'root']) assert.equal((await ask('', who)).status, 200);
    const refused = await ask('', 'farm');
    assert.equal(refused.status, 403);
    assert.equal(refused.json.code, 'rank');
    assert.equal((await daemon.get('/v1/history')).status, 401);
    const text = (await ask()).text;
    for (const name of Object.keys(people)) assert.ok(!text.includes(name), 'no client has a name');
});

test('twelve who read at once beside those who ask', async () => {
    const readers = Array.from({ length: 12 }, async (_, i) => {
        let last = 0;
        for (let times = 0; times < 10; times++) {
            const { status, json } = await ask(i % 2 ? '?step=60s' : '');
            assert.equal(status, 200);
            const now = sum(json.series[0].requests);
            assert.ok(now >= last, 'it only grows within an hour');
            last = now;
        }
    });
    const before = (await all()).requests;
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => echo([i])));
    assert.ok(answers.every(({ status }) => status === 200));
    await Promise.all(readers);
    await until(async () => (await all()).requests === before + 60, { what: 'all to be counted' });
});

test('the load of a step is there once it has ended', async () => {
    await simulation.stop();
    await simulate({ nodes: 1, dropRate: 1 }); // what runs there goes on running
    const leaving = new AbortController();
    const left = daemon.infer({ model_name: 'builtin/count', platform: 'simulated', inputs: [],
        options: { count: 1 } }, as('ada', { signal: leaving.signal })).catch(() => 'left');
    await until(async () => (await ask()).json.series[0].running.at(-1) === 1,
        { what: 'it to run now' });
    await until(async () => (await ask()).json.series[0].running.at(-2) === 1,
        { what: 'a step to end while it runs', timeout: 12_000 * patience, every: 200 });
    leaving.abort();
    assert.equal(await left, 'left');
    await until(async () => (await ask()).json.series[0].running.at(-1) === 0,
        { what: 'it to run no more' });
});
