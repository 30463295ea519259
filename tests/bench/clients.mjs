/**
 * ./dev bench clients: what other servers' APIs cost beside our own, in one run and in turn.
 *
 * `tensors`: an echo of 100 B, 602 kB and 4 MB in binary both ways, through /v2 (KServe) and /v1/infer: the
 * median time of a request, and what the daemon spends on one by the clock of its process. `text`: streams
 * of text through Responses, Messages and Ollama's chat, and through /v1/chat/completions, as fast as they
 * come: tokens a second of several at once. Their client is a program in C that counts bytes: one that parsed
 * them would be slower than the daemon, and compare what clients do with longer events. One stream of each
 * block is read, and held to its text, before. The nodes are simulated ones. An API that this daemon does
 * not serve is said to be missing. Exits 1 if an answer was wrong.
 */
import http from 'node:http';
import os from 'node:os';
import { commandLine, flag, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { EventReader } from '../lib/event-reader.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { encode } from '../lib/kserve.mjs';
import { cpuSeconds } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { median, shown, spread, table } from './figures.mjs';
import * as programs from './programs.mjs';

const SIZES = [['100 B', 100, 400], ['602 kB', 602112, 60], ['4 MB', 4 << 20, 16]];
const TOKENS = 256;
const STREAMS = 8;
const MODEL = 'talker@simulated';
const NODES = 2;

const asJson = { 'Content-Type': 'application/json' };
const agent = new http.Agent({ keepAlive: true, maxSockets: STREAMS });

/** The status and the bytes of an answer. */
function exchange(url, headers, body) {
    return new Promise((resolve, reject) => {
        const call = http.request(url, { method: 'POST', agent,
            headers: { ...headers, 'Content-Length': body.length } }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => resolve({ status: answer.statusCode, bytes: Buffer.concat(parts) }));
            answer.on('error', reject);
        });
        call.on('error', reject);
        call.end(body);
    });
}

/* --- tensors ------------------------------------------------------------------------------------ */

const echoes = {
    '/v1/infer': { head: { model_name: 'builtin/echo', platform: 'simulated',
        parameters: { binary_data_output: true } } },
    '/v2/models/builtin/echo/infer': {
        head: { parameters: { binary_data_output: true, platform: 'simulated' } } },
};

/** Milliseconds of the median request, and the daemon's CPU for one; null where it is not served. */
async function echoBlock(daemon, path, bytes, times) {
    const { headers, body } = encode(echoes[path].head,
        [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }]);
    const took = [];
    const before = cpuSeconds(daemon.pid);
    for (let i = 0; i < times; i++) {
        const began = performance.now();
        const answer = await exchange(daemon.url + path, headers, body);
        took.push(performance.now() - began);
        if (answer.status === 404) return null;
        if (answer.status !== 200 || !answer.bytes.subarray(-bytes.length).equals(bytes))
            throw new Error(`${path}: ${answer.status} ${answer.bytes.subarray(0, 500)}`);
    }
    return { ms: median(took), cpuMs: (1000 * (cpuSeconds(daemon.pid) - before)) / times };
}

async function compareEchoes(daemon, rounds, quick) {
    const rows = [];
    for (const [name, size, times] of SIZES) {
        const bytes = Buffer.alloc(size, 7);
        const [ours, theirs] = await inTurn(Object.keys(echoes), rounds,
            (path) => echoBlock(daemon, path, bytes, quick ? Math.ceil(times / 8) : times));
        const ratio = (member) => theirs && spread(theirs.map((one, i) => one[member] / ours[i][member]));
        rows.push({ name, ms: spread(ours.map(({ ms }) => ms)), cpu_ms: spread(ours.map(({ cpuMs }) => cpuMs)),
            ratio: ratio('ms'), cpu_ratio: ratio('cpuMs') });
    }
    return rows;
}

/** The first of the ways beside each of the others, round by round, in an order that changes. */
async function inTurn(ways, rounds, measure) {
    const found = ways.map(() => []);
    for (let round = 0; round <= rounds; round++)
        for (const way of round % 2 ? [...ways.keys()].reverse() : ways.keys()) {
            const figure = await measure(ways[way]);
            if (!figure) found[way] = null;
            else if (round > 0) found[way]?.push(figure); // the first warms up
        }
    return found;
}

/* --- text --------------------------------------------------------------------------------------- */

const words = Array.from({ length: TOKENS }, (_, i) => `word${i}`).join(' ');
const said = [{ role: 'user', content: words }];

/** What each API is asked, and where the text is in what comes. */
const texts = {
    '/v1/chat/completions': { body: { messages: said, max_tokens: TOKENS },
        piece: ({ choices }) => choices?.[0]?.delta?.content },
    '/v1/responses': { body: { input: words, max_output_tokens: TOKENS },
        piece: ({ type, delta }) => (type === 'response.output_text.delta' ? delta : '') },
    '/v1/messages': { body: { messages: said, max_tokens: TOKENS },
        piece: ({ type, delta }) => (type === 'content_block_delta' ? delta.text : '') },
    '/api/chat': { body: { messages: said, options: { num_predict: TOKENS } }, lines: true,
        piece: ({ message }) => message?.content },
};

/** All JSON of a stream, which has events or is one object in each line. */
function* jsonOf(text, lines) {
    if (lines) {
        for (const line of text.split('\n').filter(Boolean)) yield JSON.parse(line);
        return;
    }
    for (const { data } of new EventReader().read(text)) if (data !== '[DONE]') yield JSON.parse(data);
}

/** Holds one stream of an API to what it has to say. False where the API is not served. */
async function checkStream(daemon, path, sent) {
    const { status, bytes } = await exchange(daemon.url + path, asJson, sent);
    if (status === 404) return false;
    const { piece, lines } = texts[path];
    const text = status === 200
        ? [...jsonOf(bytes.toString(), lines)].map((one) => piece(one) ?? '').join('') : '';
    if (text.trim() !== words)
        throw new Error(`${path}: ${status}, "${text.slice(0, 100)}" of ${bytes.subarray(0, 300)}`);
    return true;
}

/** Tokens a second of several streams at once, by a client that only counts bytes, and what the daemon
 * spends on one; null where the API is not served. */
async function streamBlock(daemon, client, path, streams) {
    const sent = Buffer.from(JSON.stringify({ model: MODEL, stream: true, ...texts[path].body }));
    if (!await checkStream(daemon, path, sent)) return null;
    const { host, port } = new URL(daemon.url);
    const file = programs.requestFile(path.replaceAll('/', '-'), host, asJson, sent, path);
    const before = cpuSeconds(daemon.pid);
    const { errors, seconds } = await programs.load(client, { port, file, clients: STREAMS, ms: 600_000, requests: streams });
    const cpu = cpuSeconds(daemon.pid) - before;
    if (errors) throw new Error(`${path}: ${errors} of ${streams} streams failed`);
    return { rate: (streams * TOKENS) / seconds, cpuUs: (1e6 * cpu) / (streams * TOKENS) };
}

async function compareTexts(daemon, rounds, quick) {
    const { client } = programs.compile();
    const [chat, ...others] = await inTurn(Object.keys(texts), rounds,
        (path) => streamBlock(daemon, client, path, quick ? STREAMS : 16 * STREAMS));
    return [chat, ...others].map((figures, way) => ({ name: Object.keys(texts)[way],
        rate: figures && spread(figures.map(({ rate }) => rate)),
        cpu_us: figures && spread(figures.map(({ cpuUs }) => cpuUs)),
        ratio: figures && spread(figures.map(({ rate }, i) => rate / chat[i].rate)),
        cpu_ratio: figures && spread(figures.map(({ cpuUs }, i) => cpuUs / chat[i].cpuUs)) }));
}

/* ------------------------------------------------------------------------------------------------ */

const orMissing = (figure) => (figure ? shown(figure) : 'not served');

async function main() {
    const { only, quick, rounds = quick ? 3 : 7 } = commandLine('./dev bench clients',
        'Other servers\' APIs beside our own: tables, and a line of JSON.', {
            only: partsOf(['tensors', 'text']),
            quick: flag('less of each'),
            rounds: roundsOf(7, 3),
        });
    const daemon = new Daemon({ logToFile: true, config: {
        pool: { min_connections: 0, strangers: 'text' }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'talker', { arch: 'llama', context: 8192 });
    await daemon.start({ ready: false });
    const simulation = await new Simulation(daemon, { nodes: NODES }).up();
    const result = { cpus: os.cpus().length };
    try {
        if (only.includes('tensors')) {
            result.tensors = await compareEchoes(daemon, rounds, quick);
            console.log(table('/v2 beside /v1/infer (goals: time 1.1, CPU 1.05)',
                ['echo', '/v1/infer ms', 'CPU ms', '/v2: time ×', 'CPU ×'], result.tensors.map((row) => [row.name,
                    shown(row.ms), shown(row.cpu_ms), orMissing(row.ratio), orMissing(row.cpu_ratio)])));
        }
        if (only.includes('text')) {
            result.text = await compareTexts(daemon, rounds, quick);
            console.log(table(`${TOKENS} tokens a stream (goal: 0.98)`, ['API', 'tokens/s', 'CPU µs/token', 'tokens/s ×', 'CPU ×'],
                result.text.map(({ name, ...row }) => [name,
                    ...['rate', 'cpu_us', 'ratio', 'cpu_ratio'].map((figure) => orMissing(row[figure]))])));
        }
    } finally {
        agent.destroy();
        await simulation.stop();
        await daemon.stop();
    }
    console.log(JSON.stringify(result));
}

await main();
