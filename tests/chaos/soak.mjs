/**
 * ./dev chaos --soak[=N]: N requests of all kinds over simulated nodes, of clients of whom many leave, and what the
 * daemon still holds behind them. After a fifth of the requests and after all of them nobody is connected for a moment:
 * its memory must not have grown by more than 2 % between the two (from 100,000 requests on; with fewer that is only
 * told), and it must have as many descriptors as at the beginning.
 *
 * Its last line is one JSON object; its exit status is 1 unless all went well.
 */
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { commandLine, number } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { encode } from '../lib/kserve.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';
import { seeded } from './random.mjs';

const { seed, soak: requests, clients, nodes } = commandLine('./dev chaos',
    'Ask for everything and leave, and count what the daemon still holds; its last line is one JSON object.', {
        soak: number(500_000, 'requests of all clients together'),
        seed: number(Date.now() % 1_000_000, 'what is drawn at random begins with it', 0),
        clients: number(24, 'at once'),
        nodes: number(4, 'simulated ones'),
    });
/** From so many requests on the growth is judged, and what it may be. */
const JUDGED_FROM = 100_000, MAY_GROW = 0.02;
const QUIET_MS = 60_000;

const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
const simulated = { platform: 'simulated', timeout_ms: 60_000 };
const vector = (data) => ({ name: 'x', datatype: 'INT32', shape: [data.length], data });

class Soak {
    done = 0;
    wrong = [];
    counts = {};

    constructor(daemon, random) {
        Object.assign(this, { daemon, random });
        const { hostname, port, host } = new URL(daemon.url);
        this.where = { hostname, port: Number(port) };
        this.host = host;
    }

    /** Sends one request and reads its answer to the end, or leaves after `leave` milliseconds.
     * @returns {Promise<{status: number, text: string}>} status 0: it left */
    send(method, path, { body, headers = {}, leave } = {}) {
        return new Promise((resolve, reject) => {
            const all = { ...headers, ...body !== undefined && { 'Content-Length': Buffer.byteLength(body),
                'Content-Type': headers['Content-Type'] ?? 'application/json' } };
            const request = http.request({ ...this.where, method, path, headers: all, agent }, (answer) => {
                const parts = [];
                answer.on('data', (part) => parts.push(part));
                answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString('latin1') }));
                answer.on('error', (error) => (leave === undefined ? reject(error) : resolve({ status: 0, text: '' })));
            });
            request.on('error', (error) => (leave === undefined ? reject(error) : resolve({ status: 0, text: '' })));
            if (leave !== undefined) {
                const timer = setTimeout(() => request.destroy(), leave);
                request.on('close', () => clearTimeout(timer));
            }
            request.end(body);
        });
    }

    /** Sends bytes on a connection of its own, and leaves. */
    breakOff(text) {
        return new Promise((resolve) => {
            const socket = net.connect(this.where.port, this.where.hostname);
            socket.on('error', () => {});
            socket.on('close', resolve);
            socket.write(text, () => (this.random.below(2) ? socket.end() : socket.destroy()));
            socket.resume();
        });
    }

    async expect(status, what, sent) {
        const answer = await sent;
        if (![status, 0].includes(answer.status)) this.wrong.push(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
        return answer;
    }

    echo(more = {}, options = {}) {
        const data = Array.from({ length: 1 + this.random.below(50) }, () => this.random.below(1000));
        return this.send('POST', '/v1/infer', { body: JSON.stringify({ model_name: 'builtin/echo', ...simulated,
            inputs: [vector(data)], ...more }), ...options });
    }

    count(options) {
        return this.send('POST', '/v1/infer', { body: JSON.stringify({ model_name: 'builtin/count', ...simulated, stream: true,
            inputs: [], options: { count: 1 + this.random.below(20), bytes: this.random.below(500) } }), ...options });
    }

    binary() {
        const bytes = this.random.bytes(this.random.pick([16, 1000, 70_000]));
        const { headers, body } = encode({ model_name: 'builtin/echo', ...simulated,
            parameters: { binary_data_output: true } }, [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }]);
        return this.send('POST', '/v1/infer', { headers, body });
    }

    async job() {
        const body = JSON.stringify({ model_name: 'builtin/echo', ...simulated, inputs: [vector([1, 2])] });
        const { status, text } = await this.expect(202, 'a job', this.send('POST', '/v1/jobs', { body }));
        if (status !== 202) return;
        const where = `/v1/jobs/${JSON.parse(text).id}`;
        await this.expect(200, 'a job', this.send('GET', `${where}?wait=20s`));
        await this.expect(409, 'a job that is done', this.send('DELETE', where));
    }

    head(method, path, more = '') { return `${method} ${path} HTTP/1.1\r\nHost: ${this.host}\r\n${more}`; }

    /** What is asked, each as often as its number says. */
    kinds = {
        echo: [24, () => this.expect(200, 'echo', this.echo())],
        binary: [12, () => this.expect(200, 'binary', this.binary())],
        stream: [8, () => this.expect(200, 'stream', this.count())],
        health: [8, () => this.expect(200, 'health', this.send('GET', '/healthz'))],
        lists: [10, () => this.expect(200, 'a list', this.send('GET', this.random.pick(['/v1/models', '/v1/nodes',
            '/v1/jobs?limit=10', '/v1/history', '/v1/kernels', '/api/tags'])))],
        status: [2, () => this.expect(200, 'status', this.send('GET', this.random.pick(['/v1/status', '/metrics'])))],
        description: [1, () => this.expect(200, 'openapi', this.send('GET', '/v1/openapi.json'))],
        job: [3, () => this.job()],
        'bad JSON': [4, () => this.expect(400, 'bad JSON', this.send('POST', '/v1/infer', { body: '{"model_name": ' }))],
        'no such model': [4, () => this.expect(404, 'no such model', this.echo({ model_name: `none-${this.random.below(1e6)}` }))],
        'no such path': [3, () => this.expect(404, 'no such path', this.send('GET', `/v1/none-${this.random.below(1e6)}`))],
        'bad method': [2, () => this.expect(405, 'bad method', this.send('PUT', '/v1/infer', { body: '{}' }))],
        'left echo': [4, () => this.echo({}, { leave: this.random.below(5) })],
        'left stream': [4, () => this.count({ leave: this.random.below(10) })],
        'left channels': [2, () => this.send('GET', '/v1/channels?recent=100', { leave: this.random.below(20) })],
        'left events': [2, () => this.send('GET', '/v1/events', { leave: this.random.below(20) })],
        'half a head': [4, () => this.breakOff(this.head('GET', '/v1/models', 'Accept: '))],
        'half a body': [4, () => this.breakOff(`${this.head('POST', '/v1/infer',
            'Content-Type: application/json\r\nContent-Length: 100000\r\n')}\r\n{"model_name": "`)],
        'half a chunk': [1, () => this.breakOff(`${this.head('POST', '/v1/infer',
            'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n')}\r\n100\r\n{"model`)],
    };

    async client(upTo) {
        const names = Object.entries(this.kinds).flatMap(([name, [times]]) => Array(times).fill(name));
        while (this.begun < upTo) {
            this.begun++;
            const name = this.random.pick(names);
            try {
                await this.kinds[name][1]();
            } catch (error) {
                this.wrong.push(`${name}: ${error.message}`);
            }
            this.counts[name] = (this.counts[name] ?? 0) + 1;
            this.done++;
        }
    }

    begun = 0;

    async run(upTo) {
        await Promise.all(Array.from({ length: clients }, () => this.client(upTo)));
    }
}

/** What its descriptors are open for, in order; a socket and a pipe without its number. @returns {string[]} */
const descriptors = (pid) => fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
        return [fs.readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, '')];
    } catch {
        return []; // closed meanwhile
    }
}).sort();
const resident = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]) * 1024;

/** What it holds once nobody is connected and nothing changes any more; waits for `wanted` descriptors, if that is known. */
async function quiet(daemon, wanted) {
    agent.destroy();
    await daemon.get('/healthz'); // the harness keeps a connection, which would end by itself in a minute
    let last = '', same = 0;
    await until(() => {
        const now = descriptors(daemon.pid).join('\n');
        same = now === (wanted?.join('\n') ?? last) ? same + 1 : 0;
        last = now;
        return same >= 10;
    }, { what: `the descriptors to be ${wanted ? 'as before' : 'the same for a while'}`, timeout: QUIET_MS, every: 100 })
        .catch((error) => { if (!wanted) throw error; });
    return { descriptors: last.split('\n'), resident: resident(daemon.pid) };
}

/** What one has more than the other. */
function surplus(one, other) {
    const left = [...other];
    return one.filter((name) => {
        const at = left.indexOf(name);
        if (at >= 0) left.splice(at, 1);
        return at < 0;
    });
}

async function main() {
    const daemon = new Daemon({ config: { pool: { min_connections: 0, max_queue: 1000 }, 'browser.chrome': { max_connections: 0 } },
        logToFile: true });
    console.log(`soak: seed ${seed}, ${requests} requests, ${clients} clients, ${nodes} simulated nodes`);
    let good = false;
    try {
        await daemon.start({ ready: false });
        const simulation = await new Simulation(daemon, { nodes }).up();
        const soak = new Soak(daemon, seeded(seed));
        await soak.run(Math.min(500, Math.ceil(requests / 20))); // what is made once is there
        const marks = [await quiet(daemon)];
        const began = performance.now();
        for (const upTo of [Math.ceil(requests / 5), requests]) {
            await soak.run(upTo);
            marks.push(await quiet(daemon, marks[0].descriptors));
            const { descriptors: now, resident: bytes } = marks.at(-1);
            console.log(`${soak.done} requests: ${now.length} descriptors, ${bytes} bytes; more: ` +
                `${surplus(now, marks[0].descriptors)}; less: ${surplus(marks[0].descriptors, now)}`);
        }
        const seconds = (performance.now() - began) / 1000;
        const [first, fifth, last] = marks, growth = last.resident / fifth.resident - 1;
        for (const line of soak.wrong.slice(0, 10)) console.log(`wrong: ${line}`);
        const counts = marks.map((one) => one.descriptors.length);
        good = soak.wrong.length === 0 && [last, fifth].every((one) => one.descriptors.length === first.descriptors.length) &&
            (requests < JUDGED_FROM || growth < MAY_GROW);
        console.log(JSON.stringify({ seed, requests: soak.done, wrong: soak.wrong.length, seconds, per_second: soak.done / seconds,
            descriptors: counts, resident: marks.map((one) => one.resident), growth, counts: soak.counts }));
        await simulation.stop();
        await daemon.stop();
    } catch (error) {
        console.error(daemon.explain(error).message);
        good = false;
    } finally {
        await daemon.abandon();
    }
    process.exit(good ? 0 : 1);
}

await main();
