// tier: full, sanitized
/**
 * Join tokens of a cluster: a token made at one member lets nodes join any, its places are those of all members together,
 * they outlive the daemons, and a revoked token is revoked everywhere.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { patience } from '../lib/daemon.mjs';
import { FakeDevice } from '../lib/fake-device.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { NatsServer, wayTo } from '../lib/nats.mjs';
import { BUCKET, memberOf, ready, withNats } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** @typedef {import('../lib/daemon.mjs').Daemon} Daemon */

const FULL = 'the join token is already used by as many nodes as it allows', UNKNOWN = 'the token is unknown, spent or expired';
const AWAY = 'the cluster\'s servers, which count the places of join tokens, cannot be used now';
const RETURNS = 60_000 * patience; // what waits until a claim has lapsed

/** The row of a token at a member. @param {Daemon} daemon @param {string} id */
const tokenAt = async (daemon, id) => (await daemon.get('/v1/admin/join')).json.joins.find((/** @type {any} */ one) => one.id === id);

/** Waits until the member counts so many nodes of the token. @param {Daemon} daemon @param {string} id @param {number | undefined} count */
const counts = (daemon, id, count) => until(async () => (await tokenAt(daemon, id))?.joined === count,
    { what: `${count} places at ${daemon.config.cluster.name}`, timeout: RETURNS }).catch((error) => { throw daemon.explain(error); });

/** A token of the first member, once all know it. @param {Daemon[]} members @param {number} nodes */
async function makeToken(members, nodes, more = {}) {
    const made = await members[0].post('/v1/admin/join', { nodes, seconds: 600, ...more });
    assert.equal(made.status, 201, made.text);
    for (const one of members) await counts(one, made.json.id, 0);
    return made.json;
}

/** A node that has the link of one member, and goes to another. @param {string} link @param {Daemon} from @param {Daemon} to */
const nodeAt = (link, from, to) => new FakeNode(link.replace(from.bridgeUrl, to.bridgeUrl));

/** What becomes of a node that announces itself. @param {FakeNode} node */
async function attempt(node) {
    await node.join().catch((error) => { if (!node.closed) throw error; });
    return node.closed ? node.closed.reason : 'joined';
}

/** The same at a member that has just come back: it knows tokens before it can take their places. @param {() => FakeNode} make */
const attemptOnceBack = (make) => until(async () => {
    const end = await attempt(make());
    return end !== AWAY && end;
}, { what: 'an answer of a member that has come back', timeout: RETURNS, every: 100 });

/** How the member answers whoever revokes the token. @param {Daemon} daemon @param {string} id */
const revoked = (daemon, id) => daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' });

/**
 * Members of one server, all but the first through a way that can be cut.
 * @param {string[]} names @param {(members: Daemon[], server: NatsServer, way: {cut: () => void, mend: () => void}) => Promise<void>} body
 */
async function withMembers(names, body) {
    const server = await NatsServer.start(), way = await wayTo(server);
    const members = names.map((name, i) => memberOf(i ? way : server, name, { bridge: { resume_grace: '1s', devices: 'yes' } }));
    try {
        for (const one of members) await one.start({ ready: false });
        for (const one of members) await ready(one);
        await body(members, server, way);
        for (const one of members) if (!one.ended) await one.stop();
    } finally {
        for (const one of members) await one.abandon();
        way.close();
        await server.stop();
    }
}

/** Stops a member, and starts it again with all that it has stored. @param {import('../lib/daemon.mjs').Daemon} daemon
 * @param {() => Promise<unknown>} meanwhile */
async function restarted(daemon, meanwhile) {
    daemon.options.keep = true;
    try {
        await daemon.stop();
        await meanwhile();
    } finally {
        daemon.options.keep = false;
    }
    await daemon.start({ ready: false });
    await ready(daemon);
}

/** All bytes of the server's store. @param {string} folder @returns {Buffer[]} */
const bytesOf = (folder) => fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    .map((one) => fs.readFileSync(`${one.parentPath ?? one.path}/${one.name}`));

describe('join tokens that members share', { concurrency: 2, ...withNats }, () => {
    test('a token made at one member lets nodes join another, and no more than it allows', () => withMembers(['a', 'b'], async ([a, b], server) => {
        const { id, url, token } = await makeToken([a, b], 2, { label: 'Ada\'s phone', shareable: true });
        const first = nodeAt(url, a, b), second = nodeAt(url, a, a);
        assert.equal(await attempt(first), 'joined');
        assert.equal(await attempt(second), 'joined');
        assert.equal(first.welcome.shareable, true);
        assert.equal((await b.get('/v1/nodes')).json.nodes[0].label, 'Ada\'s phone');
        for (const one of [a, b]) {
            await counts(one, id, 2);
            const late = nodeAt(url, a, one);
            assert.equal(await attempt(late), FULL);
            assert.equal(late.closed.code, 1013);
        }
        await first.close();
        await counts(a, id, 1);
        assert.equal(await attempt(nodeAt(url, a, a)), 'joined');
        assert.ok(bytesOf(server.folder).some((bytes) => bytes.includes(id)), 'the row is on the disk');
        assert.ok(!bytesOf(server.folder).some((bytes) => bytes.includes(token)), 'the token is not');
    }));

    test('eight that race at three members are never too many', () => withMembers(['a', 'b', 'c'], async (members) => {
        for (const most of [1, 3]) {
            const { id, url } = await makeToken(members, most);
            const nodes = Array.from({ length: 8 }, (_, i) => nodeAt(url, members[0], members[i % 3]));
            const ends = await Promise.all(nodes.map(attempt));
            assert.equal(ends.filter((one) => one === 'joined').length, most, JSON.stringify(ends));
            assert.equal(ends.filter((one) => one === FULL).length, 8 - most, JSON.stringify(ends));
            for (const one of members) await counts(one, id, most);
        }
    }));

    test('a killed member gives its places back, and its token outlives it', () => withMembers(['a', 'b'], async ([a, b]) => {
        const { id, url } = await makeToken([a, b], 1), bridge = a.bridgeUrl;
        const atB = () => new FakeNode(url.replace(bridge, b.bridgeUrl));
        assert.equal(await attempt(nodeAt(url, a, a)), 'joined');
        await counts(b, id, 1);
        a.signal('SIGKILL');
        await a.waitEnd();
        assert.equal(await attempt(atB()), FULL);
        await counts(b, id, 0);
        assert.equal(await attempt(atB()), 'joined');
        await counts(b, id, 1);
        // So does one that ends in good order, and nobody lives meanwhile.
        await b.stop();
        await a.start({ ready: false });
        await counts(a, id, 0);
        assert.equal(await attemptOnceBack(() => new FakeNode(url.replace(bridge, a.bridgeUrl))), 'joined');
    }));

    test('a token that one member revokes is revoked at all', () => withMembers(['a', 'b'], async ([a, b]) => {
        const { id, url } = await makeToken([a, b], 2), node = nodeAt(url, a, b);
        assert.equal(await attempt(node), 'joined');
        const answer = await revoked(a, id);
        assert.equal(answer.status, 200, answer.text);
        await node.gone();
        await counts(b, id, undefined);
        for (const one of [a, b]) {
            assert.equal(await attempt(nodeAt(url, a, one)), UNKNOWN);
            const again = await revoked(one, id);
            assert.equal(again.status, 404);
            assert.equal(again.json.code, 'not_found');
        }
    }));

    test('a member remembers its devices across a restart, but not those of a token that was revoked meanwhile', () => withMembers(['a', 'b'], async ([a, b]) => {
        const { id, url } = await makeToken([a, b], 2), device = new FakeDevice(url);
        const devices = async () => (await b.get('/v1/devices')).json.devices.map((/** @type {any} */ one) => [one.join, one.node]);
        device.goTo(b.bridgeUrl);
        await device.joinRemembered();
        assert.deepEqual(device.welcome.device, { remembered: true });
        await counts(a, id, 1);
        await restarted(b, () => counts(a, id, 0));
        await counts(b, id, 0);
        device.goTo(b.bridgeUrl);
        await device.joinAgain();
        assert.deepEqual(await devices(), [[id, device.id]]);
        await counts(a, id, 1);
        assert.equal((await tokenAt(b, id)).devices, 1);
        assert.equal((await tokenAt(a, id)).devices, 0);
        const stranger = { protocol: 1, device: { key: device.key }, capabilities: device.capabilities };
        await restarted(b, async () => assert.equal((await revoked(a, id)).status, 200));
        await until(async () => (await devices()).length === 0, { what: 'the end of the device' });
        for (const one of [a, b]) { // the first has never known it
            device.goTo(one.bridgeUrl);
            await device.open();
            device.send('node_announcement', stranger);
            assert.deepEqual(await device.gone(), { code: 1008, reason: 'this device is not remembered, or no longer: join with a link' });
        }
    }));

    test('while NATS is away only places that the member holds are taken', () => withMembers(['a', 'b'], async ([a, b], server) => {
        const { id, url } = await makeToken([a, b], 2), node = nodeAt(url, a, b);
        assert.equal(await attempt(node), 'joined');
        await server.kill();
        for (const one of [a, b]) {
            const refused = await until(async () => { const made = await one.post('/v1/admin/join', {}); return made.status === 503 && made; }, { what: 'a refusal' });
            assert.equal(refused.json.code, 'cluster_unavailable');
            assert.ok(Number(refused.headers['retry-after']) >= 1);
        }
        const more = nodeAt(url, a, b);
        assert.equal(await attempt(more), AWAY);
        assert.equal(more.closed.code, 1013);
        assert.equal(node.closed, null);
        await node.close();
        await until(async () => (await b.get('/v1/nodes')).json.nodes.length === 0, { what: 'the end of its node' });
        const next = nodeAt(url, a, b);
        assert.equal(await attempt(next), 'joined');
        assert.equal(await attempt(nodeAt(url, a, b)), AWAY);
        const kept = await revoked(a, id);
        assert.equal(kept.status, 503);
        assert.equal(kept.json.code, 'cluster_unavailable');
        assert.match(kept.json.detail, /revoked at this member only/);
        assert.equal(await attempt(nodeAt(url, a, a)), UNKNOWN);
        assert.equal(next.closed, null);
        await server.run();
        await next.gone(RETURNS);
        for (const one of [a, b]) await counts(one, id, undefined);
    }));

    test('a member that was cut off while others took its places sends its node away', () => withMembers(['a', 'b'], async ([a, b], server, way) => {
        const { id, url } = await makeToken([a, b], 1), node = nodeAt(url, a, b), next = nodeAt(url, a, a);
        assert.equal(await attempt(node), 'joined');
        await counts(a, id, 1);
        way.cut();
        assert.equal(await attempt(nodeAt(url, a, a)), FULL);
        await counts(a, id, 0);
        assert.equal(await attempt(next), 'joined');
        assert.equal(node.closed, null);
        way.mend();
        await node.gone(RETURNS);
        assert.match(node.received.filter(({ message: { type } }) => type === 'bye').at(-1).message.data.reason, /its place of the join token is another node's/);
        for (const one of [a, b]) await counts(one, id, 1);
        assert.equal(next.closed, null);
    }));

    test('what is no row is counted, and no token', () => withMembers(['a'], async ([a], server) => {
        const { id, url } = await makeToken([a], 1);
        const ignored = async () => (await a.get('/v1/cluster')).json.ignored, before = await ignored();
        const other = JSON.stringify({ row: 1, id: 'join-0', hash: '00'.repeat(32), nodes: 1, expires_at: 9e12, held: {} });
        const bad = Object.entries({ 'join.a': 'garbage', 'join.b': '{"row":1}', 'join.c': '[]', 'join.d': Buffer.from([0, 255, 254]), 'join.e': other,
            'join.f': 'x'.repeat(20_000), 'join.a.b': '{}', 'join.é': '{}', 'other.a': '{}', 'join.new': '{"row":2}' });
        for (const [key, text] of bad) assert.ok((await server.ask(`$KV.${BUCKET}.watched.row.${key}`, text)).seq);
        await until(async () => { const now = await ignored(); return now.garbage - before.garbage === bad.length - 1 && now.other_version - before.other_version === 1; }, { what: 'the ignored rows' })
            .catch(async (error) => { throw new Error(`${error}: ${JSON.stringify([before, await ignored()])}`); });
        assert.equal(await attempt(new FakeNode(url)), 'joined');
        assert.deepEqual((await a.get('/v1/admin/join')).json.joins.map((/** @type {any} */ one) => one.id), [id]);
    }));
});
