// tier: full, sanitized
/**
 * What bounds all subscribers of channels together, and [channels] listen beside the other listeners: 1,024 subscribers;
 * memory that is kept only until others need it; the Host header of another listener; a certificate that is renewed. Each
 * has a daemon of its own. Nodes are simulated.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { certificate, serialOf } from '../lib/certificate.mjs';
import { FrameClient } from '../lib/channel-frames.mjs';
import { followRows, numberRows, publishRows } from '../lib/channel-rows.mjs';
import { ChannelSocket, channelsUrl } from '../lib/channel-socket.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { headEnded, raw, request, statusOf } from '../lib/http.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { Wire } from '../lib/wire.mjs';

const MIB = 1 << 20;
const BOTH = ['job_results', 'vector_updates'], VECTORS = ['vector_updates'];
const test = testsOf(() => null);

/** A daemon with a listener for channels and one simulated node, and what clients do with it. */
class Town {
    /** Those that leave at the end. @type {any[]} */
    clients = [];
    /** @type {Simulation | undefined} */
    simulation;
    url = '';

    /** @param {object | ((folder: string) => object)} config @param {Record<string, string>} people the ranks of those that have a token */
    constructor(config, people) {
        this.daemon = new Daemon({ config: { bridge: { heartbeat_misses: 100 }, channels: { listen: '127.0.0.1:0' },
            pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
        this.daemon.writeConfig(typeof config === 'function' ? config(this.daemon.folder) : config);
        this.tokens = tokensOf(people);
        if (Object.keys(people).length)
            this.daemon.writeConfig({ api: { tokens_file: writeTokens(this.daemon, people, this.tokens) } });
        putGguf(this.daemon.store, 'vectors', { arch: 'bert' });
    }

    async start() {
        await this.daemon.start({ ready: false });
        this.simulation = await new Simulation(this.daemon, { nodes: 1, token: this.tokens.root }).up();
        this.url = await channelsUrl(this.daemon);
    }

    as(who) { return who ? { headers: { Authorization: `Bearer ${this.tokens[who]}` } } : {}; }
    embed(input, who) { return this.daemon.post('/v1/embeddings', { model: 'vectors@simulated', input, publish: true }, this.as(who)); }
    publish(bytes, width, who) { return publishRows(this.daemon, bytes, width, this.as(who)); }

    async used() {
        const { text } = await this.daemon.get('/metrics', this.as('root'));
        return Number(text.match(/^webinfer_memory_used_bytes (\d+)/m)[1]);
    }

    /** One that hears from now on. */
    async hear(who, channels = BOTH, more = {}, options = {}) {
        const client = new ChannelSocket(this.url, options);
        this.clients.push(client);
        return client.subscribe(channels, more, this.tokens[who]);
    }

    /** What comes of the attempt to subscribe: the socket, which is closed if it was refused. */
    async attempt(who) {
        const client = await new ChannelSocket(this.url).begun();
        this.clients.push(client);
        client.say({ type: 'authenticate', token: this.tokens[who] });
        client.say({ type: 'subscribe', channels: BOTH });
        await until(() => client.of('subscribed').length || client.closed, { what: 'an answer to the subscription' });
        return client;
    }

    /** With proof of a clean end. */
    async stop() {
        await Promise.all(this.clients.map((one) => one.leave()));
        await this.simulation?.stop();
        await this.daemon.stop();
    }

    /** Whatever has happened. */
    async abandon() {
        this.simulation?.child.kill('SIGKILL');
        await this.daemon.abandon();
    }
}

/** @param {ConstructorParameters<typeof Town>[0]} config @param {Record<string, string>} people @param {(town: Town) => Promise<void>} body */
async function inTown(config, people, body) {
    const town = new Town(config, people);
    try {
        await town.start();
        await body(town);
        await town.stop();
    } catch (error) {
        throw town.daemon.explain(error);
    } finally {
        await town.abandon();
    }
}

const crowd = Array.from({ length: 16 }, (_, i) => `crowd${i}`);
const user = (names) => Object.fromEntries(names.map((name) => [name, 'user']));

test('there are 1,024 subscribers in all, whichever way they come, and each hears its own', () =>
    inTown({}, { ...user([...crowd, 'ada']), root: 'admin' }, async (town) => {
        const groups = [];
        // One client after the other: there may be 256 connections that have not subscribed.
        for (const who of crowd)
            groups.push(await Promise.all(Array.from({ length: who === crowd[15] ? 63 : 64 }, () => town.hear(who))));
        const events = new EventClient(`${town.daemon.url}/v1/channels`, town.as(crowd[15]));
        town.clients.push(events);
        await events.begun();
        assert.equal(events.status, 200, events.text);

        const { closed, messages: [refusal] } = await town.attempt('ada');
        assert.deepEqual([closed?.code, refusal.type, refusal.code], [1013, 'error', 'too_many_watchers']);
        assert.doesNotMatch(refusal.detail, /\d/); // how many others there are
        assertProblem(await town.daemon.get('/v1/channels', town.as('ada')), 429, 'too_many_watchers');

        await town.embed('of the first', crowd[0]);
        await town.embed('of the last', crowd[15]);
        await until(() => [...groups[0], ...groups[15]].every((one) => one.rows === 1 && one.jobs.length === 1) && events.events.length === 2,
            { what: 'what both clients hear' });
        for (const one of groups.slice(1, 15).flat()) assert.deepEqual(one.messages.map(({ type }) => type), ['subscribed']);

        await groups[0][0].leave();
        await until(async () => !(await town.attempt('ada')).closed, { what: 'the free place', every: 100 });
        await town.embed('of ada', 'ada');
        await until(() => town.clients.at(-1).rows === 1, { what: 'what ada hears' });
    }));

/** The latest rows that are kept, and the number of the first of them. */
async function latest(town, width, sent) {
    const client = await new FrameClient(`${town.daemon.url}/v1/channels?names=vector_updates&recent=4096`, town.as('ada')).begun();
    const messages = () => client.frames.map(({ type, data, tensors }) => ({ type, ...data, bytes: tensors[0]?.bytes }));
    const count = () => messages().reduce((sum, one) => sum + one.count, 0);
    const last = ({ bytes, count: rows }) => bytes.readFloatLE((rows - 1) * width * 4);
    await until(() => client.frames.length && last(messages().at(-1)) === sent - 1, { what: 'the last row' });
    await client.leave();
    assert.deepEqual(followRows(messages(), sent - count()), { got: count(), missed: 0, next: sent });
    return count();
}

test('what is kept of the latest rows is free for requests, and goes first when they need it', () =>
    inTown({ api: { max_body: '32M' }, pool: { memory_budget: '64M' } },
        { ...user(['ada', 'bob', 'carol', 'dave', 'erin', 'frank']), root: 'admin' }, async (town) => {
            const width = 512, rows = 512, bytes = Buffer.alloc(rows * width * 4);
            const ada = await town.hear('ada', VECTORS, { encoding: 'frame' });
            let sent = 0;
            const publish = async (times) => {
                for (let i = 0; i < times; i++) {
                    await town.publish(numberRows(bytes, width, sent), width, 'ada');
                    sent += rows;
                    await until(() => ada.rows === sent, { what: 'the rows' });
                }
            };
            await publish(16);
            await until(async () => await town.used() < 9 * MIB, { what: 'nothing but the latest rows to be held' });
            const kept = await town.used(), count = await latest(town, width, sent);
            assert.ok(kept > 7 * MIB && count > 3500, `${count} rows in ${kept} bytes`);

            // A body of almost half of the budget, which any client may send while nobody else needs memory.
            const ask = (who, size) => town.daemon.inferBinary({ model_name: 'nobody/knows' },
                [{ name: 'x', datatype: 'UINT8', shape: [size], bytes: Buffer.alloc(size) }], town.as(who));
            assertProblem(await ask('bob', 30 * MIB), 404, 'model_not_found');
            assert.equal(await latest(town, width, sent), count); // there was room for both

            // Bodies that do not end fill the rest, each up to what its client may have.
            const held = [];
            const hold = async (who, size) => {
                const before = await town.used();
                held.push(new Wire(town.daemon.url).ask('POST', '/v1/infer', { headers: { ...town.as(who).headers,
                    'Content-Type': 'application/json', 'Content-Length': String(size) } }).write(' '.repeat(size - 1)));
                await until(async () => await town.used() > before + 0.99 * size, { what: `the body of ${who}` });
            };
            try {
                await hold('bob', 30 * MIB);
                for (const who of ['carol', 'dave', 'erin']) await hold(who, 7.5 * MIB);
                assertProblem(await ask('frank', 7.5 * MIB), 404, 'model_not_found');
                assert.ok(await town.used() <= 64 * MIB);
                const left = await latest(town, width, sent);
                assert.ok(left > 0 && left < count - 1000, `${left} of ${count} rows are left`);
                assert.ok(held.every(({ closed, received }) => !closed && received === ''));
            } finally {
                for (const wire of held) wire.destroy();
            }
            await until(async () => await town.used() < kept, { what: 'the bodies to be gone' });
            await publish(1);
            assert.deepEqual(followRows(ada.messages, 0), { got: sent, missed: 0, next: sent });
        }));

test('no listener takes what is meant for another, whatever Host says', () => inTown({}, {}, async (town) => {
    const { daemon, url } = town;
    const hosts = [daemon.url, daemon.bridgeUrl, url].map((one) => new URL(one).host), own = hosts[2];
    const sockets = [];
    for (const Host of [...hosts, ...hosts.map((one) => one.replace('127.0.0.1', 'localhost')), 'localhost'])
        sockets.push(await town.hear(undefined, VECTORS, {}, { headers: { Host } }));
    for (const Host of ['bridge', 'channels', 'default']) {
        const { refused } = await new ChannelSocket(url, { headers: { Host } }).begun();
        assert.deepEqual([refused?.status, refused?.json.code], [403, 'forbidden_host']);
    }

    const page = (Host) => request(daemon.bridgeUrl, { headers: { Host } });
    const [usual, other] = [await page(hosts[1]), await page(own)];
    assert.deepEqual([other.status, other.text], [usual.status, usual.text]);
    assert.equal((await daemon.get('/healthz', { headers: { Host: own } })).status, 200);
    const { json: link } = await daemon.post('/v1/admin/join', {});
    const node = await new FakeNode(link.url).open({ headers: { Host: own } });
    node.announce();
    await node.got('welcome');
    await node.close();
    const upgrade = async (where, protocol) => statusOf(await raw(daemon.bridgeUrl, `GET ${where} HTTP/1.1\r\nHost: ${own}\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`, { enough: headEnded }));
    assert.equal(await upgrade('/node', 'webinfer.channels.v1'), 400);
    assert.equal(await upgrade('/v1/channels', 'webinfer.channels.v1'), 404);
    assert.equal(await upgrade('/', 'webinfer.v1'), 404);

    await town.embed('x');
    await until(() => sockets.every((one) => one.rows === 1), { what: 'all to hear' });
}));

test('subscribers over WebSockets take no place of those over HTTP, who may have half of all connections', () =>
    inTown({ api: { max_connections: 12 } }, {}, async (town) => {
        for (let i = 0; i < 7; i++) await town.hear();
        for (let i = 0; i < 6; i++) {
            const events = new EventClient(`${town.daemon.url}/v1/channels`);
            town.clients.push(events);
            await events.begun();
            assert.equal(events.status, 200, events.text);
        }
        assertProblem(await town.daemon.get('/v1/channels'), 429, 'too_many_watchers');
        await town.hear();
    }));

test('a reload shows a renewed certificate, and one that does not fit its key changes nothing', () =>
    inTown((folder) => ({ channels: certificate(folder, 'IP:127.0.0.1') }), {}, async (town) => {
        const { folder, config: { channels: keys } } = town.daemon;
        const authority = () => fs.readFileSync(keys.tls_certificate, 'utf8');
        const first = await serialOf(town.url), known = authority();
        const one = await town.hear(undefined, VECTORS, {}, { ca: known });
        certificate(folder, 'IP:127.0.0.1');
        await town.daemon.reload({ log: { level: 'info' } });
        await town.daemon.logs(/channels.*shows the certificate of \/CN=a private one, valid until/);
        await one.ended();
        assert.equal(one.closed.code, 1001);
        const renewed = await serialOf(town.url);
        assert.notEqual(renewed, first);
        const late = new ChannelSocket(town.url, { ca: known });
        await late.ended();
        assert.equal(late.messages.length, 0);

        const again = await town.hear(undefined, VECTORS, { encoding: 'float32' }, { ca: authority() });
        const rows = numberRows(Buffer.alloc(700 * 16 * 4), 16, 0);
        await town.publish(rows, 16);
        await until(() => again.rows === 700, { what: 'all rows' });
        assert.deepEqual(again.bytes, rows);

        certificate(town.daemon.temporary, 'IP:127.0.0.1');
        fs.renameSync(`${town.daemon.temporary}/key.pem`, keys.tls_key);
        fs.rmSync(`${town.daemon.temporary}/cert.pem`);
        town.daemon.signal('SIGHUP');
        await town.daemon.logs(/not reloaded, nothing changes: .*is not the key of the certificate in/);
        assert.equal(await serialOf(town.url), renewed);
        await town.embed('x');
        await until(() => again.rows === 701, { what: 'a vector' });
        assert.equal(again.closed, null);
    }));
