// tier: quick
/**
 * Routing, against nodes that say how fast they are: it follows what was measured, remembers it,
 * honours pins and trust, and /v1/hardware tells before what then happens.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { cliPath } from '../lib/paths.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

/** The model's last bytes count up, so that each test has one of which nothing is known. */
const fresh = Buffer.from([0xa2, 0x06, 0x01, 0x78]); // an unknown field at a message's end

/** A node of a kind, with what each of its platforms takes for a run. */
class Place extends FakeNode {
    loaded = new Set();
    /** Attempts by platform. */
    asked = {};
    /** While set, tasks are kept in `held` and not answered. */
    holds = false;
    held = [];
    loadMs = 20;

    /**
     * @param {string} url @param {string} kind @param {Record<string, number>} runMs by platform
     * @param {{software?: string[], factor?: Record<string, number>}} more `software`: platforms
     *   whose adapter is no hardware; `factor`: by what they multiply, 2 being right
     */
    constructor(url, kind, runMs, { software = [], factor = {} } = {}) {
        super(url);
        Object.assign(this, { kind, runMs, software, factor });
    }

    announce() {
        const platforms = { ...capabilities.platforms, wasm: { available: false, reason: 'none' } };
        for (const name of Object.keys(this.runMs)) {
            platforms[name] = { available: true };
            if (name === 'webgpu')
                platforms[name].adapter = { vendor: 'acme', architecture: 'rocket',
                    description: '', is_fallback: this.software.includes(name) };
        }
        super.announce({ capabilities: { ...capabilities, platforms,
            browser: { name: this.kind, version: '1.0' } } });
    }

    onTask = (task) => {
        if (this.holds) this.held.push(task);
        else this.answer(task);
    };

    answer(task) {
        const { model, platforms } = task.message.data;
        const platform = platforms.find((name) => name in this.runMs);
        const key = `${model.hash} ${platform}`;
        const warm = this.loaded.has(key);
        this.asked[platform] = (this.asked[platform] ?? 0) + 1;
        this.loaded.add(key);
        if (!warm)
            this.send('model_status', { models: [...this.loaded].map((one) => {
                const [hash, where] = one.split(' ');
                return { name: model.name, hash, platform: where, state: 'loaded', bytes: 100 };
            }) });
        const [{ shape, bytes }] = task.tensors;
        const y = Buffer.from(bytes);
        for (let at = 0; at < y.length; at += 4)
            y.writeFloatLE(y.readFloatLE(at) * (this.factor[platform] ?? 2), at);
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape, bytes: y }],
            data: { executed_on: { platform, engine: 'ort', precision: 'FP32', adapter: null,
                fallbacks: [], simulated: false },
            performance: { load_ms: warm ? 0 : this.loadMs, inference_ms: this.runMs[platform],
                warm } } });
    }

    release() {
        this.holds = false;
        for (const task of this.held.splice(0)) this.answer(task);
    }

    get total() { return Object.values(this.asked).reduce((sum, one) => sum + one, 0); }
}

/** All nodes are of one node token: what is known of them is one party's, over restarts. */
const people = { root: 'admin', fleet: 'node' };
const tokens = tokensOf(people);

/** It is asked by an admin. */
class Asked extends Daemon {
    request(where, more = {}) {
        return super.request(where, { ...more, headers: { Authorization: `Bearer ${tokens.root}`, ...more.headers } });
    }
}

/** @type {Daemon} */
let daemon;
/** @type {Place[]} */
let places = [];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-routing-'));
const test = testsOf(() => daemon);

const options = { folder: path.join(folder, 'daemon'), keep: true, models: ['twice'], config: {
    pool: { max_connections: 0, min_connections: 0, exploration: '0%', recheck: '0%' },
    browser_preferences: { vision: 'firefox, chrome/webgpu, edge/webnn' } } };

async function start(config = {}) {
    daemon = new Asked({ ...options, models: daemon ? [] : options.models });
    daemon.writeConfig({ ...config, api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
}

async function join(kind, runMs, more) {
    const place = await new Place(`${daemon.bridgeUrl}/#token=${tokens.fleet}`, kind, runMs, more).join();
    places.push(place);
    return place;
}

/** Nobody is there and nothing is known of the model. */
async function clear() {
    for (const place of places) await place.close();
    places = [];
    await until(async () => (await daemon.get('/v1/nodes')).json.nodes.length === 0,
        { what: 'no node left' });
    fs.appendFileSync(path.join(daemon.store, 'twice', 'model.onnx'), fresh);
}

before(() => start({ bridge: { resume_grace: '0s' } }));
afterEach(clear);
after(async () => {
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

const body = (more = {}) => ({ model_name: 'twice', model_type: 'vision', ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });

async function infer(more) {
    const { status, json, text } = await daemon.infer(body(more));
    assert.equal(status, 200, text);
    assert.deepEqual(json.outputs[0].data, [2, 4]);
    return json.executed_on;
}

async function hardware(more = {}) {
    const query = new URLSearchParams({ model_name: 'twice', model_type: 'vision', ...more });
    const { status, json, text } = await daemon.get(`/v1/hardware?${query}`);
    assert.equal(status, 200, text);
    return json;
}

const webinfer = (...words) => promisify(execFile)(cliPath, words,
    { env: { PATH: process.env.PATH, WEBINFER_URL: daemon.url, WEBINFER_TOKEN: tokens.root, HOME: daemon.folder } });

const option = (answer, browser, platform) => answer.options.find((one) =>
    one.browser === browser && one.platform === platform);

const repeat = async (count, more) => {
    for (let i = 0; i < count; i++) await infer(more);
};

test('the preferences decide while nothing is measured, then the measurements do', async () => {
    await join('chrome', { wasm: 10 });
    const firefox = await join('firefox', { wasm: 300 });
    assert.equal((await infer()).browser, 'firefox');
    await repeat(2, { browser: 'chrome' });
    assert.equal(firefox.total, 1);
    assert.equal((await infer()).browser, 'chrome');
    const told = await hardware();
    assert.equal(told.options[0].browser, 'chrome');
    assert.equal(option(told, 'firefox', 'wasm').preference, 0);
    assert.equal(option(told, 'chrome', 'wasm').estimate.run_ms, 10);
});

test('a kind made slow loses its traffic after a few requests', async () => {
    const chrome = await join('chrome', { wasm: 40 });
    const firefox = await join('firefox', { wasm: 10 });
    await repeat(3, { browser: 'chrome' });
    await repeat(5);
    assert.equal(firefox.total, 5);
    firefox.runMs.wasm = 1000;
    await repeat(8);
    assert.ok(firefox.total <= 5 + 3, `${firefox.total - 5} requests went to the slow one`);
    assert.equal((await infer()).browser, 'chrome');
    assert.ok(chrome.total >= 8);
});

test('it gets the traffic back when it recovers, through the share that explores', async () => {
    const share = (exploration) => daemon.reload({ pool: { exploration } });
    await share('2%'); // as it is by default
    await join('chrome', { wasm: 40 });
    const firefox = await join('firefox', { wasm: 10 });
    await repeat(3, { browser: 'chrome' });
    await repeat(3);
    firefox.runMs.wasm = 1000;
    await until(async () => (await infer()).browser === 'chrome', { what: 'it to be left' });
    await until(async () => await daemon.metric('webinfer_jobs_running') === 0,
        { what: 'what finds it slow still' });
    firefox.runMs.wasm = 5;
    let requests = 0;
    while (requests < 1000 && (await infer()).browser !== 'firefox') requests++;
    assert.ok(requests < 1000, `not after ${requests} requests`);
    assert.ok(await daemon.metric('webinfer_route_probes_total') > 0);
    await share('0%');
});

test('what was measured survives a restart', async () => {
    await join('chrome', { wasm: 10 });
    await join('firefox', { wasm: 300 });
    await repeat(3, { browser: 'chrome' });
    await repeat(3, { browser: 'firefox' });
    const before = await hardware();
    for (const place of places) await place.close();
    places = [];
    await daemon.stop();
    await start({ bridge: { resume_grace: '0s' } });
    await join('chrome', { wasm: 10 });
    const firefox = await join('firefox', { wasm: 300 });
    const told = await hardware();
    for (const kind of ['chrome', 'firefox'])
        assert.deepEqual(option(told, kind, 'wasm').estimate,
            option(before, kind, 'wasm').estimate);
    assert.equal((await infer()).browser, 'chrome'); // although firefox is preferred
    assert.equal(firefox.total, 0);
});

test('a platform is used once its answer was compared, where it is faster', async () => {
    const edge = await join('edge', { wasm: 100, webnn: 10 });
    assert.equal((await infer()).platform, 'wasm');
    await until(() => edge.asked.webnn === 1, { what: 'the run beside it' });
    await until(async () => option(await hardware(), 'edge', 'webnn').verdict === 'trusted',
        { what: 'the verdict' });
    assert.equal((await infer()).platform, 'webnn');
    const told = await hardware();
    assert.deepEqual(told.would_run.platforms, ['webnn', 'wasm']);
    edge.runMs.webnn = 5000; // a driver update, say
    for (let i = 0; i < 5; i++) await infer();
    assert.equal((await infer()).platform, 'wasm');
});

test('a model moves to where it is faster when staying has cost what loading there takes', async () => {
    const wasm = { platform: 'wasm', browser: 'edge' };
    const first = await join('edge', { wasm: 100, webnn: 10 });
    first.loadMs = 400;
    await infer();
    await until(async () => option(await hardware(), 'edge', 'webnn').verdict === 'trusted', { what: 'the verdict' });
    await repeat(2, wasm);
    await infer({ platform: 'webnn' }); // warm there, so measured
    const { load_ms: loading } = option(await hardware(), 'edge', 'webnn').estimate;
    await first.close();
    await until(async () => (await hardware()).options.length === 0, { what: 'it to be gone' });
    const edge = await join('edge', { wasm: 100, webnn: 10 });
    await infer(wasm); // somebody has it loaded there first
    const needed = Math.ceil(loading / 90);
    for (let i = 1; i <= needed; i++) {
        assert.equal(edge.received.some(({ message }) => message.type === 'model_load'), false, `${i} of ${needed}`);
        assert.equal((await infer()).platform, 'wasm');
        if (i === needed) break;
        const { moves } = option(await hardware(), 'edge', 'webnn');
        assert.ok(Math.abs(moves.lost_ms - 90 * i) < 0.1 && moves.at_ms === loading, JSON.stringify(moves));
        assert.match((await webinfer('hardware', 'twice')).stdout, / of \d+ ms/);
    }
    const { message: { data: { model, platforms } } } = await edge.got('model_load');
    assert.deepEqual([model.name, platforms], ['twice', ['webnn']]);
    const tell = (state) => edge.send('model_status', { models: ['wasm', 'webnn'].map((platform) =>
        ({ name: model.name, hash: model.hash, platform, state: platform === 'wasm' ? 'loaded' : state, bytes: 100 })) });
    tell('loading');
    assert.equal((await infer()).platform, 'wasm', 'no client waits for it');
    edge.loaded.add(`${model.hash} webnn`);
    tell('loaded');
    await until(async () => (await infer()).platform === 'webnn', { what: 'it to be used there' });
});

test('a model that could not be loaded on one platform, and was on the next, is loaded', async () => {
    const place = await join('chrome', { wasm: 100, webgpu: 10 });
    const row = (model, platform, state) => ({ name: model.name, hash: model.hash, platform, state, bytes: 100 });
    place.onOther = ({ message: { type, data } }) => {
        if (type === 'model_load')
            place.send('model_status', { models: [row(data.model, 'wasm', 'loaded'), row(data.model, 'webgpu', 'failed')] });
    };
    assert.equal((await webinfer('load', 'twice', '--node', place.id)).stdout, 'twice is loaded in 1 node\n');
    const rows = (await webinfer('ps')).stdout.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/).slice(0, 2));
    assert.deepEqual(rows, [['twice', 'loaded'], ['twice', 'failed']], 'each platform has a row');
});

test('a platform that computes wrong never answers a request that leaves the choice', async () => {
    const edge = await join('edge', { wasm: 100, webnn: 10 }, { factor: { webnn: 3 } });
    const wrongs = async () => (await daemon.get('/v1/models/twice')).json.numerics.verdicts
        .filter(({ browser, platform, verdict }) => browser === 'edge' && platform === 'webnn' && verdict === 'wrong');
    assert.equal((await infer()).platform, 'wasm');
    await until(async () => (await wrongs()).length === 1, { what: 'it to be found wrong' });
    await repeat(10);
    assert.equal(edge.asked.webnn, 3, "the client's input, and two of ours");
    assert.match((await webinfer('list', '--wide')).stdout, /^twice .*\bedge\/webnn wrong for x FP32 \[2\]/m);
    // Once it is wrong about three sets of inputs, it is wrong about the model.
    for (const data of [[1, 2, 3], [1, 2, 3, 4]]) {
        const { status, text } = await daemon.infer({ ...body(),
            inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length], data }] });
        assert.equal(status, 200, text);
        await until(async () => (await wrongs()).some(({ scope, input }) => scope === 'model' || input.shapes.endsWith(`[${data.length}]`)),
            { what: `it to be found wrong about ${data.length} numbers` });
    }
    await until(async () => option(await hardware(), 'edge', 'webnn').standing === 'wrong', { what: 'it to be wrong' });
    assert.match((await webinfer('list', '--wide')).stdout, /^twice .*\bedge\/webnn wrong\b/m);
});

test('a software adapter is left alone until it was measured to be faster', async () => {
    const chrome = await join('chrome', { wasm: 100, webgpu: 5 }, { software: ['webgpu'] });
    await repeat(5);
    assert.equal(chrome.asked.webgpu, undefined);
    assert.equal(option(await hardware(), 'chrome', 'webgpu').standing, 'software');
    // Measured by one who asks for it, and by the comparison that follows.
    for (let i = 0; i < 3; i++) await infer({ platform: 'webgpu', fallback: false });
    await until(async () => (await infer()).platform === 'webgpu', { what: 'it to be used' });
});

test('pins hold, and what they cannot have is refused with the reason', async () => {
    const chrome = await join('chrome', { wasm: 100 });
    const firefox = await join('firefox', { wasm: 10 });
    await repeat(2, { browser: 'chrome' });
    assert.equal((await infer({ browser: 'chrome' })).browser, 'chrome');
    assert.equal((await infer({ node: chrome.id })).node, chrome.id);
    assert.equal((await infer({ node: firefox.id, platform: 'wasm' })).node, firefox.id);
    for (const [more, status, code, field] of [
        [{ browser: 'opera' }, 400, 'invalid_field', 'browser'],
        [{ platform: 'cuda' }, 400, 'invalid_field', 'platform'],
        [{ platform: 'webnn', fallback: false }, 422, 'platform_unsupported', 'platform'],
        [{ browser: 'edge' }, 503, 'unavailable', undefined],
        [{ browser: 'chrome', node: firefox.id }, 503, 'unavailable', 'browser'],
        [{ node: 'node-0' }, 404, 'node_not_found', 'node']]) {
        const { status: got, json } = await daemon.infer(body(more));
        assert.equal(got, status, JSON.stringify(json));
        assert.equal(json.code, code);
        assert.equal(json.field, field);
        if (got === 400) assert.match(json.allowed, field === 'browser' ? /firefox/ : /webnn/);
        if (got === 400) continue;
        const told = await hardware(more);
        assert.equal(told.decision, 'never');
        assert.equal(told.code, code);
        assert.equal(told.why, json.detail);
    }
});

test('what /v1/hardware tells is what then happens', async () => {
    await join('chrome', { wasm: 30, webgpu: 20 });
    await join('edge', { wasm: 40, webnn: 25 });
    const firefox = await join('firefox', { wasm: 50 });
    const demands = [{}, { browser: 'edge' }, { platform: 'webnn' }, { platform: 'webgpu' },
        { platform: 'wasm' }, { node: firefox.id }, { model_type: 'audio' },
        { platform: 'webgpu', browser: 'edge' }];
    for (let round = 0; round < 6; round++)
        for (const demand of demands) {
            const told = await hardware(demand);
            assert.equal(told.decision, 'run', JSON.stringify(told));
            const really = await infer(demand);
            assert.equal(really.node, told.would_run.node, JSON.stringify(demand));
            assert.ok(told.would_run.platforms.includes(really.platform));
            // Runs beside the path would change the picture between the two.
            await until(async () => await daemon.metric('webinfer_jobs_running') === 0 &&
                (await daemon.get('/v1/nodes')).json.nodes.every(({ attempts }) => attempts === 0),
            { what: 'nothing to run' });
        }
    const told = await hardware();
    assert.deepEqual(told.preferences, ['firefox', 'chrome/webgpu', 'edge/webnn']);
    assert.deepEqual(told.passed_over.map(({ browser }) => browser), ['safari']);
    assert.ok(told.options.every((one) => one.standing && 'chosen' in one));
    assert.equal(told.options.filter(({ chosen }) => chosen).length, 1);
});

test('a bad query is told what is wrong with it', async () => {
    for (const [query, status, field] of [['', 400, 'model_name'],
        ['?model_name=twice&modl=1', 400, 'modl'],
        ['?model_name=twice&model_type=poetry', 400, 'model_type'],
        ['?model_name=twice&platform=cuda', 400, 'platform'],
        ['?model_name=twice&browser=opera', 400, 'browser'],
        ['?model_name=twice&fallback=maybe', 400, 'fallback'],
        ['?model_name=../x', 400, 'model_name'], ['?model_name', 400, 'model_name'],
        ['?model_name=none', 404, 'model_name']]) {
        const { status: got, json } = await daemon.get(`/v1/hardware${query}`);
        assert.equal(got, status, `${query}: ${JSON.stringify(json)}`);
        assert.equal(json.field, field, query);
    }
});

test('another model waits for an idle node, the same one queues up in the page', async () => {
    const other = path.join(daemon.store, 'other');
    fs.cpSync(path.join(daemon.store, 'twice'), other, { recursive: true });
    fs.appendFileSync(path.join(other, 'model.onnx'), fresh);
    const chrome = await join('chrome', { wasm: 10 });
    chrome.holds = true;
    const one = infer(), two = infer();
    await until(() => chrome.held.length === 2, { what: 'both to be in the page' });
    chrome.answer(chrome.held.shift());
    const third = infer({ model_name: 'other' });
    await until(async () => await daemon.metric('webinfer_jobs_waiting') === 1 ||
        chrome.held.length === 2, { what: 'the other model to be there' });
    assert.equal(chrome.held.length, 1, 'it did not wait');
    chrome.answer(chrome.held.shift());
    await until(() => chrome.held.length === 1, { what: 'the other model to get its turn' });
    chrome.release();
    await Promise.all([one, two, third]);
    fs.rmSync(other, { recursive: true });
});

test('webinfer hardware shows it', async () => {
    await join('chrome', { wasm: 10 });
    await repeat(2);
    const run = (...words) => webinfer('hardware', 'twice', ...words);
    const { stdout } = await run();
    assert.match(stdout, /^twice would run on chrome\/wasm of node-/);
    assert.match(stdout, /chrome +1\.0 +wasm +ready/);
    assert.match(stdout, /safari +.*max_connections is 0/);
    const { stdout: text } = await run('--json', '--browser', 'chrome', '--type', 'audio');
    assert.equal(JSON.parse(text).model_type, 'audio');
    await assert.rejects(run('--platform', 'a&b'), /platform/);
});

test('the preferred kind is started when it is not running and there is room', async () => {
    const driver = new FakeDriver(path.join(folder, 'edge'));
    await withDaemon({ ready: false, models: ['twice'], config: {
        pool: { max_connections: 1, min_connections: 0 },
        browser_preferences: { vision: 'edge, chrome' },
        'browser.chrome': { max_connections: 0 },
        'browser.edge': { ...driver.config, max_connections: 1 } } }, async (own) => {
        const { json } = await own.post('/v1/admin/join', {});
        const chrome = await new Place(json.url, 'chrome', { wasm: 10 }).join();
        const request = () => own.infer(body());
        assert.equal((await request()).status, 200);
        assert.equal((await request()).status, 200);
        assert.equal((await own.status()).sessions.length, 0, 'not for two requests');
        await until(async () => {
            assert.equal((await request()).status, 200);
            return driver.pageUrls.length > 0;
        }, { what: 'so many that it pays', every: 0 });
        const edge = await new Place(await driver.pageUrl(), 'edge', { wasm: 5 }).join();
        await until(async () => (await request()).json.executed_on.browser === 'edge',
            { what: 'the preferred kind to be used' });
        await edge.close();
        const path = '/v1/hardware?model_name=twice';
        const absent = await until(async () => (await own.get(path)).json.passed_over.find(({ browser }) => browser === 'edge'),
            { what: 'the kind to be away' });
        assert.equal(absent.measured.platform, 'wasm');
        assert.ok(absent.measured.estimate.run_ms > 0, 'what was measured stays');
        await chrome.close();
    });
});
