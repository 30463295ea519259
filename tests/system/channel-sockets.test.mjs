// tier: full, sanitized
/**
 * [channels] listen: who may subscribe, what each encoding gets, what a slow reader misses, what bad input gets, and that
 * the listener ends with the service. Nodes are simulated.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificate } from '../lib/certificate.mjs';
import { FrameClient } from '../lib/channel-frames.mjs';
import { followRows, numberRows, publishRows as publish } from '../lib/channel-rows.mjs';
import { ChannelSocket, channelsUrl } from '../lib/channel-socket.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { VectorViewer } from '../lib/vector-viewer.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', bob: 'user', root: 'admin', page: 'node' };
const tokens = tokensOf(people);
const MIB = 1 << 20;
const BOTH = ['job_results', 'vector_updates'], VECTORS = ['vector_updates'];
const words = { NaN, Infinity, '-Infinity': -Infinity };

/** @type {Daemon} one with tokens, and one without */
let daemon, open;
/** @type {Simulation[]} */
const simulations = [];
let url, openUrl;
const test = testsOf(() => daemon);
const as = (who) => (who ? { headers: { Authorization: `Bearer ${tokens[who]}` } } : {});

const publishRows = (bytes, width, who = 'ada', of = daemon) => publish(of, bytes, width, as(who));
const embed = (input, who, of = daemon) =>
    of.post('/v1/embeddings', { model: 'vectors@simulated', input, publish: true }, as(who));
const used = () => daemon.get('/metrics', as('root')).then(({ text }) => Number(text.match(/^webinfer_memory_used_bytes (\d+)/m)[1]));

const clients = [];
const socket = (options = {}, where = url) => {
    const client = new ChannelSocket(where, options);
    clients.push(client);
    return client;
};
const hear = (who, channels = BOTH, more = {}, options = {}) => socket(options).subscribe(channels, more, tokens[who]);
const leaveAll = () => Promise.all(clients.splice(0).map((one) => one.leave()));

const daemonOf = (config, more = {}) => {
    const one = new Daemon({ config: { bridge: { heartbeat_misses: 100, resume_grace: '1s' },
        channels: { listen: '127.0.0.1:0' }, pool: { min_connections: 0, numerics: 'off', memory_budget: '512M' },
        'browser.chrome': { max_connections: 0 }, ...config }, ...more });
    putGguf(one.store, 'vectors', { arch: 'bert' });
    return one;
};
async function up(one, token) {
    await one.start({ ready: false });
    simulations.push(await new Simulation(one, { nodes: 1, token }).up());
    return channelsUrl(one);
}

before(async () => {
    daemon = daemonOf({ api: { tokens_file: '', send_timeout: '600s', allowed_origins: 'https://views.example' } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    open = daemonOf({ api: { allowed_origins: 'https://views.example', send_timeout: '1s' } });
    [url, openUrl] = await Promise.all([up(daemon, tokens.root), up(open)]);
});
afterEach(leaveAll);
after(async () => {
    await Promise.all(simulations.map((one) => one.stop()));
    await Promise.all([daemon.stop(), open.stop()]);
});

test('a client that knows no more than a WebSocket and Float32 sees vectors', async () => {
    assert.ok(fs.readFileSync(path.join(import.meta.dirname, '../lib/vector-viewer.mjs'), 'utf8').split('\n').length <= 61);
    const viewers = [new VectorViewer(openUrl), new VectorViewer(openUrl, { encoding: 'float32', origin: 'https://views.example' })];
    try {
        await until(() => viewers.every(({ isOpen }) => isOpen), { what: 'both to be connected' });
        const elsewhere = new VectorViewer(openUrl, { origin: 'https://elsewhere.example' });
        await until(() => elsewhere.errors.length, { what: 'the refusal' });
        assert.match(elsewhere.errors[0], /403/);
        // They do not know when they have subscribed. Requests that end within 50 ms share a message, which has no one result.
        let wanted;
        await until(async () => {
            const { json } = await embed('a bird', undefined, open);
            wanted = Float32Array.from(json.data[0].embedding);
            return viewers[0].results.length && viewers[1].floats.length;
        }, { what: 'vectors', every: 250 });
        assert.deepEqual(viewers[0].results.at(-1), wanted);
        assert.deepEqual(viewers[1].floats.at(-1), wanted);
        assert.ok(viewers.every(({ statuses, errors }) => statuses[0] === 'done' && errors.length === 0));
    } finally {
        for (const one of viewers) one.leave();
    }
});

test('the same rows by events, HTTP frames, and each encoding of the WebSocket are equal bit for bit', async () => {
    const width = 33, rows = Buffer.from(Float32Array.from({ length: 700 * width }, () => Math.fround(Math.random() - 0.5)).buffer);
    rows.writeFloatLE(NaN, 0);
    rows.writeFloatLE(-Infinity, 4);
    const query = `${daemon.url}/v1/channels?models=builtin/echo`;
    const events = new EventClient(query, as('ada')), frames = await new FrameClient(query, as('root')).begun();
    await events.begun();
    const encodings = ['json', 'frame', 'float32'];
    const sockets = await Promise.all(encodings.map((encoding) => hear('ada', BOTH, { encoding, models: ['builtin/echo'] })));
    const other = await hear('ada', BOTH, { models: ['vectors'] });
    await publishRows(rows, width);
    const eventBatches = () => events.events.filter(({ event }) => event === 'vector_batch').map(({ json }) => json);
    const eventRows = () => eventBatches().flatMap(({ vectors }) => vectors);
    const frameRows = () => Buffer.concat(frames.frames.filter(({ type }) => type === 'vector_batch').map(({ tensors }) => tensors[0].bytes));
    const completed = [() => events.events.filter(({ event }) => event === 'job_completed').map(({ json }) => json),
        () => frames.frames.filter(({ type }) => type === 'job_completed').map(({ type, data }) => ({ type, ...data })),
        ...sockets.map((one) => () => one.of('job_completed'))];
    await until(() => eventRows().length === 700 && frameRows().length === rows.length && sockets.every((one) => one.rows === 700) &&
        completed.every((of) => of().length), { what: 'all messages' });
    assert.deepEqual(Buffer.from(Float32Array.from(eventRows().flat(), (one) => words[one] ?? one).buffer), rows);
    assert.deepEqual(frameRows(), rows);
    const [first] = eventBatches();
    for (const [i, one] of sockets.entries()) {
        assert.deepEqual(one.bytes, rows, encodings[i]);
        const { count, dimensions, model_name: model, jobs, labels, timestamp } = one.of('vector_batch')[0];
        assert.deepEqual({ count, dimensions, model, jobs, labels, timestamp },
            { count: first.count, dimensions: first.dimensions, model: first.model_name, jobs: first.jobs, labels: first.labels, timestamp: first.timestamp });
    }
    assert.equal(sockets[2].of('vector_batch')[0].vectors, undefined);
    const [[told]] = completed.map((of) => of());
    assert.deepEqual([told.jobs[0].id, told.jobs[0].status], [first.jobs[0], 'done']);
    for (const of of completed) assert.deepEqual(of(), [told]);
    assert.deepEqual(other.of('vector_batch'), []);
    assert.deepEqual(other.jobs, []);
    await Promise.all([events.leave(), frames.leave()]);
});

test('a client hears its own requests, an admin all, and nobody those of others', async () => {
    const [ada, bob, root] = await Promise.all(['ada', 'bob', 'root'].map((who) => hear(who)));
    const { json } = await embed(['a bird', 'a boat'], 'ada');
    await until(() => ada.rows && ada.jobs.length && root.rows && root.jobs.length, { what: 'both channels' });
    assert.deepEqual(ada.of('vector_batch')[0].labels, ['a bird', 'a boat']);
    assert.deepEqual(ada.bytes, Buffer.from(Float32Array.from(json.data.flatMap(({ embedding }) => embedding)).buffer));
    assert.deepEqual(root.messages.filter(({ type }) => type !== 'subscribed'), ada.messages.filter(({ type }) => type !== 'subscribed'));
    await embed('one', 'ada');
    await until(() => ada.of('job_completed').length === 2, { what: 'the second request' });
    const [two, one] = ada.of('job_completed');
    assert.equal(two.result.vector, undefined);
    assert.deepEqual(one.result, one.jobs[0].result);
    assert.ok(one.result.vector.length > 0);
    await embed('of bob', 'bob');
    await until(() => bob.rows, { what: 'what bob hears' });
    assert.deepEqual(bob.messages.map(({ type }) => type).sort(), ['job_completed', 'subscribed', 'vector_batch']);
    assert.equal(bob.jobs.length, 1);
    bob.say({ type: 'request_vectors', limit: 4096 });
    await until(() => bob.rows === 2, { what: 'his latest vector, once more' });
    assert.deepEqual(bob.of('vector_batch').flatMap(({ labels }) => labels), ['of bob', 'of bob']);
});

test('channels are added and left, and the latest vectors can be asked for', async () => {
    const ada = await hear('ada', ['job_results']);
    assert.deepEqual(ada.of('subscribed')[0], { type: 'subscribed', channels: ['job_results'], models: [], encoding: 'json' });
    assert.deepEqual((await ada.ask({ type: 'request_vectors' }, 'error')).code, 'conflict');
    assert.deepEqual((await ada.ask({ type: 'subscribe', channels: VECTORS, models: ['vectors'] }, 'subscribed')),
        { type: 'subscribed', channels: BOTH, models: ['vectors'], encoding: 'json' });
    assert.equal((await ada.ask({ type: 'subscribe', channels: VECTORS, encoding: 'frame' }, 'error')).field, 'encoding');
    await embed(['one', 'two', 'three'], 'ada');
    await until(() => ada.rows === 3 && ada.jobs.length, { what: 'all that there is' });
    ada.say({ type: 'request_vectors', limit: 2 });
    await until(() => ada.rows === 5, { what: 'the latest two' });
    assert.deepEqual(ada.of('vector_batch')[1].labels, ['two', 'three']);
    ada.say({ type: 'request_vectors' });
    await until(() => ada.rows >= 8, { what: 'the latest' });
    const had = ada.rows;
    assert.deepEqual((await ada.ask({ type: 'unsubscribe', channels: VECTORS }, 'subscribed')).channels, ['job_results']);
    await embed('four', 'ada');
    await until(() => ada.jobs.length === 2, { what: 'the result' });
    assert.deepEqual((await ada.ask({ type: 'unsubscribe' }, 'subscribed')).channels, []);
    const root = await hear('root');
    await embed('five', 'ada');
    await until(() => root.rows && root.jobs.length, { what: 'the message that it does not get' });
    await ada.ask({ type: 'subscribe', channels: BOTH }, 'subscribed');
    await embed('six', 'ada');
    await until(() => ada.jobs.length === 3, { what: 'the next result' });
    await until(() => ada.rows === had + 1, { what: 'its vector' });
});

test('a reader that stops misses whole batches, is told to the row, and costs nobody anything', async () => {
    const width = 384, rows = crypto.randomBytes(500 * width * 4).map((byte, at) => (at % 4 === 3 ? 0 : byte));
    const quick = await hear('ada', VECTORS, { encoding: 'frame' }), bob = await hear('bob');
    let sent = 0;
    const send = async (times) => {
        for (let i = 0; i < times; i++, sent += 500) await publishRows(numberRows(rows, width, sent), width);
    };
    await send(40); // the latest rows are as many as they may be
    const base = await used(), first = sent;
    const slow = await Promise.all(['frame', 'float32', 'json'].map((encoding) => hear('ada', VECTORS, { encoding })));
    for (const one of slow) one.stop();
    let most = 0;
    for (let i = 0; i < 60; i++) {
        await send(1);
        most = Math.max(most, await used());
    }
    assert.ok(most - base < 8 * MIB, `${most - base} bytes more`);
    await until(() => quick.rows === sent, { what: 'the quick one to get all' });
    assert.deepEqual(followRows(quick.messages, 0), { got: sent, missed: 0, next: sent });
    for (const one of slow) one.go();
    await until(() => slow.every((one) => one.rows + one.missed === sent - first), { what: 'all rows to be told' });
    await send(1);
    await until(() => slow.every((one) => one.rows + one.missed === sent - first), { what: 'the rows after that' });
    for (const { got, missed, next } of slow.map((one) => followRows(one.messages, first))) {
        assert.equal(next, sent);
        assert.ok(got > 1000 && missed > 5000, `${got} rows, ${missed} missed`);
    }
    await embed('x', 'bob');
    await until(() => bob.rows && bob.jobs.length, { what: 'what bob hears' });
    assert.deepEqual(bob.messages.map(({ type }) => type).sort(), ['job_completed', 'subscribed', 'vector_batch']); // and nothing of others
});

test('answers that are not read wait, and too many of them end the connection', async () => {
    const width = 384, rows = crypto.randomBytes(500 * width * 4).map((byte, at) => (at % 4 === 3 ? 0 : byte));
    const part = 'm'.repeat(120), models = ['builtin/echo', ...Array.from({ length: 63 }, (_, i) => `${part}/${part}:${part}${i}`)]; // 23 KB, which the answer repeats
    const reason = "the answers to this client's messages are not read", logged = daemon.log.length;
    const closings = () => daemon.log.slice(logged).split(`a connection of a subscriber was closed: ${reason}`).length - 1;
    const askTwelve = async (one) => {
        for (let i = 0; i < 12; i++) one.say({ type: 'subscribe', channels: VECTORS, models });
        await sleep(1100); // at most 20 a second
    };
    const stop = async (one) => {
        one.stop();
        for (let i = 0; i < 24; i++) await publishRows(rows, width); // more than the system takes for a socket
    };
    for (const [closed, encoding] of ['frame', 'float32'].entries()) {
        const one = await hear('ada', VECTORS, { encoding });
        await stop(one);
        await askTwelve(one);
        one.go();
        await until(() => one.of('subscribed').length === 13, { what: 'all answers' });
        assert.equal(one.closed, null);
        await stop(one);
        // The system makes room in what it has taken now and then, by joining packets.
        for (let times = 0; closings() === closed && times < 10; times++) await askTwelve(one);
        one.go(); // it has 5 s to read the end
        await one.ended();
        assert.deepEqual(one.closed, { code: 1013, reason });
    }
    assert.equal(closings(), 2);
});

test('who may not subscribe is told why', async () => {
    const refusal = async (options, where = url) => {
        const one = await socket(options, where).begun();
        assert.ok(one.refused, 'it was let in');
        assert.equal(one.refused.type, 'application/problem+json');
        assert.equal(one.refused.json.status, one.refused.status);
        clients.pop();
        return [one.refused.status, one.refused.json.code, one.refused.json.field];
    };
    assert.deepEqual(await refusal({ origin: 'https://elsewhere.example' }), [403, 'forbidden_origin', 'Origin']);
    assert.deepEqual(await refusal({ origin: 'null' }), [403, 'forbidden_origin', 'Origin']);
    assert.deepEqual(await refusal({ headers: { Host: 'rebound.example' } }), [403, 'forbidden_host', 'Host']);
    assert.deepEqual(await refusal({ protocol: ['webinfer.v1'] }), [400, 'bad_request', 'Sec-WebSocket-Protocol']);
    assert.deepEqual(await refusal({}, `${url}/node`), [404, 'not_found', undefined]);
    for (const name of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'X-Forwarded-Host'])
        assert.deepEqual(await refusal({ headers: { [name]: 'for=192.0.2.1' } }, openUrl), [401, 'unauthorized', name]);
    const plain = await fetch(url.replace('ws:', 'http:'));
    assert.deepEqual([plain.status, (await plain.json()).code], [400, 'bad_request']);
    await (await socket({ protocol: ['other', 'webinfer.channels.v1'], origin: 'https://views.example' }, `${url}/v1/channels`).begun()).leave();
});

test('tokens come first, and soon', async () => {
    const ends = async (say, who = socket({})) => {
        await who.begun();
        for (const one of say) who.say(one);
        await who.ended();
        return [who.closed.code, who.of('error').at(-1)?.code, who.of('subscribed').length];
    };
    const subscribe = { type: 'subscribe', channels: BOTH };
    assert.deepEqual(await ends([subscribe]), [1008, 'unauthorized', 0]);
    const logged = daemon.log.length;
    assert.deepEqual(await ends([{ type: 'authenticate', token: 'wi_wrong' }, subscribe]), [1008, 'unauthorized', 0]);
    await until(() => /channels.*127\.0\.0\.1.*a connection of a subscriber was closed: this token is not known/.test(daemon.log.slice(logged)),
        { what: 'the line in the log' });
    assert.deepEqual(await ends([{ type: 'authenticate', token: tokens.page }, subscribe]), [1008, 'rank', 0]);
    assert.deepEqual(await ends(['{"type":']), [1008, 'bad_json', 0]);
    const began = performance.now();
    assert.deepEqual(await ends([]), [1008, undefined, 0]);
    assert.ok(performance.now() - began > 4500);
    const ada = await hear('ada');
    assert.equal((await ada.ask({ type: 'authenticate', token: tokens.bob }, 'error')).code, 'conflict');
    const anyone = await socket({}, openUrl).subscribe(BOTH, {}, 'needless');
    assert.equal(anyone.of('subscribed').length, 1);
});

test('what bad messages get', async () => {
    const ada = await hear('ada');
    const wrong = [[{ type: 'listen' }, 'invalid_field', 'type'], [{ type: 'subscribe', channels: ['jobs'] }, 'invalid_field', 'channels'],
        [{ type: 'subscribe', channels: BOTH, model: 'x' }, 'unknown_field', 'model'], ['garbage', 'bad_json', undefined],
        [Buffer.from('{}'), 'bad_request', undefined], [{ type: 'subscribe' }, 'missing_field', 'channels']];
    for (const [message, code, field] of wrong) {
        const { code: got, field: where, detail } = await ada.ask(message, 'error');
        assert.deepEqual([got, where], [code, field]);
        assert.ok(detail.length > 10);
        await ada.ask({ type: 'subscribe', channels: BOTH }, 'subscribed'); // a good one in between
    }
    for (let i = 0; i < 3; i++) ada.say({ type: 'listen' });
    await ada.ended();
    assert.deepEqual([ada.closed.code, ada.of('error').length], [1008, wrong.length + 3]);

    const long = await hear('ada');
    long.say(JSON.stringify({ type: 'listen', more: 'x'.repeat(65_536 - 27) }).padEnd(65_536));
    await until(() => long.of('error').length, { what: 'the answer to a long message' });
    long.say(' '.repeat(65_537));
    await long.ended();
    assert.deepEqual([long.closed.code, long.closed.reason], [1009, 'a message may have at most 65536 bytes']);

    const unmasked = await hear('ada');
    unmasked.socket.send('{}', { mask: false });
    await unmasked.ended();
    assert.equal(unmasked.closed.code, 1002);

    // What follows a close frame is not heard; the masks are zeros.
    const late = await hear('ada'), more = Buffer.from(JSON.stringify({ type: 'request_vectors' })), mask = [0, 0, 0, 0];
    late.socket._socket.write(Buffer.concat([Buffer.from([0x88, 0x82, ...mask, 0x03, 0xe8, 0x81, 0x80 | more.length, ...mask]), more]));
    await late.ended();
    assert.deepEqual(late.messages.map(({ type }) => type), ['subscribed']);

    const hasty = await hear('ada');
    for (let i = 0; i < 60; i++) hasty.say({ type: 'subscribe', channels: BOTH });
    await hasty.ended();
    assert.deepEqual([hasty.closed.code, hasty.closed.reason], [1008, 'more than 20 messages came in a second']);
    const bob = await hear('bob');
    await embed('x', 'bob');
    await until(() => bob.rows, { what: 'what bob hears' });
});

test('a thousand connections keep nobody from subscribing', async () => {
    const bob = await hear('bob');
    const { hostname: host, port } = new URL(url);
    const ways = [() => net.connect({ host, port: Number(port) }).resume().on('error', () => {}), () => socket({}).socket];
    for (const connect of ways) { // those that say nothing, and those that are WebSockets and never say who they are
        const crowd = [], open = new Set();
        const isClosed = ({ readyState, CLOSED = 'closed' }) => readyState === CLOSED;
        try {
            for (let i = 0; i < 10; i++) { // one after the other, so that most have become what they are before another replaces them
                const some = Array.from({ length: 100 }, connect);
                crowd.push(...some);
                for (const one of some) one.once('open', () => open.add(one));
                await until(() => some.every(({ readyState }) => readyState !== 0 && readyState !== 'opening'), { what: 'them to be there' });
            }
            await until(() => crowd.filter(isClosed).length >= 744, { what: 'all but 256 to be closed' });
            const ada = await hear('ada');
            await embed('x', 'ada');
            await embed('y', 'bob');
            await until(() => ada.rows && bob.rows, { what: 'both to hear' });
            assert.equal(bob.closed, null);
            assert.ok(connect === ways[0] || open.size > 500, `${open.size} became WebSockets`);
        } finally {
            for (const one of crowd) (one.terminate ?? one.destroy).call(one);
        }
    }
});

test('memory returns within 60 s of the last subscriber', async () => {
    await leaveAll();
    await until(async () => await used() < MIB, { what: 'the memory of earlier tests to be free', timeout: 60_000 });
    const base = await used();
    const ada = await hear('ada', VECTORS, { encoding: 'frame' });
    await publishRows(Buffer.alloc(4 * MIB), 256);
    await until(() => ada.rows + ada.missed === 4096, { what: 'all rows' });
    assert.ok(await used() > base + 3 * MIB);
    await leaveAll();
    await until(async () => await used() <= base + 64 * 1024, { what: 'the memory to be free', timeout: 60_000 });
});

test('a client has 64 subscribers, and others still get theirs', async () => {
    await Promise.all(Array.from({ length: 64 }, () => hear('ada')));
    const more = await socket({}).begun();
    more.say({ type: 'authenticate', token: tokens.ada });
    more.say({ type: 'subscribe', channels: BOTH });
    await more.ended();
    assert.deepEqual([more.closed.code, more.of('error')[0].code], [1013, 'too_many_watchers']);
    const { status } = await daemon.get('/v1/channels', as('ada'));
    assert.equal(status, 429);
    const bob = await hear('bob');
    await embed('x', 'bob');
    await until(() => bob.rows, { what: 'what bob hears' });
    await clients.shift().leave();
    await until(async () => {
        const again = await socket({}).begun();
        again.say({ type: 'authenticate', token: tokens.ada });
        again.say({ type: 'subscribe', channels: BOTH });
        await until(() => again.of('subscribed').length || again.closed, { what: 'an answer' });
        return !again.closed;
    }, { what: 'the free place' });
});

test('a client that shows no life for long is dropped, and one that answers pings stays', async () => {
    const alive = await socket({}, openUrl).subscribe(VECTORS);
    const silent = await socket({ autoPong: false }, openUrl).subscribe(VECTORS);
    await until(() => silent.closed, { what: 'the silent one to be dropped', timeout: 60_000 });
    assert.equal(silent.closed.code, 1006);
    assert.ok(silent.pings > 0 && alive.pings >= silent.pings);
    await embed('x', undefined, open);
    await until(() => alive.rows, { what: 'a vector' });
});

test('over TLS', async () => {
    const secure = daemonOf({});
    const keys = certificate(secure.folder, 'IP:127.0.0.1');
    secure.writeConfig({ channels: keys });
    const where = await up(secure);
    try {
        assert.match(where, /^wss:/);
        const ca = fs.readFileSync(keys.tls_certificate, 'utf8');
        const rows = Buffer.from(Float32Array.from({ length: 4096 * 64 }, (_, i) => i).buffer);
        const one = await socket({ ca }, where).subscribe(VECTORS, { encoding: 'float32' });
        await publishRows(rows, 64, undefined, secure);
        await until(() => one.rows === 4096, { what: 'all rows' });
        assert.deepEqual(one.bytes, rows);
        const other = socket({}, where); // it does not know the certificate
        await until(() => other.closed, { what: 'the refusal' });
        assert.equal(other.messages.length, 0);
        await simulations.pop().stop();
        await secure.stop();
        await one.ended();
        assert.deepEqual(one.closed, { code: 1001, reason: 'the service is going away' });
    } finally {
        await secure.abandon();
    }
});

test('a reload closes the connections, after which the new tokens hold', async () => {
    const ada = await hear('ada'), root = await hear('root', BOTH, { encoding: 'frame' });
    tokens.bob = tokensOf({ bob: 'user' }).bob;
    writeTokens(daemon, people, tokens);
    await daemon.reload({ log: { level: 'info' } });
    await Promise.all([ada.ended(), root.ended()]);
    for (const { closed } of [ada, root])
        assert.deepEqual(closed, { code: 1001, reason: 'the configuration has been reloaded; connect again' });
    const bob = await hear('bob');
    await embed('x', 'bob');
    await until(() => bob.rows, { what: 'what bob hears' });
});

test('a listener that cannot start says why', async () => {
    const { port } = new URL(url);
    const cases = [[{ listen: `127.0.0.1:${port}` }, 1, /channels\.listen|in use/],
        [{ listen: '127.0.0.1:0', tls_certificate: '/nowhere/c.pem', tls_key: '/nowhere/k.pem' }, 78, /\[channels\] tls_certificate/],
        [{ listen: '0.0.0.0:8472' }, 78, /\[channels\] listen: 0\.0\.0\.0:8472 is reachable from other machines/]];
    for (const [channels, code, line] of cases) {
        const one = daemonOf({ channels });
        one.spawn();
        assert.equal((await one.waitEnd()).code, code, one.log);
        assert.match(one.log, line);
        one.checkReport();
        await one.abandon();
    }
});
