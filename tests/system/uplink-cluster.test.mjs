// tier: full
/** webinfer uplink --cluster: each member lends its nodes, which are simulated ones, to all others that come and go. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NatsServer } from '../lib/nats.mjs';
import { daemonPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { ada, assertEchoed, echo, newDaemon, relaysOf, ScriptedBorrower, ScriptedLender, tokens, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

const lacksNats = /built without NATS/.test(spawnSync(daemonPath, ['--set', 'cluster.servers=nats://h', '--check-config'], { encoding: 'utf8' }).stderr);

/** A member with a node, and its uplink to all others. */
class Machine {
    constructor(server, name) {
        this.server = server;
        this.name = name;
    }

    async start() {
        this.daemon = await newDaemon({ config: { cluster: { servers: this.server.url, name: this.name } } });
        await this.work();
        this.uplink = new Uplink(this.daemon, { folder: this.daemon.folder });
        return this;
    }

    async work() {
        this.simulation = await new Simulation(this.daemon, { nodes: 1, latencyMs: 100, token: tokens.root }).up();
    }

    /** Waits until it borrows from these, in the order of their names. */
    async borrows(...names) {
        await until(async () => {
            if (this.uplink.ended) throw new Error(`it ended: ${this.uplink.problems}`);
            const ready = (await relaysOf(this.daemon)).filter(({ away, paused }) => !away && !paused);
            return assert.deepEqual(ready.map(({ via }) => via).sort(), names) ?? true;
        }, { what: `${this.name} to borrow from ${names}`, timeout: 60_000 }).catch((error) => { throw this.daemon.explain(error); });
    }

    /** A client of its own is answered by the node of that one. */
    async answers(name) {
        const { id } = (await relaysOf(this.daemon)).find(({ via }) => via === name);
        const answer = await this.daemon.infer(echo([1, 2], { node: id }), ada);
        assertEchoed(answer, [1, 2]);
        assert.equal(answer.json.executed_on.via, name);
    }

    /** The whole machine, at once. */
    async kill() {
        for (const child of [this.daemon, this.uplink, this.simulation.child]) (child.signal ?? child.kill).call(child, 'SIGKILL');
        await Promise.all([this.daemon.waitEnd(), this.uplink.end, this.simulation.ended]);
        await this.daemon.abandon();
    }

    async stop() {
        await this.uplink.stop();
        await this.simulation.stop();
        await this.daemon.stop();
    }
}

describe('members that lend to each other', { skip: lacksNats && 'this build has no NATS' }, () => {
    let server, a, b, c;
    before(async () => {
        server = await NatsServer.start();
        [a, b] = await Promise.all(['a', 'b'].map((name) => new Machine(server, name).start()));
    });
    after(async () => {
        try {
            for (const one of [a, b, c]) await one?.stop();
        } finally {
            await server?.stop();
        }
    });

    test('each of two answers with the nodes of both', async () => {
        for (const [one, other] of [[a, b], [b, a]]) {
            await one.borrows(other.name);
            await one.answers(other.name);
            const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => one.daemon.infer(echo([i]), ada)));
            answers.forEach((answer, i) => assertEchoed(answer, [i]));
            assert.deepEqual(new Set(answers.map(({ json }) => json.executed_on.via)), new Set([undefined, other.name]));
        }
    });

    test('a third one comes', async () => {
        c = await new Machine(server, 'c').start();
        await a.borrows('b', 'c');
        await b.borrows('a', 'c');
        await c.borrows('a', 'b');
        for (const one of [a, b]) await one.answers('c');
        for (const name of ['a', 'b']) await c.answers(name);
    });

    test('one is killed, and the others go on', async () => {
        const jobs = Array.from({ length: 30 }, (_, i) => a.daemon.infer(echo([i]), ada));
        await b.kill();
        (await Promise.all(jobs)).forEach((answer, i) => assertEchoed(answer, [i]));
        await a.borrows('c');
        await c.borrows('a');
        await until(() => [a, c].every(({ uplink }) => /\nwebinfer: b \(http.*\) is no member any more, so nothing is lent to it\n/.test(uplink.problems)), { what: 'the loss to be told' });
        await a.answers('c');
    });

    test('it comes back, at another address', async () => {
        b = await new Machine(server, 'b').start();
        await a.borrows('b', 'c');
        await b.borrows('a', 'c');
        await a.answers('b');
        await b.answers('a');
    });

    test('its own daemon is killed, and is there again', async () => {
        const { url, bridgeUrl } = a.daemon, at = (one) => new URL(one).host;
        a.daemon.signal('SIGKILL');
        await a.daemon.waitEnd();
        a.simulation.child.kill('SIGKILL');
        await a.simulation.ended;
        await b.borrows('c');
        a.daemon.writeConfig({ api: { listen: at(url) }, bridge: { listen: at(bridgeUrl) } });
        await a.daemon.start({ ready: false });
        await a.work();
        await a.borrows('b', 'c');
        await b.borrows('a', 'c');
        await c.borrows('a', 'b');
        await b.answers('a');
        assert.match(a.uplink.problems, /does not answer: .*; nothing is lent until it does\n[^]*answers again\n/);
    });
});

describe('what a daemon says of its cluster', { concurrency: 5 }, () => {
    const member = (name, bridge, more = {}) => ({ name, self: false, instance: `member-${name}`, bridge, ...more });
    const own = member('attic', 'http://127.0.0.1:1', { self: true });
    const seen = (...members) => [200, { state: 'member', name: 'attic', members: [own, ...members] }];
    const left = (one) => one.received.some(({ type }) => type === 'bye');
    /** An uplink to scripted borrowers, which are the only members at first. */
    const withUplink = async (count, body, options = {}) => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-uplink-cluster-')), borrowers = [];
        const lender = await new ScriptedLender((_, __, json) => json(503, { code: 'unavailable' })).start();
        for (let i = 0; i < count; i++) borrowers.push(await new ScriptedBorrower(folder).start());
        const urls = borrowers.map(({ bridgeUrl }) => bridgeUrl);
        lender.cluster = seen(...urls.map((url, i) => member(`m${i}`, url)));
        /** The daemon has said it more than once. */
        const says = async (cluster) => {
            const { looks } = lender;
            lender.cluster = cluster;
            await until(() => lender.looks > looks + 1, { what: 'further looks' });
        };
        const uplink = new Uplink(lender, { folder }, options);
        try {
            await until(() => borrowers.every(({ announced }) => announced === 1), { what: `all to borrow (${uplink.problems})` });
            await body({ lender, borrowers, urls, uplink, says });
            await uplink.stop();
        } finally {
            uplink.signal('SIGKILL');
            for (const one of borrowers) await one.stop();
            lender.stop();
            fs.rmSync(folder, { recursive: true });
        }
    };

    test('no answer of an odd kind ends it, or its connections', () => withUplink(1, async ({ borrowers: [one], urls: [url], uplink, says }) => {
        for (const cluster of [[503, { code: 'unavailable' }], [404, { code: 'not_found' }], [200, 'garbage'], [200, '['.repeat(1 << 20)],
            [200, `"${'x'.repeat(1 << 20)}"`], [200, {}], [200, { state: 'connecting', members: [] }], [500, ''], seen(7, {}, null, member('m0', url))])
            await says(cluster);
        assert.equal(uplink.ended, null);
        assert.deepEqual([one.announced, left(one)], [1, false]);
        assert.equal(uplink.problems.match(/its answer to GET \/v1\/cluster is none; the members known so far go on borrowing/g).length, 2); // before and after "connecting"
    }));

    test('a member that goes loses its connection, and one that comes back gets a new one', () => withUplink(2, async ({ lender, borrowers: [one, other], urls }) => {
        lender.cluster = seen(member('m1', urls[1]));
        await until(() => left(one), { what: 'the first to be left' });
        lender.cluster = seen(member('m1', urls[1]), member('m0', urls[0]));
        await until(() => one.announced === 2, { what: 'a new connection' });
        assert.deepEqual([other.announced, left(other)], [1, false]);
    }));

    test('of 200 members 64 borrow, of one name the first one, and never the own bridge', () => withUplink(1, async ({ borrowers: [one], urls: [url], uplink, says }) => {
        const nowhere = Array.from({ length: 200 }, (_, i) => member(`n${i}`, `http://127.0.1.${i + 1}:1`));
        await says(seen(member('m0', url), member('m0', 'http://127.0.0.1:2'), ...nowhere));
        await until(() => uplink.problems.match(/n\d+ \(http:\/\/127\.0\.1\.\d+:1\) is not connected/g)?.length === 63, { what: 'those that are not there', timeout: 60_000 });
        assert.match(uplink.problems, /only 64 members borrow\n/);
        await says(seen(member('m0', url), member('loop', 'http://127.0.0.1:1')));
        assert.match(uplink.problems, /the member loop says that its nodes connect to http:\/\/127\.0\.0\.1:1, which is the own daemon's bridge/);
        assert.deepEqual([one.announced, left(one)], [1, false]);
    }));

    test('a member that refuses is told once, and the others borrow', async () => {
        const real = await newDaemon();
        await withUplink(1, async ({ borrowers: [one], urls: [url], uplink, says }) => {
            await says(seen(member('m0', url), member('real', real.bridgeUrl)));
            await until(() => /real \(http.*\) does not treat this as a relay: .*; it is tried again now and then\n/.test(uplink.problems), { what: 'the refusal to be told' });
            await says(seen(member('m0', url), member('real', real.bridgeUrl)));
            assert.equal(uplink.problems.match(/real \(/g).length, 1, uplink.problems);
            assert.deepEqual(await relaysOf(real), []);
            assert.deepEqual([uplink.ended, one.announced, left(one)], [null, 1, false]);
        }, { token: tokens.farm });
        await real.stop();
    });

    test('without a cluster nothing is lent', () => withUplink(1, async ({ lender, borrowers: [one], uplink }) => {
        lender.cluster = [200, { state: 'off', name: null, members: [] }];
        await until(() => left(one), { what: 'the connection to end' });
        assert.match(uplink.problems, /it is in no cluster, so nothing is lent; set servers in the section \[cluster\]/);
        assert.equal(uplink.ended, null);
    }));
});
