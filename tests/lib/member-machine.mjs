/**
 * A machine of a cluster (machines.mjs): a nats-server that replicates with those of the others, a daemon that is a member,
 * perhaps with a Chromium of its own, simulated nodes, and programs that lend the daemon to each of the others.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Daemon } from './daemon.mjs';
import { request } from './http.mjs';
import { Machine } from './machines.mjs';
import { NatsServer } from './nats.mjs';
import { joined } from './pages.mjs';
import { BUCKET, recordOf } from './shared-jobs.mjs';
import { Simulation } from './simulation.mjs';
import { writeTokens } from './tokens.mjs';
import { headersOf, people, tokens, Uplink } from './uplink.mjs';
import { until } from './wait.mjs';

const [API, BRIDGE, NATS, ROUTES, HEALTH] = [8470, 8471, 4222, 6222, 8222];

/** No node of the machine itself is of this kind: what asks for it is answered over uplinks. @param {{name: string}} machine */
export const kindElsewhere = ({ name }) => `not-${name}`;

/** @typedef {{name: string, address: string}} Place */

export class MemberMachine extends Machine {
    /** @type {Simulation[]} */
    simulations = [];
    /** By the name of the machine to which it lends. @type {Map<string, Uplink>} */
    uplinks = new Map();
    /** Nothing runs on it: not started yet, or killed whole. */
    isDown = true;
    /** Its daemon stands still. */
    isStopped = false;
    /** It is cut off, or not whole again after that: since then, by performance.now(). @type {number | null} */
    cutAt = null;
    /** It does not come back. */
    isLost = false;
    /** It was struck so often: what a client had under way there may be gone. */
    strikes = 0;

    /** @param {any} room @param {Place[]} places of all machines @param {number} index of this one
     * @param {{chromium?: boolean, models?: string[], ackWait?: string, latencyMs?: number}} options */
    constructor(room, places, index, { chromium = false, models = [], ackWait = '2s', latencyMs = 200 } = {}) {
        super(room, places[index].address);
        this.name = places[index].name;
        this.others = places.filter(({ name }) => name !== this.name);
        this.latencyMs = latencyMs;
        this.chromium = chromium;
        this.server = this.#newServer(places);
        this.daemon = this.#newDaemon({ ackWait, models, servers: [`nats://127.0.0.1:${NATS}`, ...this.others.map(({ address }) => `nats://${address}:${NATS}`)] });
    }

    #newServer(places) {
        const routes = places.map(({ address }) => `nats://${address}:${ROUTES}`).join(',');
        return new NatsServer(NATS, ['-js', '-m', String(HEALTH), '--name', this.name, '--cluster_name', 'machines',
            '--cluster', `nats://${this.address}:${ROUTES}`, '--routes', routes],
        { under: this.command(), address: '0.0.0.0', folder: path.join(this.folder, 'nats') });
    }

    #newDaemon({ ackWait, models, servers }) {
        const browsers = this.chromium ? 1 : 0;
        const daemon = new Daemon({ models, folder: path.join(this.folder, 'daemon'), under: this.command(), logToFile: true, config: {
            api: { listen: `127.0.0.1:${API}` },
            bridge: { listen: `${this.address}:${BRIDGE}`, public_url: this.bridgeUrl,
                heartbeat_interval: '1s', heartbeat_misses: 3, resume_grace: '2s' },
            'browser.chrome': { min_connections: browsers, max_connections: browsers, gpu: 'software', sandbox: 'no' },
            pool: { min_connections: browsers, numerics: 'off', strangers: 'text', max_retries: 3, max_queue: 1000 },
            cluster: { servers: servers.join(', '), name: this.name, replicas: 3, ack_wait: ackWait },
            log: { level: 'debug' },
        } });
        daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
        fs.writeFileSync(path.join(daemon.folder, 'link'), `${this.bridgeUrl}/#token=${tokens.farm}\n`, { mode: 0o600 });
        return daemon;
    }

    get bridgeUrl() { return `http://${this.address}:${BRIDGE}`; }

    /** The addresses here at which it is asked. */
    async listen() {
        this.url = (await this.door(API)).url;
        this.healthUrl = (await this.door(HEALTH)).url;
        this.server.door = Number(new URL((await this.door(NATS)).url).port);
        return this;
    }

    /* --- what runs on it --- */

    async start() {
        await this.open();
        await this.server.run();
        await this.startDaemon();
        this.simulations = this.others.map((other) => new Simulation(this.daemon, { under: this.command(), nodes: 1,
            latencyMs: this.latencyMs, jitterMs: this.latencyMs, browser: kindElsewhere(other), joinFile: path.join(this.daemon.folder, 'link') }));
        this.isDown = false;
    }

    /** Once the others listen: a program that finds nobody at its first try ends. */
    lend() { for (const { name } of this.others) this.startUplink(name); }

    startDaemon() { return this.daemon.start({ ready: false }); }

    /** @param {string} name of the machine to which it lends */
    startUplink(name) {
        const { address } = this.others.find((other) => other.name === name), folder = path.join(this.folder, `to-${name}`);
        fs.mkdirSync(folder, { recursive: true });
        this.uplinks.set(name, new Uplink({ url: `http://127.0.0.1:${API}` }, { bridgeUrl: `http://${address}:${BRIDGE}`, folder },
            { name: this.name, under: this.command() }));
    }

    async killDaemon() {
        this.strikes++;
        this.daemon.signal('SIGKILL');
        await this.daemon.waitEnd();
    }

    async kill() {
        this.isDown = true;
        this.strikes++;
        await super.kill();
        await this.daemon.exit; // or the next one would be taken for it
    }

    cut() {
        this.strikes++;
        this.cutAt = performance.now();
        super.cut();
    }

    /** All in good order, with proof. */
    async stop() {
        for (const one of [...this.uplinks.values(), ...this.simulations]) await one.stop();
        await this.daemon.stop();
    }

    async abandon() {
        await this.kill();
        await this.daemon.abandon();
        await super.abandon();
    }

    /* --- what it says --- */

    /** @param {string} where @param {object} [options] `who` asks: ada, unless it is said */
    request(where, { who = 'ada', headers = {}, ...options } = {}) {
        return request(this.url + where, { timeout: 10_000, ...options, headers: { ...headersOf(who).headers, ...headers } });
    }

    get(where, options) { return this.request(where, options); }
    post(where, body, options) { return this.request(where, { method: 'POST', body, ...options }); }

    /** A list of the API whole. @param {'nodes' | 'jobs'} name @param {string} [query] @param {object} [options] */
    list(name, query = '', options = {}) {
        return joined(async (where) => {
            const { status, text, json } = await this.get(where, options);
            if (status !== 200) throw new Error(`${this.name}: ${where}: ${status} ${text}`);
            return json;
        }, `/v1/${name}?limit=100${query}`, name);
    }

    /** The members that it sees, itself among them, by name: their instances. */
    async members() {
        const { json: { members } } = await this.get('/v1/cluster');
        return new Map(members.map(({ name, instance }) => [name, instance]));
    }

    /** Whether the server has all that the others have. */
    async isCurrent() {
        const { status } = await request(`${this.healthUrl}/healthz`, { timeout: 5000 });
        return status === 200;
    }

    /** What its server has of the stored jobs, as far as it has followed. */
    async replica() {
        const { json } = await request(`${this.healthUrl}/jsz?accounts=true&streams=true`, { timeout: 5000 });
        const { state, cluster } = json.account_details.flatMap((account) => account.stream_detail ?? []).find(({ name }) => name === `KV_${BUCKET}`);
        return { messages: state.messages, last: state.last_seq, leader: cluster?.leader };
    }

    /** The record of a stored job, as the servers have it now: its head. @param {string} id */
    recordOf(id) { return recordOf(this.server, id, 3000); }

    /** The ids of the stored jobs that a daemon runs. @param {string} instance of it */
    async heldBy(instance) {
        const held = new Set();
        for (const { id } of await this.list('jobs', '&state=running')) {
            const record = await this.recordOf(id);
            if (record?.state === 'running' && record.holder === instance) held.add(id);
        }
        return held;
    }

    /** What its daemon and its uplinks have said lately, requests apart. */
    tell() {
        const lines = this.daemon.log.split('\n').filter((line) => !/ req-\w+: /.test(line)).slice(-25);
        const uplinks = [...this.uplinks].map(([to, { ended, problems }]) => `to ${to}: ${JSON.stringify(ended)} ${problems.slice(-500)}`);
        return `\n--- ${this.name} ---\n${[...lines, ...uplinks].join('\n')}`;
    }

    /** Throws, with what is missing, unless all is there as at the beginning. @param {MemberMachine[]} living */
    async assertWhole(living) {
        const names = living.map(({ name }) => name).sort(), members = [...(await this.members()).keys()].sort();
        const missing = [];
        if (!await this.isCurrent()) missing.push('its server is behind');
        if (String(members) !== String(names)) missing.push(`it sees ${members}`);
        const { status } = await this.get('/v1/jobs?limit=1');
        if (status !== 200) missing.push(`its jobs are ${status}`);
        const nodes = (await this.list('nodes', '', { who: 'root' })).filter(({ away, paused }) => !away && !paused);
        for (const { name } of living) {
            const via = name === this.name ? undefined : name, there = nodes.filter((node) => (node.via ?? undefined) === via).length;
            if (there < this.others.length) missing.push(`${there} nodes of ${name}`);
        }
        if (this.chromium && !nodes.some(({ browser, via }) => browser === 'chrome' && !via)) missing.push('no Chromium');
        if (missing.length) throw new Error(`${this.name}: ${missing.join('; ')}`);
    }
}

/** Waits until all machines are whole again. @param {MemberMachine[]} living */
export const areWhole = (living, options = {}) => until(async () => {
    for (const one of living) await one.assertWhole(living);
    for (const one of living) one.cutAt = null;
    return true;
}, { what: 'all machines to be whole', timeout: 120_000, every: 100, ...options });
