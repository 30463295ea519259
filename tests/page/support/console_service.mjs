/** A small stand-in for the daemon's API, which serves the console with the headers that the daemon sends. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { encode } from '../../../page/src/shared/frame.js';

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; "
    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/** Any browser tells of what the policy has kept from happening. */
const REPORTED = '/violation';
const HEADERS = { 'Content-Security-Policy': `${CSP}; report-uri ${REPORTED}`, 'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' };
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };
const STEP_MS = 10_000;
/** What nobody may take for anything but text: marks, what turns the direction around, and a megabyte without a space. */
export const HOSTILE = `<img src=x onerror="alert(1)"></script><script>alert(2)</script>\u202egnp.exe\u2066 ${'W'.repeat(1 << 20)}`;

/** An hour of figures that go up and down. */
function history() {
    const steps = 360, now = Math.floor(Date.now() / STEP_MS) * STEP_MS;
    const wave = (scale, period) => Array.from({ length: steps }, (_, i) => Math.round(scale * (1.2 + Math.sin(i / period))));
    return { since: now - (steps - 1) * STEP_MS, step_ms: STEP_MS, times: Array.from({ length: steps }, (_, i) => now - (steps - 1 - i) * STEP_MS),
        series: [{ of: 'all', model: null, place: null, requests: wave(80, 30), failures: wave(2, 11), p50_ms: wave(40, 50).map((value, i) => (i < 30 ? null : value)),
            p95_ms: wave(110, 40).map((value, i) => (i < 30 ? null : value)), queue_p95_ms: wave(5, 9), running: wave(3, 7), waiting: wave(2, 8),
            prompt_tokens: wave(900, 20), generated_tokens: wave(400, 25), bytes_in: wave(1e5, 9), bytes_out: wave(1e5, 9) }] };
}

/** What there is, with `text` in each place where a text from outside may stand. @param {string} text */
export function everything(text = '') {
    const t = (plain) => (text ? `${plain} ${text}` : plain);
    const hours = (n) => Date.now() - n * 3_600_000;
    const loaded = [{ node: 'node-1', hash: 'ab12', platform: 'webgpu', state: 'loaded', bytes: 6e8 }];
    const model = { name: t('org/chat'), type: 'text_generation', format: 'gguf', chat: true, bytes: 668_000_000, title: t('A small chat model'), quantization: 'Q4_K_M',
        variants: [{ name: t('Q4_K_M'), bytes: 668e6, file_count: 1 }, { name: 'Q8_0', bytes: 1.1e9, file_count: 1 }], loaded };
    return {
        status: { version: '0.1.0', started_at: hours(30), ready: true, problem: null, api: { url: 'http://127.0.0.1:8470' }, bridge: { url: 'http://127.0.0.1:8471' },
            nodes: { count: 3, open: 2 }, cluster: 'member', warnings: [t('the database cannot be written: no room on the disk')],
            kinds: { chrome: { installed: true, problem: null, breaker: 'closed', failures: 0, min: 1, max: 2, wished: false },
                firefox: { installed: true, problem: t('it ended before it was ready'), breaker: 'open', failures: 4, min: 0, max: 1, wished: true } } },
        queue: { waiting: 3, running: 2, limit: 1024 },
        'session/session-1': { id: 'session-1', kind: 'chrome', state: 'busy', step: 'ready', ending: false, worn: t('it has run for a day'), successor: null, jobs: 18234, started_at: hours(26), ready_ms: 900, browser_version: t('147.0.7727.0'), flags: ['--headless=new'], driver_pid: 4, network: 'isolated', node: 'node-1' },
        'session/session-2': { id: 'session-2', kind: 'firefox', state: 'starting', step: t('the page is opened'), ending: false, worn: null, successor: null, jobs: 0, started_at: hours(0.001), ready_ms: 0, browser_version: '153.0', flags: [], driver_pid: 5, network: 'isolated', node: null },
        'node/node-1': { id: 'node-1', session: 'session-1', browser: t('chrome'), browser_version: '147.0.7727.0', draining: false, away: false, attempts: 2, connected_at: hours(26), user_agent: t('Mozilla/5.0 (X11; Linux x86_64)'),
            platforms: { webgpu: { available: true, adapter: { description: t('NVIDIA') } }, webnn: { available: false, reason: t('navigator.ml is missing') }, wasm: { available: true } }, models: [{ name: t('org/chat'), platform: 'webgpu', state: 'loaded' }] },
        'node/node-2': { id: 'node-2', session: null, browser: 'firefox', browser_version: '153.0', draining: true, away: false, attempts: 0, connected_at: hours(2), platforms: { wasm: { available: true } }, models: [],
            label: t('Ada’s laptop'), idle: t('an admin has drained it'), cores: 8, memory_gib: 16, user_agent: t('Mozilla/5.0 (Laptop)'), answered: 41, failed: 1, task_ms_p50: 12 },
        'node/node-3': { id: 'node-3', session: null, browser: 'edge', browser_version: '147.0', draining: false, away: true, attempts: 0, connected_at: hours(1), platforms: { wasm: { available: true } }, models: [{ name: 'digits', platform: 'wasm', state: 'failed' }] },
        [`model/${model.name}`]: model,
        'model/digits': { name: 'digits', type: 'vision', format: 'onnx', bytes: 26_000, loaded: [{ node: 'node-3', hash: 'cd', platform: 'wasm', state: 'failed', error: t('out of memory') }] },
        'model/broken': { name: 'broken', problem: t('model.onnx ends in the middle of a tensor') },
        'job/job-1': { id: 'job-1', client: t('ada'), model_name: t('org/chat'), state: 'running', node: 'node-1', accepted: true, priority: 5, attempts: 1, accepted_at: Date.now() - 4200, timeout_ms: 60000, client_id: t('mine') },
        'job/job-2': { id: 'job-2', client: 'ben', model_name: 'digits', state: 'queued', node: null, accepted: false, priority: 5, attempts: 2, accepted_at: Date.now() - 900, timeout_ms: 60000, problem: t('the node node-3 is away') },
        [`pull/${t('whisper')}`]: { name: t('whisper'), state: 'downloading', model: t('onnx-community/whisper-tiny'), hub: t('hf'), variant: 'q8', commit: 'ab', loaded_bytes: 31e6, total_bytes: 76e6, fetched_bytes: 31e6, reused_bytes: 0, files_done: 3, files: 9, seconds: 12, bytes_per_second: 2.6e6, seconds_left: 17, retrying: t('the hub answered 503') },
        'pull/gone': { name: 'gone', state: 'failed', model: 'nobody/gone', hub: 'hf', variant: null, commit: null, loaded_bytes: 0, total_bytes: 0, fetched_bytes: 0, reused_bytes: 0, files_done: 0, files: 0, problem: { code: 'hub_not_found', detail: t('the hub has no such model') } },
    };
}

/** Jobs that have ended. @param {string} t from outside */
const keptJobs = (t) => ['done', 'failed', 'cancelled'].map((state, i) => ({ id: `job-k${i}`, state, model_name: `kept ${t}`, client: `ada ${t}`, client_id: i ? undefined : `own ${t}`, endpoint: '/v1/jobs',
    priority: 5, runs: 1, accepted_at: 1_780_000_000_000, deadline_at: 1_780_000_060_000, finished_at: 1_780_000_000_000 + 1500 * (i + 1) }));

const described = (name, t) => ({ ...everything(t)[`model/${name}`], name, hash: 'ab12cd34', architecture: `llama ${t}`, parameters: 1.1e9, context_length: 8192,
    files: [{ path: `${name}.gguf${t}`, bytes: 668e6, hash: '0123456789abcdef0123' }], memory: { total: 9e8, limit: 2e9, fits: true }, warnings: [`slow in WebAssembly ${t}`],
    source: { hub: 'hf', repository: `org/chat ${t}`, revision: 'main' }, last_used_at: 1_780_000_000,
    numerics: { exempt: null, verdicts: [{ browser: 'firefox', browser_version: '153.0', joined: false, platform: 'webgpu', engine: 'llama.cpp', engine_version: 'b1', adapter: '//', precision: `q4 ${t}`, verdict: 'wrong', error_ratio: 12.4, detail: `logits differ ${t}`, checked_at: 1_780_000_000_000 }] } });

const hardware = (name, t, adapter = `NVIDIA ${t}`) => ({ model_name: name, decision: 'run', why: `it is loaded there and the quickest ${t}`, preferences: ['webgpu', 'wasm'],
    would_run: { node: 'node-1', browser: 'chrome', browser_version: '147.0', platform: 'webgpu', platforms: ['webgpu'], warm: true, expected_ms: 312 },
    options: [
        { browser: 'chrome', browser_version: '147.0', joined: false, platform: 'webgpu', engine: 'llama.cpp', engine_version: 'b1', standing: 'chosen', why: 'it is the quickest', chosen: true, adapter: { description: adapter }, nodes: 1, open_nodes: 1, verdict: 'trusted', expected_ms: 312, estimate: { load_ms: 2100, run_ms: 300, runs: 812, prompt_tokens_per_second: 512.4, tokens_per_second: 48.2 } },
        { browser: 'firefox', browser_version: '153.0', joined: false, platform: 'webgpu', engine: 'llama.cpp', engine_version: 'b1', standing: `excluded ${t}`, why: `its answers are wrong ${t}`, chosen: false, adapter: null, nodes: 0, open_nodes: 0, verdict: 'wrong' },
        { browser: 'firefox', browser_version: '153.0', joined: false, platform: 'wasm', engine: 'llama.cpp', engine_version: 'b1', standing: 'ready', why: '', chosen: false, adapter: null, nodes: 1, open_nodes: 1, verdict: 'trusted', expected_ms: 730 }],
    passed_over: [{ browser: 'edge', installed: false, why: `it is not installed ${t}`, moves: null, measured: null },
        { browser: 'safari', installed: true, why: `no safari is running ${t}`, moves: null,
            measured: { browser_version: '26.2', platform: 'wasm', engine: 'llama.cpp', engine_version: 'b1', estimate: { load_ms: 900, run_ms: 640, runs: 12, tokens_per_second: 7.5 } } }] });

/** A profile of five runs of 10 ms. @param {any} body @param {string} t from outside */
const profile = ({ platform = 'wasm' }, t) => ({ source: 'onnxruntime', platform, clock: platform === 'webgpu' ? 'gpu' : 'cpu', runs: 5, run_ms: 50,
    operators: [{ operator: `Conv${t}`, platform, nodes: 2, calls: 10, ms: 30, share: 0.6, fell_back: false, copied_bytes: 0 },
        { operator: 'Gather', platform: 'wasm', nodes: 1, calls: 5, ms: 10, share: 0.2, fell_back: platform !== 'wasm', reason: `it computes a shape ${t}`, copied_bytes: 4096 }],
    nodes: [{ name: `/conv1/Conv ${t}`, operator: 'Conv', platform, calls: 5, ms: 12, share: 0.24, fell_back: false, shapes: `float[1,3] → float[1] ${t}` },
        { name: '/conv2/Conv', operator: 'Conv', platform, calls: 5, ms: 18, share: 0.36, fell_back: false }],
    left_out: { nodes: 1, ms: 5, events: 0 }, other: { ms: 5, share: 0.1, what: `inputs, outputs and the page ${t}` } });

/** @param {string} text from outside */
function cluster(text) {
    const t = (/** @type {string} */ plain) => (text ? `${plain} ${text}` : plain);
    const member = (/** @type {string} */ name, more = {}) => ({ name, self: false, instance: `member-${name}`, version: t('0.1.0'), api: t('http://10.0.0.1:8470'), bridge: 'http://10.0.0.1:8471',
        models: ['digits', t('org/chat')], model_count: 212, load: { waiting: 3, running: 2, nodes: 4 }, age_ms: 400, clock_ms: 12, ...more });
    return { state: 'member', name: t('attic'), server: t('nats://10.0.0.9:4222'), problem: text ? { code: 'other', detail: t('it does not take the record') } : null,
        members: [member(t('attic'), { self: true }), member('cellar', { clock_ms: -95_000 })], ignored: { garbage: 0, other_version: 0, left_out: 0 } };
}

/** Stored runs of the laboratory, the newest first: the second is the one that became slower. @param {string} text from outside */
function lab(text) {
    const t = (/** @type {string} */ plain) => (text ? `${plain} ${text}` : plain);
    const run = (/** @type {number} */ number, more = {}) => ({ version: 1, id: `run-${number}`, name: t(`nightly ${number}`), began_at: 1_780_000_000_000 + number * 86_400_000,
        ended_at: 1_780_000_100_000 + number * 86_400_000, webinfer: { version: '0.1.0', commit: t(`c0ffee${number}`) }, machine: { cores: 2, kernel: t('6.1.0') }, together: 1,
        noisy: false, simulated: false, imported: false, ...more });
    const summary = (/** @type {number} */ median) => ({ n: 3, min: median - 0.1, median, p90: median + 0.1, low: median - 0.05, high: median + 0.05, bimodal: false });
    const row = (/** @type {number} */ index, /** @type {string} */ platform, more = {}) => ({ browser: 'chrome', browser_version: t('156.0.1'), platform, precision: t('fp32'), index, outcome: 'ok', software: false, simulated: false,
        median_ms: 2, low_ms: 1.95, high_ms: 2.05, ...more });
    const cell = (/** @type {number} */ index, /** @type {string} */ platform, more = {}) => ({ index, model: t('digits'), browser: 'chrome', browser_version: t('156.0.1'), platform, precision: 'fp32',
        threads: 1, batch: 1, concurrency: 1, clock: 'page', outcome: 'ok', samples_ms: [1.9, 2, 2.1], summary: summary(2), ...more });
    const cells = [cell(0, 'wasm', { summary: { ...summary(2), bimodal: true } }), cell(1, 'webgpu', { summary: summary(4), adapter: { description: 'SwiftShader', is_fallback: true }, baseline: 0, speedup: { value: 0.5, low: 0.48, high: 0.52 } }),
        cell(2, 'webnn', { outcome: 'failed', reason: t('attempts_exhausted: it ended'), samples_ms: [], summary: undefined }), cell(3, 'wasm', { yardstick: 'before' }),
        cell(4, 'simulated', { model: t('writes'), text: { prompt_per_s: 512.4, generated_per_s: 48.2, first_p50_ms: 21, first_p90_ms: 30, token_ms: 20.7, all_per_s: 96 } })];
    const point = (/** @type {number} */ number, /** @type {number} */ median, more = {}) => ({ run: `run-${number}`, index: 0, outcome: 'ok', reason: null, browser_version: t('156.0.1'), engine: 'onnxruntime-web',
        engine_version: '1.23', n: 20, median_ms: median, low_ms: median - 0.05, high_ms: median + 0.05, change: 'alike', against: 'run-1', ratio: null, changed: [], ...more });
    const ratio = { value: 1.31, low: 1.28, high: 1.34, p: 1.5e-11 };
    const slower = { change: 'slower', ratio, changed: [{ what: 'commit', before: 'c0ffee2000000', now: 'c0ffee3000000' }, { what: 'flags', before: '["--a"]', now: t('["--b"]') }] };
    return {
        runs: [run(3, { noisy: true }), run(2), run(1, { imported: true, ended_at: undefined })], run, cells,
        answers: [{ model: t('digits'), sentence: t('digits runs in Chromium 156; fastest: chrome/wasm, 2 ms.'), rows: [
            row(0, 'wasm', { error_ratio: 0, memory_bytes: 412e6, load_ms: 31.25, first_ms: 9.5 }),
            row(1, 'webgpu', { software: true, median_ms: 4, low_ms: 3.95, high_ms: 4.05, than_wasm: { value: 0.5, low: 0.48, high: 0.52, words: '2 × slower' }, error_ratio: 0.43, changed: t('y at 3: 5 where WASM gives 4') }),
            row(2, 'webnn', { outcome: 'failed', reason: t('attempts_exhausted: it ended'), remedy: 'start Chromium again', precision: undefined, median_ms: undefined })] }],
        history: { model: 'digits', percent: 10, runs: [run(1), run(2), run(3, { noisy: true })], has_more: true,
            series: [{ cell: t('digits chrome/wasm fp32'), browser: 'chrome', platform: 'wasm', simulated: false, points: [point(1, 2, { change: 'new', against: null }), point(2, 2.02), point(3, 2.62, slower)] }],
            shifts: [{ run: 'run-3', against: 'run-1', browser: t('firefox'), ratio: 1.2, blame: 'browser' }] },
        comparison: { before: run(2), now: run(3), judgement: 'regression', reason: 'a cell is slower', threshold: 0.1, yardstick: 1.01, cells: [
            { cell: t('digits chrome/wasm fp32'), change: 'slower', before: 'ok', now: 'ok', before_ms: 2.02, now_ms: 2.62, ratio, reason: null },
            { cell: 'digits chrome/webnn', change: 'not ok', before: 'failed', now: 'failed', before_ms: null, now_ms: null, ratio: null, reason: t('it ended') }] },
    };
}

const OPTIONS = { properties: { temperature: { type: 'number', minimum: 0, maximum: 2, description: '0 selects the most likely token.' }, max_tokens: { type: 'integer', minimum: 1 },
    deterministic: { type: 'boolean', description: 'It runs alone.' }, stop: { description: 'What ends the answer.' } } };
const executedOn = ({ browser = 'chrome', platform = 'webgpu' }, t, more) => ({ node: 'node-1', browser, browser_version: `147.0 ${t}`, platform, engine: 'llama', build: 'jspi64', threads: 4, precision: null,
    quantization: 'Q8_0', adapter: platform === 'webgpu' ? { vendor: 'nvidia', architecture: 'ada', description: `NVIDIA ${t}`, is_fallback: false } : null, fallbacks: [], numerics: 'ok', simulated: false, ...more });

/** As often as the daemon, the stand-in says that it is there: a reader whose answer is silent for 25 s asks again. */
const ALIVE_MS = 10_000;

/** A message of a channel as a frame, with zeros up to a multiple of 8 bytes. @param {string} type @param {object} data @param {any[]} [tensors] */
function frameOf(type, data, tensors = []) {
    const frame = Buffer.from(encode({ id: 'm-1', type, from: 'service', timestamp: Date.now(), data }, tensors));
    return Buffer.concat([frame, Buffer.alloc(-frame.length & 7)]);
}

/** A batch of vectors. @param {{model: string, dimensions: number, vectors: Float32Array, jobs: string[], labels: string[], timestamp?: number}} batch */
const batchOf = ({ model, dimensions, vectors, jobs, labels, timestamp = 1_780_000_000_000 }) => frameOf('vector_batch', { model_name: model, count: jobs.length, dimensions, jobs, labels, timestamp },
    [{ name: 'vectors', datatype: 'FP32', shape: [vectors.length / dimensions, dimensions], bytes: new Uint8Array(vectors.buffer) }]);

/** An event with a line for each object. */
function eventText(event, data, id) {
    const members = Object.entries(data).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    return `event: ${event}\ndata: {${members.join(',\ndata: ')}}\nid: ${id}\n\n`;
}

export class ConsoleService {
    /** @param {string} folder of the built console @param {{text?: string, token?: string, rank?: 'user' | 'admin'}} [options] */
    constructor(folder, { text = '', token, rank = 'admin' } = {}) {
        Object.assign(this, { folder, text, token, rank, objects: everything(text), startedAt: Date.now(), seen: [], watchers: new Set(), port: 0, ids: 0,
            violations: [], missed: [], snapshots: 0, full: 0, refusal: null, forgets: false, joins: [{ id: 'join-1', label: text || null, shareable: false, nodes: 4, joined: 2, expires_at: Date.now() + 3.6e6 }] });
        /** The adapter of the place that is chosen. @type {string | undefined} */
        this.adapter = undefined;
        /** The ids of runs that were removed. @type {Set<string>} */
        this.removed = new Set();
        /** Takes live sound; null: that is not listed, and not there. @type {import('../../lib/played-sound.mjs').PlayedSound | null} */
        this.sound = null;
        /** Jobs that are kept, the newest first. @type {any[]} */
        this.kept = keptJobs(text);
        /** Nodes that were found wrong. @type {any[]} */
        this.quarantined = text ? [{ id: 'quarantine-1', node: 'node-9', token: `farm ${text}`, join: null, address: text, reason: `it lies ${text}`, since: 1_780_000_000_000, until: null }] : [];
        /** Devices that may come back without a link. @type {any[]} */
        this.devices = text ? [{ id: 'device-1', join: 'join-1', label: text, remembered_at: 1_780_000_000_000, seen_at: 1_780_000_000_000, node: null }] : [];
        /** All nodes, where that is more than is told of; null: these are all. @type {any[] | null} */
        this.listed = null;
        /** The next of every page of nodes; null: as it should be. @type {string | null} */
        this.endless = null;
        /** Batches of vectors that are kept for those who ask; null: there are no channels. @type {Parameters<typeof batchOf>[0][] | null} */
        this.recent = [];
        /** Answers of GET /v1/channels. @type {Set<http.ServerResponse>} */
        this.listeners = new Set();
        /** What a snapshot waits for in its middle. */
        this.holding = null;
        this.lines = Array.from({ length: 450 }, (_, i) => this.line(i + 1, ['info', 'info', 'warn', 'error'][i % 4]));
    }

    line(seq, level) {
        return { seq, time: new Date(1_780_000_000_000 + seq * 1000).toISOString(), level, part: seq % 3 ? 'api' : 'bridge', subject: `node-${seq % 5}`, message: `line ${seq} ${seq % 50 ? this.text.slice(0, 200) : this.text}`, ...(this.text && { path: `/field ${this.text.slice(0, 200)}` }) };
    }

    get url() { return `http://127.0.0.1:${this.port}`; }

    async start() {
        this.server = http.createServer((request, response) => this.#answer(request, response));
        await new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
        this.port = this.server.address().port;
        this.beat = setInterval(() => {
            for (const { response, said } of this.watchers) if (said) response.write(': alive\n\n');
            for (const response of this.listeners) response.write(frameOf('heartbeat', {}));
        }, ALIVE_MS);
        return this;
    }

    async stop() {
        clearInterval(this.beat);
        this.watchers.clear();
        this.listeners.clear();
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    /** Cuts who watches off; who asks again with the last id goes on. */
    cut() {
        for (const response of [...[...this.watchers].map((one) => one.response), ...this.listeners]) response.destroy();
        this.watchers.clear();
        this.listeners.clear();
    }

    /** What was asked for so, in its order. @param {string} method @param {RegExp} where */
    asked(method, where) {
        return this.seen.filter((one) => one.method === method && where.test(one.path));
    }

    /** Tells all who watch. @param {Record<string, any>} objects */
    change(objects) {
        for (const [key, object] of Object.entries(objects))
            if (object === null) delete this.objects[key];
            else this.objects[key] = object;
        this.#send('change', objects);
    }

    /** Says a line of the log. */
    log(line) {
        this.lines.push(line);
        for (const { response, log } of this.watchers) if (log) this.#event(response, 'log', { lines: [line], lost: 0 });
    }

    /** Hands vectors to all who listen, and keeps them. @param {Parameters<typeof batchOf>[0]} batch */
    publish(batch) {
        const sent = { timestamp: Date.now(), ...batch };
        this.recent?.push(sent);
        for (const response of this.listeners) response.write(batchOf(sent));
    }

    /** Tells all who listen that they have lost rows. @param {number} count */
    miss(count) {
        for (const response of this.listeners) response.write(frameOf('missed', { channel: 'vector_updates', count }));
    }

    /** @param {URL} url @param {http.ServerResponse} response */
    #channels(url, response) {
        response.writeHead(200, { 'Content-Type': 'application/octet-stream', ...HEADERS });
        response.flushHeaders();
        this.listeners.add(response);
        response.on('close', () => this.listeners.delete(response));
        response.write(frameOf('heartbeat', {}));
        if (url.searchParams.has('recent')) for (const batch of this.recent ?? []) response.write(batchOf(batch));
    }

    #send(event, data) {
        this.missed.push({ id: ++this.ids, event, data });
        for (const { response, log } of this.watchers) if (!log) this.#event(response, event, data);
    }

    #event(response, event, data, id = this.ids) {
        response.write(eventText(event, data, `${this.startedAt}-${id}`));
    }

    #answer(request, response) {
        const url = new URL(request.url, this.url), name = decodeURIComponent(url.pathname);
        const seen = { method: request.method, path: request.url, authorization: request.headers.authorization, lastId: request.headers['last-event-id'], at: performance.now(), body: '' };
        this.seen.push(seen);
        if (name === '/' || name.startsWith('/console/')) return this.#file(name === '/' ? 'index.html' : name.slice(9), response);
        if (this.token && name !== REPORTED && seen.authorization !== `Bearer ${this.token}`) return this.#json(response, 401, { code: 'unauthorized', status: 401, title: 'Unauthorized', detail: seen.authorization ? 'this token is not known' : 'a token is needed' });
        if (name === '/v1/events') return this.#events(url, seen.lastId, response);
        if (name === '/v1/channels' && this.recent) return this.#channels(url, response);
        if (this.sound && name.startsWith('/v1/audio/streams')) return void this.sound.answer(request, response);
        if (name === '/v1/infer') return void this.#infer(request, response, seen);
        if (request.method !== 'GET') {
            request.on('data', (text) => (seen.body += text));
            request.on('end', () => (name === REPORTED ? this.#violated(seen, response) : this.#write(seen, name, response)));
            return undefined;
        }
        const found = this.#found(name, url.searchParams);
        return found ? this.#json(response, 200, found) : this.#json(response, 404, { code: 'not_found', detail: `there is nothing at that path ${this.text}`, request_id: 'r-1' });
    }

    /** The answer to POST /v1/models/NAME/sample. */
    sample = { inputs: 'A river', options: { max_tokens: 16 }, task: 'complete' };

    /** How requests are answered: a test puts its own here. @param {{body: any, request: http.IncomingMessage, response: http.ServerResponse, part: (text: string) => void,
     * done: (more?: object) => void, event: (name: string, data: object) => void, fail: (status: number, problem: object, headers?: object) => void}} asked */
    infer = ({ part, done }) => {
        for (const text of ['Some ', 'words']) part(text);
        done();
    };

    async #infer(request, response, seen) {
        let text = '', seq = 0;
        for await (const piece of request) text += piece;
        const body = JSON.parse(text);
        const event = (name, data) => {
            if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream', ...HEADERS });
            response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        };
        seen.body = body;
        this.infer({
            body, request, response, event, part: (said) => event('part', { seq: seq++, index: 0, text: said, tokens: [seq] }),
            done: (more = {}) => {
                event('done', { id: 'job-7', model_name: body.model_name, model_type: 'text_generation', outputs: [], result: { finish_reason: 'stop' }, parts: seq, ...more,
                    executed_on: executedOn(body, this.text, more.executed_on), performance: { queue_ms: 1, load_ms: 20, inference_ms: 300, total_ms: 321, first_part_ms: 30, attempts: 1, warm: true, ...more.performance } });
                response.end();
            },
            fail: (status, problem, headers = {}) => {
                response.writeHead(status, { 'Content-Type': 'application/problem+json', ...HEADERS, ...headers });
                response.end(JSON.stringify({ status, ...problem }));
            },
        });
    }

    #violated({ body }, response) {
        this.violations.push(body);
        return this.#json(response, 200, {});
    }

    /** Does what is told, as much of it as is seen of it. */
    #write({ method, body }, name, response) {
        if (this.refusal) return this.#json(response, this.refusal.status, { code: 'refused', ...this.refusal });
        if (name.endsWith('/sample')) return this.#json(response, 200, this.sample);
        if (name.startsWith('/v1/admin/quarantine/')) this.quarantined = this.quarantined.filter(({ id }) => id !== name.slice(21));
        if (name.startsWith('/v1/results/')) this.removed.add(name.slice(12));
        if (name.startsWith('/v1/devices/')) this.devices = this.devices.filter(({ id }) => id !== name.slice(12));
        if (name.startsWith('/v1/admin/join/')) this.joins = this.joins.filter(({ id }) => id !== name.slice(15));
        if (name === '/v1/benchmark') return this.#json(response, 200, { id: 'x', result: { profile: profile(JSON.parse(body), this.text) } });
        if (name !== '/v1/admin/join') return this.#json(response, 200, { id: 'x', state: method === 'DELETE' ? 'cancelled' : 'ready' });
        const { nodes, seconds, label = null, shareable = false } = JSON.parse(body);
        const made = { id: `join-${this.joins.length + 1}`, label, shareable, nodes, expires_at: Date.now() + seconds * 1000 };
        this.joins.push({ ...made, joined: 0 });
        return this.#json(response, 200, { ...made, token: 'x', url: `${this.url}/#token=${made.id}` });
    }

    #found(name, query) {
        const all = (kind) => Object.entries(this.objects).filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object);
        if (name === '/v1/status') return { ...this.objects.status, started_at: this.startedAt, ...(this.rank === 'admin' && { models_directory: '/models' }), memory: { used: 12e6, budget: 2e9 }, sessions: [{ id: 'session-1', memory_bytes: 1.4e9 }] };
        if (name === '/v1/jobs') return this.#jobsBehind(query.get('after'), Number(query.get('limit')));
        if (name.startsWith('/v1/jobs/')) return this.kept.filter(({ id }) => id === name.slice(9)).map((job) => ({ ...job, error: { code: 'too_late', detail: `the deadline passed ${this.text}` } }))[0];
        if (name === '/v1/openapi.json') return { openapi: '3.1.0', paths: this.sound ? { '/v1/audio/streams': {} } : {}, 'x-tasks': { chat: { options: OPTIONS }, complete: { options: OPTIONS } } };
        if (name === '/v1/history') return history();
        if (name === '/v1/cluster') return cluster(this.text);
        if (name === '/v1/history/results' || name.startsWith('/v1/results')) return this.#lab(name, query);
        if (name === '/v1/hardware') return hardware(query.get('model_name'), this.text, this.adapter);
        if (name === '/v1/nodes') return { ...this.#nodesBehind(query.get('after') ?? '', this.listed ? Number(query.get('limit')) : 2, this.listed ?? all('node')), quarantined: this.quarantined };
        if (name === '/v1/admin/join') return { joins: this.joins, node_tokens: [] };
        if (name === '/v1/devices') return { devices: this.devices };
        if (name === '/v1/logs') {
            const before = Number(query.get('before') ?? Infinity), levels = ['error', 'warn', 'info', 'debug'];
            const lines = this.lines.filter((line) => line.seq < before && levels.indexOf(line.level) <= levels.indexOf(query.get('level')) && line.message.includes(query.get('contains') ?? ''));
            return { lines: lines.slice(-Number(query.get('limit'))), lost: 0 };
        }
        const model = name.startsWith('/v1/models/') && name.slice(11);
        return model && this.objects[`model/${model}`] && { ...described(model, this.text), ...this.objects[`model/${model}`], name: model };
    }

    #lab(name, query) {
        const { runs, run, cells, answers, history: told, comparison } = lab(this.text), [, id, what] = /^\/v1\/results\/run-([123])\/(\w+)$/.exec(name) ?? [];
        if (name === '/v1/history/results') return query.get('model') === 'nothing' ? { ...told, runs: [], series: [], shifts: [], has_more: false } : told;
        if (what === 'figures') return { ...run(Number(id), { noisy: id === '3' }), answers, cells };
        if (what === 'comparison') return comparison;
        const shown = runs.filter((one) => !this.removed.has(one.id)).map((one) => ({ ...one, cell_count: 4 }));
        return name === '/v1/results' && { results: query.get('after') ? shown.slice(2) : shown.slice(0, 2), next: query.get('after') ? null : '2' };
    }

    /** A page of jobs; its next is its last id. */
    #jobsBehind(after, limit) {
        const from = this.kept.findIndex(({ id }) => id === after) + 1, jobs = this.kept.slice(from, from + limit);
        return { jobs, next: from + limit < this.kept.length ? jobs.at(-1).id : null };
    }

    /** A page of nodes, which are in the order of their ids. */
    #nodesBehind(after, limit, nodes) {
        const behind = nodes.filter(({ id }) => id > after), page = behind.slice(0, limit);
        return { nodes: page, next: this.endless ?? (behind.length > limit ? page.at(-1).id : null) };
    }

    async #events(url, lastId, response) {
        if (this.full) return this.#json(response, 429, { code: 'too_many_watchers', detail: '64 watch already' }, { 'Retry-After': String(this.full) });
        response.writeHead(200, { 'Content-Type': 'text/event-stream', ...HEADERS });
        const log = url.searchParams.has('log'), watcher = { response, log, said: false };
        this.watchers.add(watcher);
        response.on('close', () => this.watchers.delete(watcher));
        const [run, last] = (lastId ?? '').split('-');
        if (run === String(this.startedAt) && !this.forgets) this.#goOn(response, Number(last));
        else await this.#snapshot(response, log ? { queue: this.objects.queue } : this.objects);
        watcher.said = true; // nothing of the beat goes into the middle of a snapshot
    }

    #goOn(response, last) {
        response.write(': alive\n\n');
        for (const { id, event, data } of this.missed) if (id > last) this.#event(response, event, data, id);
    }

    async #snapshot(response, objects) {
        this.snapshots += objects === this.objects;
        const text = eventText('snapshot', objects, `${this.startedAt}-${this.ids}`), half = this.holding ? text.length / 2 : 0;
        response.write(text.slice(0, half));
        await this.holding;
        response.write(text.slice(half));
    }

    #file(name, response) {
        const file = path.join(this.folder, path.basename(name));
        if (!fs.existsSync(file)) return this.#json(response, 404, {});
        response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)], ...HEADERS });
        response.end(fs.readFileSync(file));
    }

    #json(response, status, body, more = {}) {
        response.writeHead(status, { 'Content-Type': 'application/json', ...HEADERS, ...more });
        response.end(JSON.stringify(body));
    }
}
