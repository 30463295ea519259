// tier: full
/** Servers that take a connection and never answer: what the daemon, and its nodes, connect to as clients. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { clear, guard } from '../lib/cleanup.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Relay } from '../lib/relay.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** A relay that can fall silent: it takes connections then, and answers none. */
class SilentRelay extends Relay {
    isSilent = false;
    /** How many connections it has left unanswered until the other side gave them up. */
    givenUp = 0;

    serve(client) {
        if (!this.isSilent) {
            const far = this.join(client);
            client.pipe(far).pipe(client);
            return;
        }
        client.resume();
        this.watch(client, () => {});
        client.once('close', () => this.givenUp++);
    }

    cut() {
        for (const socket of this.ends) socket.destroy();
    }
}

describe('a browser whose BiDi port does not answer the upgrade', () => {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-silent-')));
    /** @type {Daemon} */
    let daemon;
    const test = testsOf(() => daemon);
    before(async () => {
        const script = path.join(folder, 'silent.mjs'), program = path.join(folder, 'firefox');
        fs.writeFileSync(script, `
            import net from 'node:net';
            const server = net.createServer((client) => client.resume().on('error', () => {}));
            server.listen(0, '127.0.0.1', () => {
                console.error('WebDriver BiDi listening on ws://127.0.0.1:' + server.address().port);
            });`);
        fs.writeFileSync(program, `#!/bin/sh
            case "$*" in *--version*) echo 'Mozilla Firefox 153.0'; exit;; esac
            exec '${process.execPath}' '${script}'\n`, { mode: 0o755 });
        daemon = await new Daemon({ config: { pool: { min_connections: 1, connection_timeout: '15s' }, 'browser.chrome': { max_connections: 0 },
            'browser.firefox': { max_connections: 1, binary: program } } }).start({ ready: false });
    });
    after(async () => {
        await daemon.stop();
        clear(folder);
    });

    test('costs its session alone, twice', { timeout: 180_000 * patience }, async () => {
        const failures = () => daemon.log.match(/starting -> broken/g) ?? [];
        await until(() => failures().length >= 2, { what: 'two sessions to fail', timeout: 150_000 * patience });
        assert.equal((await daemon.get('/healthz')).status, 200);
        const { status, json } = await daemon.infer({ model_name: 'builtin/echo', timeout_ms: 1000,
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
        assert.ok([503, 504].includes(status), JSON.stringify(json));
    });
});

describe('a service that does not answer its nodes', () => {
    /** @type {Daemon} */
    let daemon;
    const relay = new SilentRelay();
    const test = testsOf(() => daemon);
    before(async () => {
        daemon = await new Daemon({ config: { pool: { min_connections: 0 },
            bridge: { heartbeat_interval: '300ms', resume_grace: '1s' },
            'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
        (await relay.listen()).to(daemon.bridgeUrl);
    });
    after(async () => {
        relay.close();
        await daemon.stop();
    });
    const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes.length;

    test('has them back as soon as it does', { timeout: 120_000 * patience }, async () => {
        const { url } = (await daemon.post('/v1/admin/join', { nodes: 3 })).json;
        const file = path.join(daemon.folder, 'link');
        fs.writeFileSync(file, `${url.replace(daemon.bridgeUrl, relay.url)}\n`);
        const simulation = await new Simulation(daemon, { nodes: 3, joinFile: file }).up();
        relay.isSilent = true;
        relay.cut();
        await until(async () => await nodes() === 0, { what: 'the nodes to be lost', timeout: 20_000 * patience });
        await until(() => relay.givenUp >= 3,
            { what: 'the nodes to give their connections up', timeout: 60_000 * patience });
        relay.isSilent = false;
        relay.cut();
        await until(async () => await nodes() === 3, { what: 'the nodes to be back', timeout: 40_000 * patience });
        await simulation.stop();
    });
});
