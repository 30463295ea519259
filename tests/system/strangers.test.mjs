// tier: full
/**
 * Connections without a token, from many networks and from this machine, as many as there are places and more: whoever
 * shows a token is served, and /healthz answers. In a network of its own, where this machine has thirty IPv6 networks.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { test as plainTest } from '../lib/tier.mjs';
import { Strangers } from '../lib/strangers.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { Wire } from '../lib/wire.mjs';

const INSIDE = 'WEBINFER_TEST_STRANGERS'; // set in there
const NETWORKS = 30;
const network = (index) => `2001:db8:${index}::1`;
const everywhere = Array.from({ length: NETWORKS }, (_, index) =>
    ({ host: network(index), localAddress: network(index) }));
const here = Array.from({ length: 16 }, (_, index) => ({ host: '127.0.0.1', localAddress: `127.0.0.${index + 2}` }));
const people = { ada: 'user', root: 'admin' };
const tokens = tokensOf(people);

const alone = ['unshare', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user']), '--net', 'sh', '-ec', `
    ip link set lo up
    for one in $(seq 0 ${NETWORKS}); do ip -6 address add 2001:db8:$one::1/128 dev lo nodad; done
    exec "$@"`, 'sh'];

/** Runs `body` with a daemon that listens on all addresses; `come` has strangers come there, until its end. */
async function withService(more, body) {
    const daemon = new Daemon({ config: { api: { listen: '[::]:0', ...more }, pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    const crowds = [];
    const end = () => Promise.all(crowds.splice(0).map((strangers) => strangers.stop()));
    try {
        await daemon.start({ ready: false });
        const port = Number(new URL(daemon.url).port);
        const wire = (from) => new Wire(`http://${from}:${port}`);
        const come = (order) => crowds[crowds.push(new Strangers({ port, ...order })) - 1];
        await body({ daemon, come, wire });
        await end();
        await daemon.stop();
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        await end();
        await daemon.abandon();
    }
}

/** One request on `wire`, and its status; 0 if it was closed. */
async function statusOf(wire, who, target) {
    const headers = { Host: `localhost:${wire.host.split(':').at(-1)}`, ...who && { Authorization: `Bearer ${tokens[who]}` } };
    const answer = await wire.ask('GET', target, { headers }).answer(30_000 * patience);
    return answer?.status ?? 0;
}

const asked = [[null, '/healthz'], ['root', '/v1/status'], ['ada', '/v1/models']];

/** What is asked, by whom, and from where: each on a connection of its own. The service cannot tell one that has not
 * sent its request yet, as on a busy machine, from a stranger's. One that is closed is thus asked for once more. */
async function round(wire) {
    const statuses = [];
    for (const from of ['127.0.0.1', `[${network(NETWORKS)}]`, `[${network(0)}]`])
        for (const [who, target] of asked) {
            const status = await freshStatus(wire(from), who, target) || await freshStatus(wire(from), who, target);
            statuses.push(`${from} ${target} ${status}`);
        }
    return statuses;
}

async function freshStatus(one, who, target) {
    try {
        return await statusOf(one, who, target);
    } finally {
        one.destroy();
    }
}

function inside() {
    const test = testsOf(() => null);
    test('half heads from many networks and from this machine keep nobody out', () =>
        withService({ max_connections: 512 }, async ({ daemon, come, wire }) => {
            const kept = wire('127.0.0.1');
            assert.equal(await statusOf(kept, 'root', '/v1/status'), 200);
            const strangers = come({ from: [...everywhere, ...here], keep: 150, most: 12_000, pause: 20 });
            await until(() => strangers.opened >= 4000, { what: 'the strangers to come', timeout: 60_000 * patience });
            const bad = [];
            for (let rounds = 0; rounds < 30 || strangers.opened < 8000; rounds++) {
                bad.push(...(await round(wire)).filter((one) => !one.endsWith(' 200')));
                assert.equal(await statusOf(kept, 'root', '/v1/status'), 200);
            }
            kept.destroy();
            assert.deepEqual(bad, []);
            assert.equal(strangers.refused, 0, 'those are closed that hold places, and nobody is refused');
            assert.match(daemon.log, /\[api\] max_connections is reached: a connection that showed no token/);
        }));

    test('a burst of 3,000 half heads refuses no holder of a token', () =>
        withService({ max_connections: 512 }, async ({ come, wire }) => {
            const strangers = come({ from: here, keep: 3000, most: 3000, pause: 0 });
            const bad = [];
            for (let rounds = 0; rounds < 10 || strangers.opened < 3000; rounds++)
                bad.push(...(await round(wire)).filter((one) => !one.endsWith(' 200')));
            assert.equal(strangers.opened, 3000);
            assert.deepEqual(bad, []);
        }));

    const limits = { max_connections_loopback: [20, here, '127.0.0.1'],
        max_connections_per_address: [10, [everywhere[3]], `[${network(3)}]`] };
    for (const [limit, [most, from, host]] of Object.entries(limits))
        test(`beyond ${limit} one of the same goes`, () =>
            withService({ [limit]: most }, async ({ daemon, come, wire }) => {
                const strangers = come({ from, keep: 60, most: 60, pause: 1 });
                await until(() => strangers.opened === 60 && strangers.open <= most,
                    { what: `all but ${most} to be closed`, timeout: 30_000 * patience });
                for (const [who, target] of asked)
                    assert.equal(await freshStatus(wire(host), who, target), 200, target);
                assert.equal(strangers.refused, 0);
                await daemon.logs(new RegExp(`${limit} is reached`));
            }));
}

function outside() {
    const [program, ...args] = alone;
    let impossible = false;
    try {
        execFileSync(program, [...args, 'true'], { stdio: 'pipe' });
    } catch (error) {
        const why = String(error.stderr ?? '').trim().split('\n')[0] || error.message;
        impossible = `no network of its own can be made here: ${why}`;
    }
    plainTest('strangers, in a network of its own', { skip: impossible, timeout: 600_000 }, async () => {
        const env = { ...process.env, [INSIDE]: '1' };
        delete env.NODE_TEST_CONTEXT; // that is one more test run, not a part of this one
        const child = spawn(program, [...args, process.execPath, '--test-reporter=tap', fileURLToPath(import.meta.url)],
            { env, stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
        const [status] = await once(child, 'close');
        assert.equal(status, 0, said);
        assert.match(said, /# pass 4\n# fail 0/);
    });
}

if (process.env[INSIDE]) inside();
else outside();
