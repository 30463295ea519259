// tier: quick
/**
 * The loop's time is shared by client: one that asks for what is dear over hundreds of connections
 * waits for its own requests, and nobody else does. What is counted is how many of its requests are
 * answered while another client waits for one.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { assembleModels, Daemon, testsOf } from '../lib/daemon.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

const CONNECTIONS = 300;
/** So many models as make a page of their list dear: it is made for each request. */
const MODELS = 400;
const DEAR = `/v1/models?limit=${MODELS}`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-turns-'));
const tokens = path.join(folder, 'tokens');
const token = (name, rank) => JSON.parse(execFileSync(cliPath,
    ['token', 'new', name, '--rank', rank, '--file', tokens, '--json'],
    { encoding: 'utf8' })).token;
const [operator, greedy, small] =
    [token('operator', 'admin'), token('greedy', 'user'), token('small', 'user')];
const as = (who) => ({ headers: { Authorization: `Bearer ${who}` } });

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: {
        api: { tokens_file: tokens, max_connections_per_address: 2 * CONNECTIONS },
        bridge: { heartbeat_interval: '1s' },
        pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } });
    assembleModels(daemon.store, ['twice']);
    for (let i = 1; i < MODELS; i++) {
        const folder = path.join(daemon.store, `model-${i}`);
        fs.mkdirSync(folder);
        fs.linkSync(path.join(daemon.store, 'twice', 'model.onnx'), path.join(folder, 'model.onnx'));
    }
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2, token: operator }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** As fast as it goes, over as many connections as it has: each asks again once it is answered. */
class Flood {
    served = 0;
    #running = true;
    #agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

    constructor(url) {
        this.all = Array.from({ length: CONNECTIONS }, async () => {
            while (this.#running) {
                const status = await this.#ask(url).catch((error) => error);
                if (!this.#running) return;
                assert.equal(status, 200);
                this.served++;
            }
        });
    }

    #ask(url) {
        return new Promise((resolve, reject) => {
            http.get(url, { agent: this.#agent, ...as(greedy) }, (answer) => {
                answer.on('error', reject).on('end', () => resolve(answer.statusCode)).resume();
            }).on('error', reject);
        });
    }

    async stop() {
        this.#running = false;
        this.#agent.destroy();
        await Promise.all(this.all);
    }
}

test('a flood of dear requests of one client holds up nobody else', async () => {
    const others = {
        health: () => daemon.get('/healthz'),
        another: () => daemon.get('/v1/models?limit=1', as(small)),
        inference: () => daemon.infer({ model_name: 'builtin/echo', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }, as(small)),
    };
    for (const ask of Object.values(others)) assert.equal((await ask()).status, 200); // connected
    const flood = new Flood(daemon.url + DEAR);
    await until(() => flood.served > 100, { what: 'all of the flood to be under way' });
    const between = [];
    for (let round = 0; round < 5; round++)
        for (const [name, ask] of Object.entries(others)) {
            const before = flood.served;
            const answer = await ask();
            assert.equal(answer.status, 200, answer.text);
            between.push([flood.served - before, name]);
        }
    await flood.stop();
    const worst = between.sort(([a], [b]) => b - a)[0];
    assert.ok(worst[0] < CONNECTIONS / 4, `${worst[0]} of the flood were answered before ${worst[1]}`);
    const { nodes } = (await daemon.get('/v1/nodes', as(small))).json;
    assert.equal(nodes.length, 2);
});

test('the most that a request took of the loop is told for each route', async () => {
    const { text } = await daemon.get('/metrics', as(operator));
    const seconds = Number(text.match(
        /^webinfer_http_request_loop_seconds_max\{method="GET",route="\/v1\/models"\} (\S+)$/m)?.[1]);
    assert.ok(seconds > 0 && seconds < 60, `${seconds} s`);
});
