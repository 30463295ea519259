// tier: full
/**
 * Live sound through the daemon: where it is cut, that the same bytes give the same text however they come,
 * and that nothing of it is lost or told twice, whoever leaves. The node's text is made of the bytes that it got.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putFamilies } from '../lib/families.mjs';
import { ListeningNode, textOf } from '../lib/listening-node.mjs';
import { finals, hear, randomOf, SoundClient, talk, untilFinals } from '../lib/sound-client.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {ListeningNode} */
let node;
const test = testsOf(() => daemon);
const sound = talk();
/** What is to be told of a sound: each final without what only the run depends on. */
const told = (list) => list.map(({ executed_on: _, ...rest }) => rest);
/** @type {object[]} of `sound`, sent at once */
let whole;

const newNode = async () => new ListeningNode((await daemon.post('/v1/admin/join', {})).json.url).join();

before(async () => {
    daemon = new Daemon({ config: {
        api: { stream_grace: '60s', stream_buffer: '4K', sound_ahead: '30s' },
        bridge: { resume_grace: '1s' },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text' }, 'browser.chrome': { max_connections: 0 } } });
    putFamilies(daemon.store, { ear: 'wav2vec2', eye: 'vit' });
    await daemon.start({ ready: false });
    node = await newNode();
    whole = told((await hear(daemon, sound)).finals);
});
beforeEach(() => {
    node.says = null;
    node.goOn();
});
after(async () => {
    const client = await new SoundClient(daemon).begin();
    const reader = client.read();
    await reader.begun();
    node.isOpen = false;
    await client.send(sound);
    await until(() => node.waiting.length === 1, { what: 'a segment under way' });
    await node.close();
    await daemon.stop(); // which is not kept by a stream
    await reader.ended();
    assert.deepEqual([reader.last.event, reader.last.json.code], ['error', 'shutting_down'], JSON.stringify(reader.events));
    assert.equal(finals(reader).length, 0);
});

test('each word is a segment: its place, its text, and who heard it', async () => {
    const { finals: list, done, reader } = await hear(daemon, sound);
    assert.equal(list.length, 6);
    assert.deepEqual(list.map(({ segment }) => segment), [0, 1, 2, 3, 4, 5]);
    for (const { start_ms: start, end_ms: end, text } of list)
        assert.equal(text, textOf(sound.subarray(start * 32, end * 32)));
    assert.ok(list.every(({ start_ms: start, end_ms: end }, i) => start < end && start >= (list[i - 1]?.end_ms ?? 0)));
    assert.equal(list[0].executed_on.node, node.id);
    assert.equal(list[0].executed_on.platform, 'wasm');
    assert.deepEqual(done, { segments: 6, heard_ms: Math.floor(sound.length / 32) });
    assert.deepEqual(reader.events.filter(({ event }) => event === 'final').map(({ id }) => id), ['0', '1', '2', '3', '4', '5']);
    assert.equal(reader.last.id, undefined);
});

test('subscribers of channels are told one end of each stream, and nothing of its segments', async () => {
    const listener = new EventClient(`${daemon.url}/v1/channels?names=job_results`);
    await listener.begun();
    await hear(daemon, sound);
    const left = await new SoundClient(daemon).begin();
    await left.send(sound.subarray(0, 9000));
    assert.equal((await daemon.request(left.path, { method: 'DELETE' })).status, 200);
    const jobs = () => listener.events.filter(({ event }) => event === 'job_completed').flatMap(({ json }) => json.jobs);
    await until(() => jobs().length >= 2, { what: 'both ends' });
    await listener.leave();
    assert.deepEqual(jobs().map(({ id, model_name: model, status }) => [id.slice(0, 6), model, status]),
        [['sound-', 'ear', 'done'], ['sound-', 'ear', 'cancelled']]);
    assert.equal(`/v1/audio/streams/${jobs()[1].id}`, left.path);
    assert.deepEqual(jobs().map(({ performance }) => Object.keys(performance)), [['total_ms'], ['total_ms']]);
});

test('the same bytes give the same finals, in whatever pieces they come', async () => {
    const random = randomOf(7);
    for (const next of [() => 1 << 20, () => 3200, () => 997, () => 1 + Math.floor(random() * 60_000)])
        assert.deepEqual(told((await hear(daemon, sound, next)).finals), whole);
    const few = sound.subarray(0, 52_000); // up to the first word's end: a byte costs a request
    const first = told((await hear(daemon, few)).finals);
    assert.equal(first.length, 1);
    let sent = 0;
    const bytes = () => (sent++ < 600 ? 1 : 25_000);
    assert.deepEqual(told((await hear(daemon, few, bytes)).finals), first);
});

test('bytes that were had are passed over, a gap is refused with the place', async () => {
    const client = await new SoundClient(daemon).begin();
    const reader = client.read();
    assert.equal((await client.post(sound.subarray(0, 9001), 0)).json.position, 9001);
    const again = await client.post(sound.subarray(0, 9001), 0);
    assert.deepEqual([again.status, again.json.position], [200, 9001]);
    assert.equal((await client.post(sound.subarray(4000, 20_000), 4000)).json.position, 20_000);
    const gap = await client.post(sound.subarray(20_001, 20_002), 20_001);
    assert.deepEqual([gap.status, gap.json.code, gap.json.field, gap.json.expected], [409, 'conflict', 'position', '20000']);
    client.position = 20_000;
    await client.send(sound);
    await client.end();
    await reader.ended();
    assert.deepEqual(told(finals(reader)), whole);
    const late = await client.post(sound.subarray(0, 4), sound.length);
    assert.deepEqual([late.status, late.json.code, late.json.expected], [409, 'conflict', String(sound.length)]);
    assert.equal((await client.end()).status, 200);
});

test('what is refused, and why', async () => {
    const begin = (body) => daemon.post('/v1/audio/streams', body);
    for (const [body, status, code, field, expected] of [
        [{}, 400, 'missing_field', 'model_name', undefined],
        [{ model_name: 'ear', sampling_rate: 7000 }, 400, 'invalid_field', 'sampling_rate', '8000 to 48000'],
        [{ model_name: 'ear', channels: 3 }, 400, 'invalid_field', 'channels', '1 to 2'],
        [{ model_name: 'ear', format: 'mp3' }, 400, 'invalid_field', 'format', undefined],
        [{ model_name: 'ear', pause_ms: 50 }, 400, 'invalid_field', 'pause_ms', '100 to 5000'],
        [{ model_name: 'ear', rate: 16000 }, 400, 'unknown_field', 'rate', undefined],
        [{ model_name: 'ear', options: { top: 3 } }, 400, 'unknown_field', 'options.top', undefined],
        [{ model_name: 'nobody' }, 404, 'model_not_found', 'model_name', undefined],
        [{ model_name: 'eye' }, 422, 'input_invalid', 'model_name', 'a model that does automatic-speech-recognition'],
        [{ model_name: 'builtin/echo' }, 422, 'input_invalid', 'model_name', 'a model that does automatic-speech-recognition']]) {
        const { status: got, json } = await begin(body);
        assert.deepEqual([got, json.code, json.field, expected && json.expected], [status, code, field, expected], JSON.stringify(json));
    }
    const client = await new SoundClient(daemon).begin({ format: 'f32le', channels: 2 });
    assert.equal((await client.post(Buffer.alloc(1001), 0)).status, 200);
    const torn = await client.end();
    assert.deepEqual([torn.status, torn.json.code, torn.json.field, torn.json.expected],
        [400, 'invalid_field', 'position', 'a multiple of 8 bytes in all, or DELETE']);
    assert.equal((await client.post(Buffer.alloc(7), 1001)).status, 200);
    assert.equal((await client.end()).status, 200);
    const none = await daemon.request('/v1/audio/streams/sound-0', { method: 'DELETE' });
    assert.deepEqual([none.status, none.json.code, none.json.field], [404, 'not_found', 'id']);
    assert.equal((await client.post(Buffer.alloc((1 << 20) + 1), 0)).status, 413);
    const json = await daemon.post(`${client.path}?position=0`, { a: 1 });
    assert.deepEqual([json.status, json.json.allowed], [415, 'application/octet-stream']);
    assert.equal((await daemon.request(client.path, { method: 'POST', body: Buffer.alloc(2),
        headers: { 'Content-Type': 'application/octet-stream' } })).json.code, 'missing_field');
    await client.read().ended();
});

test('to another client it is not there, whatever that asks of it', async () => {
    const client = await new SoundClient(daemon).begin();
    const stranger = (method, what, more = {}) => daemon.request(`${client.path}${what}`, { method, localAddress: '127.0.0.2', ...more });
    const bytes = { body: Buffer.alloc(2), headers: { 'Content-Type': 'application/octet-stream' } };
    for (const [method, what, more] of [['POST', '?position=0', bytes], ['POST', '/end'], ['DELETE', ''], ['GET', '/events']]) {
        const { status, json } = await stranger(method, what, more);
        assert.deepEqual([status, json.code, json.field], [404, 'not_found', 'id'], method + what);
    }
    const reader = client.read();
    await client.send(sound.subarray(0, 52_000));
    assert.equal((await client.end()).status, 200);
    await reader.ended();
    assert.equal(finals(reader).length, 1); // as if nobody had asked
});

test('a partial tells the open segment, and gives way to its final', async () => {
    const client = await new SoundClient(daemon).begin();
    const reader = client.read();
    await reader.begun();
    const partials = () => reader.events.filter(({ event }) => event === 'partial');
    const long = talk({ seed: 3, words: 1, length: 4 });
    await client.send(long.subarray(0, 70_000));
    await until(() => partials().length === 1, { what: 'a partial' });
    node.says = () => ({ text: 'one tw\u{1F600}' });
    await client.send(long.subarray(0, 90_000));
    await until(() => partials().length === 2, { what: 'another' });
    node.says = () => ({ text: 'one tw\u{1F601} three' });
    await client.send(long.subarray(0, 110_000));
    await until(() => partials().length === 3, { what: 'a third' });
    assert.deepEqual(partials().map(({ json: { segment, stable } }) => [segment, stable]), [[0, 0], [0, 0], [0, 6]]);
    assert.ok(partials().every(({ id, json }) => id === undefined && json.start_ms === partials()[0].json.start_ms));
    node.isOpen = false;
    await client.send(long.subarray(0, 130_000));
    await until(() => node.waiting.length === 1, { what: 'a partial under way' });
    node.says = null;
    await client.send(long);
    await client.end();
    await until(() => node.waiting.length === 2, { what: 'the final beside it' });
    node.goOn();
    await reader.ended();
    assert.deepEqual(told(finals(reader)), told((await hear(daemon, long, undefined, { partials: false })).finals));
    const quiet = await hear(daemon, long, () => 20_000, { partials: false });
    assert.ok(quiet.reader.events.every(({ event }) => event !== 'partial'));
});

test('a model slower than the sound: the lag is told, more is refused, and nothing is lost', async () => {
    const much = talk({ seed: 4, words: 40 });
    const expected = told((await hear(daemon, much)).finals);
    const client = await new SoundClient(daemon).begin({ partials: false });
    const reader = client.read();
    await reader.begun();
    node.isOpen = false;
    const sending = client.send(much, () => 32_000);
    await until(() => client.refusals > 0, { what: 'a refusal' });
    const position = client.position;
    const refused = await client.post(much.subarray(position, position + 2));
    assert.equal(refused.status, 429);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    const had = (await client.post(much.subarray(0, 2), 0)).json; // what was had costs nothing
    assert.equal(had.position, position);
    assert.ok(had.heard_ms - had.done_ms > 30_000 && had.lag_ms > 25_000, JSON.stringify(had));
    assert.equal((await daemon.status()).sound.lag_ms, had.lag_ms);
    await until(() => reader.events.some(({ event, json }) => event === 'lag' && json.lag_ms > 2000), { what: 'the lag' });
    node.goOn();
    await sending;
    await client.end();
    await reader.ended();
    assert.deepEqual(told(finals(reader)), expected);
    assert.equal(await daemon.metric('webinfer_sound_lag_seconds'), 0);
});

test('a node lost in mid-segment: another hears it, once', async () => {
    const client = await new SoundClient(daemon).begin({ partials: false });
    const reader = client.read();
    node.isOpen = false;
    await client.send(sound);
    await client.end();
    await until(() => node.waiting.length === 1, { what: 'a segment' });
    await node.cut();
    node.waiting = [];
    node = await newNode();
    await reader.ended();
    assert.deepEqual(told(finals(reader)), whole);
});

test('sender and reader are cut and come back', async () => {
    const client = await new SoundClient(daemon).begin({ partials: false });
    const first = client.read();
    await client.send(sound.subarray(0, 100_000));
    await untilFinals(first, 2);
    await first.leave();
    const had = finals(first).length;
    const call = http.request(`${daemon.url}${client.path}?position=100000`, { method: 'POST', agent: false,
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': 40_000 } });
    call.on('error', () => {});
    await new Promise((written) => call.write(sound.subarray(100_000, 120_000), written));
    call.destroy();
    await client.send(sound, () => 30_000);
    const second = client.read(first.events.filter(({ event }) => event === 'final').at(-1).id);
    const third = client.read(); // ends the second, and has all of it from the beginning
    await until(() => second.over, { what: 'the second to be cut' });
    await client.end();
    await third.ended();
    assert.equal(second.over, 'cut');
    assert.deepEqual(told(finals(third)), whole);
    const fourth = client.read(String(had - 1)); // its end is kept for a while
    await fourth.ended();
    assert.deepEqual(told(finals(fourth)), whole.slice(had));
    assert.equal(fourth.last.event, 'done');
    const wrong = client.read('99');
    await wrong.ended();
    assert.deepEqual([wrong.status, wrong.problem.field], [400, 'Last-Event-ID']);
});

test('nobody sends for stream_grace: that is its end', async () => {
    const client = await new SoundClient(daemon).begin();
    const reader = client.read();
    await client.send(sound.subarray(0, sound.length - 1)); // in the middle of a sample
    await daemon.reload({ api: { stream_grace: '1s' } });
    await reader.ended();
    assert.deepEqual(told(finals(reader)), whole);
    assert.equal(reader.last.event, 'done');
    await until(async () => (await client.end()).status === 404, { what: 'it to be gone' });
    await daemon.reload({ api: { stream_grace: '60s' } });
});

test('a segment that fails is told, and the stream goes on', async () => {
    let count = 0;
    node.says = () => (++count === 2 ? { code: 'inference_failed', message: 'it did not' } : null);
    const client = await new SoundClient(daemon).begin({ partials: false });
    const reader = client.read();
    await client.send(sound);
    await client.end();
    await reader.ended();
    const [failure] = reader.events.filter(({ event }) => event === 'error');
    assert.deepEqual([failure.id, failure.json.segment, failure.json.code, failure.json.status], ['1', 1, 'inference_failed', 500]);
    assert.deepEqual(told(finals(reader)), whole.filter(({ segment }) => segment !== 1));
    assert.equal(reader.last.json.segments, 6);
});

test('DELETE gives it up', async () => {
    const client = await new SoundClient(daemon).begin();
    const reader = client.read();
    node.isOpen = false;
    await client.send(sound);
    await until(() => node.waiting.length > 0, { what: 'a segment' });
    assert.deepEqual((await client.cancel()).json.state, 'cancelled');
    await reader.ended();
    assert.deepEqual([reader.last.event, reader.last.json.code, reader.last.json.segment], ['error', 'cancelled', undefined]);
    await until(async () => (await daemon.metric('webinfer_jobs_running')) === 0, { what: 'nothing to run' });
});

test('silence for an hour is no segment, and what goes on is cut before 28 s', async () => {
    const { finals: none, done } = await hear(daemon, Buffer.alloc(8000 * 3600 * 2), undefined, { sampling_rate: 8000 });
    assert.deepEqual([none, done], [[], { segments: 0, heard_ms: 3_600_000 }]);
    const endless = talk({ seed: 5, words: 1, length: 80 });
    const { finals: list } = await hear(daemon, endless);
    assert.ok(list.length >= 3);
    for (const [i, { start_ms: start, end_ms: end }] of list.slice(0, -1).entries()) {
        assert.ok(end - start >= 23_000 && end - start <= 28_000, `${start} to ${end}`);
        assert.equal(list[i + 1].start_ms, end);
    }
});

test('a stream that nobody reads holds what it may, and gives it to who comes', async () => {
    node.says = (bytes) => ({ text: `${textOf(bytes)} ${'x'.repeat(1500)}` });
    const much = talk({ seed: 6, words: 40 });
    const expected = told((await hear(daemon, much)).finals);
    const before = node.answered;
    const client = await new SoundClient(daemon).begin();
    const sending = client.send(much, () => 32_000);
    await until(() => client.refusals > 0, { what: 'a refusal' });
    assert.ok(node.answered - before <= 4, 'no more than stream_buffer is made for nobody');
    assert.match((await client.post(much.subarray(client.position, client.position + 2))).json.detail, /no client reads its events/);
    const reader = client.read();
    await sending;
    await client.end();
    await reader.ended();
    assert.deepEqual(told(finals(reader)), expected);
});

test('twelve at once give what each gives alone', async () => {
    const sounds = Array.from({ length: 12 }, (_, i) => talk({ seed: 20 + i, words: 4 }));
    const alone = [];
    for (const one of sounds) alone.push(told((await hear(daemon, one)).finals));
    const random = randomOf(8);
    const busy = Promise.all(Array.from({ length: 20 }, () => daemon.infer({ model_name: 'ear',
        inputs: { audio: sound.toString('base64'), format: 's16le', sampling_rate: 16000 } })));
    const together = await Promise.all(sounds.map(async (one) =>
        told((await hear(daemon, one, () => 1 + Math.floor(random() * 40_000))).finals)));
    assert.deepEqual(together, alone);
    for (const answer of await busy) assert.equal(answer.json.result.text, textOf(sound));
});

test('as many as may be are there at a time, and what is over counts no more', async () => {
    const clients = [];
    for (let i = 0; i < 32; i++) clients.push(await new SoundClient(daemon).begin());
    const refused = await daemon.post('/v1/audio/streams', { model_name: 'ear' });
    assert.deepEqual([refused.status, refused.json.code], [429, 'queue_full']);
    assert.equal((await daemon.status()).sound.streams, 32);
    for (const client of clients) await client.cancel();
    await (await new SoundClient(daemon).begin()).cancel();
    assert.equal((await daemon.status()).sound.streams, 0);
});
