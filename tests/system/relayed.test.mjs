// tier: full, sanitized
/**
 * Requests that another daemon hands on for its clients, at the daemon that lends its browsers: who may send them, what
 * they may say, where they run, whose caches they use, where a stream goes on, and how they end.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { CountingNode } from '../lib/counting-node.mjs';
import { Counting, UNREAD_MAX } from '../lib/counting.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { EventClient, openEvents } from '../lib/events.mjs';
import { continuationOf } from '../lib/fake-node.mjs';
import { putGguf } from '../lib/gguf.mjs';
import * as kserve from '../lib/kserve.mjs';
import * as onnx from '../lib/onnx.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', attic: 'relay', cellar: 'relay', root: 'admin', farm: 'node' };
const tokens = tokensOf(people);
const headersOf = (who) => (who ? { Authorization: `Bearer ${tokens[who]}` } : {});
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

/** A node of the lending daemon: it counts, doubles FP32, and may keep or fail its tasks. */
class Lent extends CountingNode {
    /** Every task that came. */
    tasks = [];
    held = [];
    /** What becomes of a task that is no stream of counts: doubled unless a test says else. */
    treat = (task) => this.double(task);

    constructor(url) {
        super(url, { slots: 64 });
        const { engines, engine_info: info, ...rest } = this.capabilities;
        this.capabilities = { ...rest, engines: { ...engines, llama: '1' },
            engine_info: { ...info, builtin: { ...info.builtin, slots: 64 }, ort: { slots: 2 }, llama: { slots: 8 } } };
        const count = this.onTask;
        this.onTask = (task) => {
            this.tasks.push(task);
            const { message: { data } } = task;
            if (data.model.name === 'builtin/count' && data.stream) count(task);
            else this.treat(task);
        };
    }

    double(task) {
        const outputs = task.message.data.tensors.map(({ datatype, shape }, at) => {
            const values = kserve.values(datatype, task.tensors[at].bytes).map((value) => 2 * Number(value));
            return { name: 'y', datatype, shape, bytes: kserve.pack(datatype, values) };
        });
        this.respond(task, { outputs });
    }

    /** Keeps what comes until it is released. */
    hold() {
        this.treat = (task) => this.held.push(task);
    }

    release() {
        this.treat = (task) => this.double(task);
        for (const task of this.held.splice(0)) this.double(task);
    }
}

/** @type {Daemon} */
let daemon;
/** @type {Lent} */
let node;
let hash;
const test = testsOf(() => daemon);
const more = [];

const newNode = () => new Lent(`${daemon.bridgeUrl}/#token=${tokens.farm}`).join();
const ask = (body, who = 'attic', options = {}) =>
    daemon.infer(body, { ...options, headers: { ...headersOf(who), ...options.headers } });
const metric = async (name) => {
    const { text } = await daemon.get('/metrics', { headers: headersOf('root') });
    return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').pop());
};
const twice = (relay, body = {}) => ({ model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }],
    ...relay && { relay }, ...body });
const counts = (count, relay, body = {}) => ({ model_name: 'builtin/count', inputs: [], stream: true, options: { count },
    ...relay && { relay }, ...body });
/** What a stream of builtin/count has said before its part `seq`. */
const saidBefore = (seq) => ({ seq, text: range(0, seq).map((at) => `${at} `).join(''), tokens: range(0, seq) });

/** A relay's client of a stream that it has had the beginning of. */
class Going extends Counting {
    constructor(count, from, who = 'attic') {
        super(daemon, { count }, { relay: { owner: 'anna', ...from && { continue: from } } });
        this.who = who;
        this.next = from?.seq ?? 0;
    }

    async run() {
        this.stream = await openEvents(`${daemon.url}/v1/infer`, { body: this.body, headers: headersOf(this.who) });
        if (this.stream.status === 200) await this.read();
        else this.error = this.stream.problem;
        return this;
    }
}

function assertProblem(answer, status, code, field) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.code, code, answer.text);
    if (field !== undefined) assert.equal(answer.json.field, field, answer.text);
}

const hashOf = async (model) => (await daemon.get(`/v1/models/${model}`, { headers: headersOf('root') })).json.hash;
const idle = () => until(async () => await metric('webinfer_jobs_running') === 0, { what: 'no job to run' });

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: {
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 60, resume_grace: '1s' },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', max_retries: 3 },
        models: { share_prefix: 'no' }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
    node = await newNode();
    await daemon.ready();
    hash = await hashOf('twice');
    assert.match(hash, /^[0-9a-f]{64}$/);
});
afterEach(async () => {
    node.release();
    node.letTo(Infinity);
    for (const one of more.splice(0)) await one.close();
});
after(async () => {
    await node?.close();
    await daemon.stop();
});

test('a request with relay is for the ranks relay and admin', async () => {
    for (const who of ['attic', 'root']) {
        const { status, text, json } = await ask(twice({ model_hash: hash }), who);
        assert.equal(status, 200, text);
        assert.deepEqual(json.outputs[0].data, [2, 4]);
        assert.equal(json.executed_on.node, node.id);
        assert.deepEqual([json.executed_on.browser, json.executed_on.platform], ['chromium', 'wasm']);
    }
    for (const body of [twice({}), twice({}, { model_name: 'none' }), counts(3, {}), twice({ model_hash: '0'.repeat(64) })]) {
        const refused = await ask(body, 'ada');
        assertProblem(refused, 403, 'rank');
        assert.equal(refused.json.expected, 'a token of rank relay');
    }
    assertProblem(await ask(twice({}), 'farm'), 403, 'rank');
    assertProblem(await ask(twice({}), null), 401, 'unauthorized');
    // A relay is a user, too, and no admin.
    assert.equal((await ask(twice())).status, 200);
    assertProblem(await daemon.get('/metrics', { headers: headersOf('attic') }), 403, 'rank');
});

test('without tokens every client may send it', () => withDaemon({ ready: false, models: ['twice'],
    config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } }, async (open) => {
    const lone = await new Lent((await open.post('/v1/admin/join', {})).json.url).join();
    const answer = await open.infer(twice({ owner: 'anna' }, { platform: 'wasm' }));
    await lone.close();
    assert.equal(answer.status, 200, answer.text);
}));

const DIGITS = '64 hexadecimal digits in lower case';
const PLATFORMS = 'webgpu, webnn, webgl, wasm, native, simulated';
const DIVIDED = 'text_bytes and tokens that add up to those of relay.continue, cut where a character ends';
for (const [relay, code, field, expected, body = {}] of [
    [7, 'invalid_field', 'relay', 'an object'],
    [[], 'invalid_field', 'relay', 'an object'],
    [{ via: 'attic' }, 'unknown_field', 'relay.via', 'model_hash, platforms, owner, raw, continue'],
    [{ model_hash: 'abc' }, 'invalid_field', 'relay.model_hash', '64 to 64 bytes'],
    [{ model_hash: 'A'.repeat(64) }, 'invalid_field', 'relay.model_hash', DIGITS],
    [{ model_hash: 5 }, 'invalid_field', 'relay.model_hash', 'a string'],
    [{ owner: '' }, 'invalid_field', 'relay.owner', '1 to 128 bytes'],
    [{ owner: 'a'.repeat(129) }, 'invalid_field', 'relay.owner', '1 to 128 bytes'],
    [{ owner: 'a\0b' }, 'invalid_field', 'relay.owner', undefined],
    [{ platforms: 'wasm' }, 'invalid_field', 'relay.platforms', 'a list'],
    [{ platforms: [] }, 'invalid_field', 'relay.platforms', '1 to 6 elements'],
    [{ platforms: ['wasm', 'cuda'] }, 'invalid_field', 'relay.platforms[1]', PLATFORMS],
    [{ platforms: ['wasm', 'wasm'] }, 'invalid_field', 'relay.platforms[1]', PLATFORMS],
    [{ platforms: ['wasm'] }, 'invalid_field', 'platform', 'auto', { platform: 'wasm' }],
    [{ continue: 3 }, 'invalid_field', 'relay.continue', 'an object'],
    [{ continue: {} }, 'missing_field', 'relay.continue.seq', 'an integer'],
    [{ continue: { seq: 0 } }, 'invalid_field', 'relay.continue.seq', '1 to 1000000000'],
    [{ continue: { seq: 1.5 } }, 'invalid_field', 'relay.continue.seq', 'an integer'],
    [{ continue: { seq: 1, text: 1 } }, 'invalid_field', 'relay.continue.text', 'a string'],
    [{ continue: { seq: 1, text: 'a'.repeat((4 << 20) + 1) } }, 'invalid_field', 'relay.continue', 'at most 4194304 bytes'],
    [{ continue: { seq: 1, tokens: ['a'] } }, 'invalid_field', 'relay.continue.tokens[0]', 'an integer'],
    [{ continue: { seq: 1, tensor: 0 } }, 'unknown_field', 'relay.continue.tensor', 'seq, text, tokens, answers'],
    [{ continue: { seq: 1, answers: [] } }, 'invalid_field', 'relay.continue.answers', '1 to 64 elements'],
    [{ continue: { seq: 1, answers: [1] } }, 'invalid_field', 'relay.continue.answers[0]', 'an object'],
    [{ continue: { seq: 1, text: 'é', answers: [{ text_bytes: 1, tokens: 0 }, { text_bytes: 1, tokens: 0 }] } },
        'invalid_field', 'relay.continue.answers', DIVIDED],
    [{ continue: { seq: 1 } }, 'invalid_field', 'relay.continue', '"stream": true', { stream: false }],
    [{}, 'invalid_field', 'resumable', 'false', { resumable: true }],
])
    test(`refuses ${JSON.stringify({ relay, ...body }).slice(0, 80)}`, async () => {
        const refused = await ask(counts(3, relay, body));
        assertProblem(refused, 400, code, field);
        assert.equal(refused.json.expected ?? refused.json.allowed, expected, refused.text);
    });

test('no other request takes relay', async () => {
    const headers = headersOf('attic');
    assertProblem(await daemon.post('/v1/jobs', twice({}), { headers }), 400, 'invalid_field', 'relay');
    assertProblem(await ask(twice({}), 'attic', { headers: { 'Idempotency-Key': 'k' } }), 400, 'invalid_field', 'relay');
    const chat = await daemon.post('/v1/completions', { model: 'abc', prompt: 'a', relay: {} }, { headers });
    assert.equal(chat.status, 400, chat.text);
    assert.match(chat.json.error.message, /relay/);
    assertProblem(await daemon.post('/v1/compute', { kernel: 'matmul', inputs: [], relay: {} }, { headers }), 400,
        'unknown_field', 'relay');
});

test('binary tensors pass both ways', async () => {
    const tensor = { name: 'x', datatype: 'FP32', shape: [2], bytes: kserve.pack('FP32', [3, 4]) };
    const answer = await daemon.inferBinary({ model_name: 'twice', relay: { model_hash: hash, owner: 'anna' } }, [tensor],
        { headers: headersOf('attic') });
    assert.equal(answer.status, 200, answer.text);
    const [output] = kserve.decode(answer).outputs;
    assert.deepEqual(kserve.values('FP32', output.bytes), [6, 8]);
});

test('a model that is another by now, or not here, is retryable', async () => {
    const other = await ask(twice({ model_hash: '0'.repeat(64) }));
    assertProblem(other, 503, 'model_changed', 'relay.model_hash');
    assert.equal(other.headers['retry-after'], '5');
    assertProblem(await ask(twice({ model_hash: hash }, { model_name: 'none' })), 503, 'model_changed', 'model_name');
    assertProblem(await ask(twice(null, { model_name: 'none' })), 404, 'model_not_found');
    // Found before the inputs are held against it, which may be those of the model as it was.
    assertProblem(await ask(twice({ model_hash: '0'.repeat(64) }, { inputs: [] })), 503, 'model_changed');
    assertProblem(await ask(twice({ model_hash: hash }, { inputs: [] })), 422, 'input_missing');
    fs.mkdirSync(path.join(daemon.store, 'moving'));
    const file = path.join(daemon.store, 'moving', 'model.onnx');
    fs.writeFileSync(file, onnx.twice());
    const moving = (relay) => twice(relay, { model_name: 'moving' });
    assert.equal((await ask(moving())).status, 200);
    const was = await hashOf('moving');
    assert.equal((await ask(moving({ model_hash: was }))).status, 200);
    fs.writeFileSync(file, onnx.slow());
    assertProblem(await ask(moving({ model_hash: was })), 503, 'model_changed');
    fs.writeFileSync(file, 'not ONNX');
    assertProblem(await ask(moving({ model_hash: was })), 503, 'model_changed');
    fs.rmSync(path.dirname(file), { recursive: true });
    assertProblem(await ask(moving({ model_hash: was })), 503, 'model_changed');
});

test('the kind and the platforms are pinned', async () => {
    const from = node.tasks.length;
    for (const [platforms, sent] of [[['wasm'], ['wasm']], [['webgpu', 'wasm'], ['webgpu', 'wasm']]]) {
        const answer = await ask(twice({ platforms }, { browser: 'chromium' }));
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(node.tasks.at(-1).message.data.platforms, sent);
    }
    assert.equal(node.tasks.length, from + 2);
    // What this daemon cannot do now another may.
    for (const body of [twice({ platforms: ['webgpu'] }), twice({ platforms: ['webgpu', 'webgl'] }),
        twice({}, { browser: 'netscape' }), twice({ platforms: ['native'] }), twice({}, { node: 'node-gone' })])
        assertProblem(await ask(body), 503, 'unavailable');
    assert.equal(node.tasks.length, from + 2);
    assertProblem(await ask(twice(null, { browser: 'netscape' })), 400, 'invalid_field', 'browser');
    assertProblem(await ask(twice(null, { platform: 'webgpu', fallback: false })), 422, 'platform_unsupported');
});

test('caches are those of one client of one relay', async () => {
    /** The word for its owner that the node gets. */
    async function ownerOf(who, owner) {
        const from = node.tasks.length, leaving = new AbortController();
        const answer = ask({ model_name: 'abc', inputs: 'abc', ...owner && { relay: { owner } } }, who, { signal: leaving.signal });
        answer.catch(() => {});
        const task = await until(() => node.tasks[from], { what: 'the task' });
        leaving.abort();
        await assert.rejects(answer);
        await idle();
        return task.message.data.owner;
    }
    node.treat = () => {};
    const owners = [];
    for (const [who, owner] of [['attic', null], ['attic', 'anna'], ['attic', 'bert'], ['cellar', 'anna'], ['ada', null],
        ['attic', 'ada'], ['root', 'anna']])
        owners.push(await ownerOf(who, owner));
    assert.equal(new Set(owners).size, owners.length, owners.join(' '));
    assert.ok(owners.every((owner) => /^[0-9a-f]{64}$/.test(owner)));
    assert.equal(await ownerOf('attic', 'bert'), owners[2]);
});

test('a stream goes on without a gap and without a repetition', async () => {
    for (const seq of [1, 7, 1000]) {
        const going = await new Going(seq + 50, saidBefore(seq)).run();
        assert.ok(going.isWhole, going.explain());
        assert.equal(going.parts, 50);
        assert.deepEqual(continuationOf(node.tasks.at(-1)), saidBefore(seq));
    }
    // Nothing is left but the end.
    const over = await new Going(5, saidBefore(5)).run();
    assert.ok(over.isWhole && over.parts === 0, over.explain());
});

test('a stream that goes on here survives the loss of a node here', async () => {
    const second = await newNode();
    more.push(second);
    for (const one of [node, second]) one.limit = 30;
    const running = new Going(100, saidBefore(20)).run();
    const first = await until(() => [node, second].find(({ streams }) => streams.size), { what: 'the stream' });
    await until(() => [...first.streams.values()][0].next === 30, { what: 'ten parts' });
    const other = first === node ? second : node;
    first.limit = 0;
    other.limit = Infinity;
    await first.cut();
    const going = await running;
    assert.ok(going.isWhole, going.explain());
    assert.equal(going.parts, 80);
    assert.deepEqual(continuationOf(other.tasks.at(-1)), saidBefore(30));
    assert.equal(going.done.performance.attempts, 2);
    if (first === node) node = other; // what is left of them
    if (first === node || other === node) more.splice(0);
});

test('where no node can go on the relay looks elsewhere', async () => {
    const several = { seq: 3, text: 'abc', tokens: [1, 2, 3],
        answers: [{ text_bytes: 1, tokens: 1, ended: true, finish_reason: 'stop' }, { text_bytes: 2, tokens: 2 }] };
    assertProblem(await ask(counts(9, { continue: several })), 503, 'unavailable');
});

test('twelve at once, beside the work of others', async () => {
    const relayed = range(0, 12).map((at) => new Going(200 + at, at % 2 ? saidBefore(10 * at) : null, at % 3 ? 'attic' : 'cellar').run());
    const streams = range(0, 4).map((at) => new Going(150 + at, null, 'root').run());
    const whole = range(0, 12).flatMap((at) => [ask(twice({ model_hash: hash, owner: `client ${at}` }, {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [at, 1] }] })),
    ask(twice(null, { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [at, 2] }] }), 'ada')]);
    for (const going of await Promise.all([...relayed, ...streams])) assert.ok(going.isWhole, going.explain());
    (await Promise.all(whole)).forEach(({ status, text, json }, at) => {
        assert.equal(status, 200, text);
        assert.deepEqual(json.outputs[0].data, [2 * Math.floor(at / 2), at % 2 ? 4 : 2]);
    });
    await idle();
});

test('closing the connection cancels the work', async () => {
    node.hold();
    const leaving = new AbortController();
    const answer = ask(twice({ owner: 'anna' }), 'attic', { signal: leaving.signal });
    answer.catch(() => {});
    const held = await until(() => node.held[0], { what: 'the task' });
    const from = node.received.length;
    leaving.abort();
    await assert.rejects(answer);
    await until(() => node.received.slice(from).some(({ message: { type, data } }) =>
        type === 'task_cancel' && data.attempt_id === held.message.data.attempt_id), { what: 'the cancel' });
    node.held.length = 0;
    node.limit = 3;
    const client = new EventClient(`${daemon.url}/v1/infer`, { body: counts(9, {}), headers: headersOf('attic') });
    await client.has(3);
    assert.equal(node.streams.size, 1);
    await client.leave();
    await until(() => node.streams.size === 0, { what: 'the engine to be stopped' });
    await idle();
});

test('reading slowly slows the engine', async () => {
    const client = new EventClient(`${daemon.url}/v1/infer`, { paused: true, headers: headersOf('attic'),
        body: counts(300, { continue: { seq: 5 } }, { options: { count: 300, bytes: 60_000 } }) });
    const attempt = await until(() => [...node.streams.values()][0], { what: 'the stream' });
    let before = -1;
    await until(() => {
        const same = before === attempt.next;
        before = attempt.next;
        return same && before > 5;
    }, { what: 'the engine to stand still', every: 300 });
    assert.ok(attempt.next < 5 + UNREAD_MAX, `${attempt.next} parts were made for nobody`);
    client.go();
    await client.ended();
    assert.deepEqual(client.parts.map(({ json }) => json.seq), range(5, 300));
    assert.equal(client.last.json.parts, 300);
});

test('deadline and priority count as for any client', async () => {
    node.hold();
    assertProblem(await ask(twice({}, { timeout_ms: 300 })), 504, 'deadline_exceeded');
    await until(() => node.held.length === 1, { what: 'its task' });
    node.held.length = 0;
    const send = (who, priority, relay) => ask({ ...twice(relay, { priority }),
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [priority, 0] }] }, who);
    const first = [send('ada', 5), send('ada', 5), send('ada', 5)];
    await until(() => node.held.length === 3, { what: 'a full node' }); // two that run, and one that waits there
    const rest = [send('ada', 4), send('ada', 6), send('attic', 8, {}), send('attic', 2, {})];
    await until(async () => await metric('webinfer_jobs_waiting') === 4, { what: 'four that wait' });
    const from = node.tasks.length;
    node.release();
    for (const { status, json } of await Promise.all([...first, ...rest])) assert.equal(status, 200, json.detail);
    const order = node.tasks.slice(from).map(({ tensors }) => kserve.values('FP32', tensors[0].bytes)[0]);
    assert.deepEqual(order, [8, 6, 4, 2]);
});

test('an error says whether another place may do better', async () => {
    const relay = { owner: 'anna' };
    // The model's own, which is the client's.
    node.treat = (task) => node.fail(task, { code: 'inference_failed', message: 'it divides by zero' });
    const own = await ask(twice(relay));
    assertProblem(own, 500, 'inference_failed');
    assert.equal(own.json.poisoned, undefined);
    // Nodes that fail one after the other may be this daemon's.
    node.treat = (task) => node.fail(task, { code: 'device_lost', message: 'the GPU is gone' }, true);
    const lost = await ask(twice(relay));
    assertProblem(lost, 502, 'attempts_exhausted');
    assert.equal(lost.json.poisoned, undefined);
    // What breaks each engine that runs it alone would break the next one.
    node.treat = (task) => node.fail(task, { code: 'engine_crashed', message: 'it ended' }, true);
    const poison = await ask({ model_name: 'abc', inputs: 'abc', relay });
    assertProblem(poison, 502, 'attempts_exhausted');
    assert.equal(poison.json.poisoned, true, poison.text);
    assert.equal(poison.json.attempts, 2);
});
