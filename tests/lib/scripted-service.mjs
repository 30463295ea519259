/** A daemon whose two browsers, one of chrome and one of edge, are scripted nodes, and the nodes that join it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon } from './daemon.mjs';
import { FakeDriver } from './fake-session.mjs';
import { until } from './wait.mjs';

const KINDS = ['chrome', 'edge'];

export class ScriptedService {
    /** The nodes that joined. @type {import('./fake-node.mjs').FakeNode[]} */
    joined = [];
    /** The service's own browsers, by kind. @type {Record<string, import('./fake-node.mjs').FakeNode>} */
    ours = {};

    /**
     * @param {{session: (url: string, kind: string) => import('./fake-node.mjs').FakeNode, models?: string[], pool?: object,
     *   prepare?: (daemon: Daemon) => void}} how `session`: plays a page that the daemon opened; `prepare`: before it starts
     */
    async start({ session, models = [], pool = {}, prepare = () => {} }) {
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-scripted-'));
        const drivers = Object.fromEntries(KINDS.map((kind) => [kind, new FakeDriver(path.join(this.folder, kind))]));
        this.daemon = new Daemon({ models, config: {
            ...Object.fromEntries(KINDS.map((kind) => [`browser.${kind}`, { ...drivers[kind].config, max_connections: 1 }])),
            bridge: { resume_grace: '0s' },
            pool: { max_connections: KINDS.length, min_connections: KINDS.length, ...pool } } });
        prepare(this.daemon);
        await this.daemon.start({ ready: false });
        for (const kind of KINDS)
            this.ours[kind] = await session(await drivers[kind].pageUrl(0, 60_000), kind).join();
        await until(async () => (await this.nodes()).nodes.length === KINDS.length, { what: 'both browsers of ours' });
        return this;
    }

    async stop() {
        for (const node of [...this.joined, ...Object.values(this.ours)]) await node.close();
        await this.daemon.stop();
        fs.rmSync(this.folder, { recursive: true, force: true });
    }

    async nodes() { return (await this.daemon.get('/v1/nodes')).json; }
    /** The node as the API lists it; undefined once it is gone. */
    async node({ id }) { return (await this.nodes()).nodes.find((one) => one.id === id); }
    /** A link that is good for a node. */
    async link() { return (await this.daemon.post('/v1/admin/join', { nodes: 1 })).json.url; }

    /** @template {import('./fake-node.mjs').FakeNode} Node @param {Node} node @returns {Promise<Node>} */
    async join(node) {
        this.joined.push(node);
        await node.join();
        await until(() => this.node(node), { what: 'a node that joined to be listed' });
        return node;
    }

    /** Until no client's job and no check runs, nor is about to. */
    async settled(timeout = 120_000) {
        let before = '';
        await until(async () => {
            const { cross_checks: checks, numerics, nodes, queue } = await this.daemon.status();
            const now = JSON.stringify([checks, numerics]), was = before;
            before = now;
            return checks.waiting === 0 && queue.waiting === 0 && nodes.every(({ attempts }) => attempts === 0) && now === was;
        }, { what: 'all jobs and checks to end', timeout, every: 50 });
    }

    /** Ends every quarantine. */
    async forgive() {
        for (const { id } of (await this.nodes()).quarantined) await this.daemon.request(`/v1/admin/quarantine/${id}`, { method: 'DELETE' });
    }
}

/** Calls `run` for each of them, `width` at a time. @template One @param {One[]} all @param {number} width @param {(one: One) => Promise<void>} run */
export async function atOnce(all, width, run) {
    const rest = [...all];
    await Promise.all(Array.from({ length: width }, async () => {
        while (rest.length > 0) await run(rest.shift());
    }));
}
