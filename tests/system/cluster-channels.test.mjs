// tier: full, sanitized
// quick: channels of a cluster > each client hears at each member what its requests at any became
/**
 * Channels of a cluster: subscribers at one member hear of the requests that ended at the others, by the same rules as of its
 * own, and how many rows were lost on the way. Nodes are simulated.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { ChannelSocket, channelsUrl } from '../lib/channel-socket.mjs';
import { followRows, numberRows, publishRows } from '../lib/channel-rows.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { NatsServer, permissions, wayTo } from '../lib/nats.mjs';
import { withNats } from '../lib/shared-jobs.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { describe, test } from '../lib/tier.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', bob: 'user', root: 'admin' }, tokens = tokensOf(people), BOTH = ['job_results', 'vector_updates'];
const as = (/** @type {keyof typeof people} */ who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });
const WIDTH = 8;

/** @typedef {Daemon & {channels: string}} Member */

/** What a member says of the cluster. @param {Daemon} daemon */
const look = async (daemon) => (await daemon.get('/v1/cluster', as('root'))).json;
const sees = (/** @type {Daemon} */ daemon, /** @type {number} */ count) =>
    until(async () => (await look(daemon)).members.length === count, { what: `${count} members`, every: 50 }).catch((error) => { throw daemon.explain(error); });

/**
 * Members of one server, each with a node, the second one through a way that can be cut.
 * @param {string[]} names
 * @param {(members: Member[], more: {server: NatsServer, way: Awaited<ReturnType<typeof wayTo>>,
 *   hear: (member: Member, who: keyof typeof people, channels?: string[], more?: object) => Promise<ChannelSocket>}) => Promise<void>} body
 * @param {{words?: string[], user?: string}} [options] of the server's command line; `user`: the members' credentials there
 */
async function withMembers(names, body, { words = [], user } = {}) {
    const server = await NatsServer.start({ words }), way = await wayTo(server), simulations = [];
    const members = /** @type {Member[]} */ (names.map((name, i) => new Daemon({ config: {
        api: { tokens_file: '' }, channels: { listen: '127.0.0.1:0' }, pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 }, cluster: { servers: (i === 1 ? way : server).url, name, ack_wait: '2s' } } })));
    /** @type {ChannelSocket[]} */
    const sockets = [];
    const hear = async (/** @type {Member} */ member, /** @type {keyof typeof people} */ who, channels = BOTH, more = {}) => {
        const socket = new ChannelSocket(member.channels);
        sockets.push(socket);
        return socket.subscribe(channels, more, tokens[who]);
    };
    try {
        for (const one of members) {
            one.writeConfig({ api: { tokens_file: writeTokens(one, people, tokens) } });
            if (user) one.writeConfig({ cluster: { credentials_file: path.join(one.folder, 'credentials') } });
            if (user) fs.writeFileSync(path.join(one.folder, 'credentials'), user, { mode: 0o600 });
            putGguf(one.store, 'vectors', { arch: 'bert' });
            await one.start({ ready: false });
            one.channels = await channelsUrl(one);
        }
        for (const one of members) await sees(one, names.length);
        for (const one of members) simulations.push({ one, simulation: await new Simulation(one, { nodes: 1, token: tokens.root }).up() });
        await body(members, { server, way, hear });
        for (const one of sockets) await one.leave();
        for (const { one, simulation } of simulations) if (!one.ended) await simulation.stop();
        for (const one of members) if (!one.ended) await one.stop();
    } finally {
        for (const { simulation } of simulations) simulation.child.kill('SIGKILL');
        for (const one of members) await one.abandon();
        way.close();
        await server.stop();
    }
}

/** @param {Daemon} daemon @param {string[]} input */
async function embed(daemon, input, who = /** @type {keyof typeof people} */ ('ada'), more = {}) {
    const { status, text, json } = await daemon.post('/v1/embeddings', { model: 'vectors@simulated', input, publish: true, ...more }, as(who));
    assert.equal(status, 200, text);
    return json;
}

/** Publishes numbered rows at a member. @param {Daemon} daemon @param {number} first @param {number} count */
const tellRows = (daemon, first, count, who = /** @type {keyof typeof people} */ ('ada')) =>
    publishRows(daemon, numberRows(Buffer.alloc(count * WIDTH * 4), WIDTH, first), WIDTH, as(who));

/** Rows at a member until one has been heard at another: from then on, what ends there is told here. Gives the number of the next one.
 * @param {Daemon} daemon @param {ChannelSocket} socket */
async function heardFrom(daemon, socket, who = /** @type {keyof typeof people} */ ('ada')) {
    let next = 0;
    await until(async () => {
        await tellRows(daemon, next++, 1, who);
        return socket.rows > 0;
    }, { what: 'a row of another member', every: 100 });
    await until(() => socket.bytes.readFloatLE((socket.rows - 1) * WIDTH * 4) === next - 1, { what: 'the last row' });
    return next;
}

/** The rows that were heard and missed, from the first that was heard. @param {ChannelSocket} socket */
const follow = (socket) => followRows(socket.messages, socket.bytes.readFloatLE(0));

/** Publishes as anyone who reaches the server may. @param {NatsServer} server @param {string} subject @param {string | Buffer} body */
async function say(server, subject, body) {
    const socket = net.connect(server.door, '127.0.0.1'), bytes = Buffer.from(body);
    let got = '';
    socket.setEncoding('utf8').on('data', (text) => (got += text));
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
    socket.write(Buffer.concat([Buffer.from(`PUB ${subject} ${bytes.length}\r\n`), bytes, Buffer.from('\r\nPING\r\n')]));
    await until(() => /PONG/.test(got), { what: 'the server' });
    socket.destroy();
}

/** The words of a server's command line that give it a configuration. @param {string} text @param {(words: string[]) => Promise<void>} body */
async function withConfig(text, body) {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-nats-'))), file = path.join(folder, 'nats.conf');
    fs.writeFileSync(file, text);
    await body(['-c', file]).finally(() => clear(folder));
}

describe('channels of a cluster', { concurrency: 2, ...withNats }, () => {
    test('each client hears at each member what its requests at any became', () => withMembers(['a', 'b'], async ([a, b], { hear }) => {
        const own = await hear(a, 'ada'), ada = await hear(b, 'ada'), root = await hear(b, 'root'), bob = await hear(b, 'bob');
        const frames = await hear(b, 'ada', BOTH, { encoding: 'frame' }), floats = await hear(b, 'ada', BOTH, { encoding: 'float32' });
        const echoes = await hear(b, 'ada', BOTH, { models: ['builtin/echo'] });
        await heardFrom(a, echoes);
        const all = [own, ada, root, frames, floats], heard = echoes.messages.length;
        /** What each was told of the model. */
        const told = (/** @type {ChannelSocket} */ one) => one.messages.filter(({ type, model_name: name, jobs }) =>
            name === 'vectors' || (type === 'job_completed' && jobs[0].model_name === 'vectors'));
        const toldAll = (/** @type {number} */ count) => until(() => all.every((one) => told(one).length === count), { what: `${count} messages at all` });
        const { data } = await embed(a, ['a bird', 'b'.repeat(100)]);
        await toldAll(2);
        await embed(a, ['a secret'], 'ada', { publish: false });
        await toldAll(3);
        const vectors = told(own).find(({ type }) => type === 'vector_batch'), jobs = told(own).filter(({ type }) => type === 'job_completed');
        assert.deepEqual([vectors.count, vectors.labels], [2, ['a bird', 'b'.repeat(80)]]);
        assert.deepEqual(vectors.bytes, Buffer.from(Float32Array.from(data.flatMap((/** @type {any} */ { embedding }) => embedding)).buffer));
        assert.deepEqual(jobs.map((one) => 'result' in one.jobs[0]), [true, false]);
        for (const one of [ada, root]) assert.deepEqual(told(one), told(own));
        for (const one of [frames, floats]) {
            const same = told(one).find(({ type }) => type === 'vector_batch');
            assert.deepEqual([same.jobs, same.labels, same.timestamp, same.bytes], [vectors.jobs, vectors.labels, vectors.timestamp, vectors.bytes]);
        }
        assert.equal(echoes.messages.length, heard);
        assert.equal(bob.of('job_completed').length + bob.of('vector_batch').length + bob.missed, 0);
        await embed(b, ['of bob'], 'bob');
        await until(() => bob.jobs.length === 1 && bob.rows === 1, { what: 'what bob hears of his own' });
        for (const one of [own, ada, root]) assert.equal(one.missed, 0);
    }));

    test('what is lost on the way is told to the row, to those who would have heard it', () => withMembers(['a', 'b', 'c'], async ([a, b, c], { way, hear }) => {
        const VECTORS = ['vector_updates'], ada = await hear(b, 'ada', VECTORS), bob = await hear(b, 'bob'), other = await hear(b, 'ada', BOTH, { models: ['vectors'] });
        const witness = await hear(c, 'ada', VECTORS);
        let next = await heardFrom(a, witness);
        for (const isGone of [false, true]) {
            await until(() => [ada, witness].every((one) => one.rows > 0 && follow(one).next === next), { what: 'the same rows' });
            const { rows } = ada, { rows: seen } = witness, before = ada.missed;
            way.cut();
            if (isGone) await sees(a, 2);
            else await until(async () => (await look(b)).state === 'connecting', { what: 'the cut' });
            await tellRows(a, next, 5);
            await until(() => witness.rows === seen + 5, { what: 'rows that have left' });
            way.mend();
            await until(() => ada.missed > before, { what: 'what was missed' });
            assert.deepEqual([ada.missed, ada.rows], [before + 5, rows]);
            next += 5;
            await tellRows(a, next++, 1);
            await until(() => ada.rows === rows + 1, { what: 'the row after them' });
            assert.equal(follow(ada).next, next);
        }
        await tellRows(a, 0, 1, 'bob');
        await until(() => bob.rows === 1 && bob.jobs.length === 1, { what: 'what bob hears' });
        for (const one of [bob, other, witness]) assert.equal(one.missed, 0);
    }));

    test('what no member has said is counted and ignored', () => withMembers(['a', 'b'], async ([a, b], { server, hear }) => {
        const root = await hear(b, 'root');
        await heardFrom(a, root);
        const { members } = await look(b), instance = members.find((/** @type {any} */ { name }) => name === 'a').instance;
        const telling = { telling: 1, epoch: 1, born: 1, before: 0, channel: 'job_results', client: 'eve', dimensions: 0, at: 1, texts: ['{}'], labels: [null] };
        const before = (await look(b)).ignored, heard = root.messages.length;
        const bad = [[instance, 'garbage'], [instance, ''], [instance, JSON.stringify({ ...telling, texts: ['{"a":1}}'] })],
            [instance, JSON.stringify({ ...telling, texts: ['{"a":{"b":1,"result":2}}'] })], [instance, JSON.stringify({ ...telling, texts: ['{"a":\n1}'] })],
            [instance, `${JSON.stringify({ ...telling, channel: 'vector_updates', model: 'm', dimensions: 2 })}\0abc`]];
        for (const [from, body] of bad) await say(server, `webinfer.channels.${from}`, body);
        await say(server, `webinfer.channels.${instance}`, JSON.stringify({ ...telling, telling: 2 }));
        await until(async () => {
            const { garbage, other_version: others } = (await look(b)).ignored;
            return garbage - before.garbage === bad.length && others - before.other_version === 1;
        }, { what: 'what was ignored' });
        assert.equal(root.messages.length, heard);
        await say(server, `webinfer.channels.${instance}`, JSON.stringify(telling)); // the same, without a fault
        await until(() => root.messages.length > heard, { what: 'what was no garbage' });
        assert.deepEqual(root.messages.at(-1).jobs, [{}]);
    }));

    test('of a member that is killed nothing wrong is told', () => withMembers(['a', 'b', 'c'], async ([a, b, c], { hear }) => {
        const ada = await hear(b, 'ada', ['vector_updates']);
        await heardFrom(c, ada);
        c.signal('SIGKILL');
        await c.waitEnd();
        await sees(b, 2);
        const rows = ada.rows;
        await tellRows(a, 0, 3);
        await until(() => ada.rows === rows + 3, { what: 'rows of the other one' });
        assert.equal(ada.missed, 0);
    }));

    test('a server that hangs holds up no member, and what it did not take is missed', () => withMembers(['a', 'b'], async ([a, b], { server, hear }) => {
        const ada = await hear(b, 'ada', ['vector_updates']), width = 1024, rows = 4096;
        await heardFrom(a, ada);
        const heard = ada.rows;
        server.signal('SIGSTOP');
        for (let i = 0; i < 4; i++) await publishRows(a, Buffer.alloc(rows * width * 4), width, as('ada'));
        await until(async () => (await look(a)).state === 'connecting', { what: 'that it is noticed' });
        server.signal('SIGCONT');
        await until(() => ada.rows + ada.missed === heard + 4 * rows, { what: 'each row, or that it was missed' });
        assert.notEqual(ada.missed, 0);
        server.signal('SIGSTOP');
        for (let i = 0; i < 4; i++) await publishRows(a, Buffer.alloc(rows * width * 4), width, as('ada'));
    }));

    test('rows that are too large for the server are missed', () => withConfig('max_payload: 8192\n', (words) => withMembers(['a', 'b'], async ([a, b], { hear }) => {
        const ada = await hear(b, 'ada', ['vector_updates']), next = await heardFrom(a, ada);
        await tellRows(a, next, 4000);
        await until(() => follow(ada).next === next + 4000, { what: 'each row, or that it was missed' });
        assert.equal(ada.missed, 4000);
        await tellRows(a, next + 4000, 1);
        await until(() => follow(ada).next === next + 4001, { what: 'the row after them' });
    }, { words })));

    test('the permissions that the manual names are enough', () => withConfig(`no_auth_user: all\nauthorization { users: [ { user: all, password: x },\n` +
        `{ user: webinfer, password: y, permissions: ${permissions()} } ] }\n`, (words) => withMembers(['a', 'b'], async ([a, b], { hear }) => {
        const [one, other] = [await hear(a, 'ada', ['vector_updates']), await hear(b, 'ada', ['vector_updates'])];
        await heardFrom(a, other);
        const rows = one.rows;
        await tellRows(b, 0, 1);
        await until(() => one.rows > rows, { what: 'a row the other way' });
    }, { words, user: 'webinfer:y' })));
});
