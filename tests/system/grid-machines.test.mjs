// tier: full
/**
 * A Selenium Grid of several machines: the hub, two nodes with a browser each, and the daemon, in a network namespace
 * each. A node is killed whole, then the hub: no job is lost, and each gets one answer.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Door, GridMachine } from '../lib/grid-room.mjs';
import { request } from '../lib/http.mjs';
import { openRoom } from '../lib/room.mjs';
import { until } from '../lib/wait.mjs';

const [HUB, ONE, OTHER, HERE] = [1, 2, 3, 4].map((number) => `192.168.57.${number}`);
const slowly = 240_000 * patience;
/** For each thing that is waited for. */
const soon = 60_000 * patience;
/** Requests that are under way at a time. */
const AT_ONCE = 4;

/** @type {Awaited<ReturnType<typeof openRoom>>} */
let room;
/** @type {GridMachine} */
let hub;
/** @type {GridMachine[]} */
let nodes;
/** @type {Door[]} */
let doors = [];
/** @type {Daemon} */
let daemon;
/** @type {ReturnType<typeof askOn>} */
let asker;
/** The durable jobs, by the number that each is to answer. @type {Map<number, string>} */
const jobs = new Map();
const test = testsOf(() => daemon);

const hubStatus = async () => (await request(`${doors[0].url}/status`)).json.value;
const hubSessions = async () => (await hubStatus()).nodes.flatMap(({ slots }) =>
    slots.map(({ session }) => session?.sessionId).filter(Boolean));
const hubQueue = async () => (await request(`${doors[0].url}/se/grid/newsessionqueue/queue`)).json.value;
const serving = async () => (await daemon.status()).sessions.filter(({ state }) => /ready|busy/.test(state));

const body = (number) => ({ model_name: 'twice', timeout_ms: 120_000 * patience,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [number] }] });

/** Asks without a pause, and notes each answer. */
function askOn() {
    const answers = new Map();
    let number = 0, going = true;
    const ask = async () => {
        while (going) {
            const own = ++number;
            const answer = await daemon.infer(body(own));
            assert.ok(!answers.has(own));
            answers.set(own, answer.status === 200 ? answer.json.outputs[0].data[0] : answer.text);
        }
    };
    const all = Promise.all(Array.from({ length: AT_ONCE }, ask));
    return { answers,
        more: (count) => {
            const from = answers.size;
            return until(() => answers.size >= from + count, { what: `${count} more answers`, timeout: soon });
        },
        stop: async () => {
            going = false;
            await all;
            assert.equal(answers.size, number, 'one answer for each');
        } };
}

async function post(from, count) {
    for (let number = from; number < from + count; number++) {
        const answer = await daemon.post('/v1/jobs', body(number));
        assert.equal(answer.status, 202, answer.text);
        jobs.set(number, answer.json.id);
    }
}

before(async () => {
    room = await openRoom([HUB, ONE, OTHER, HERE]);
    hub = new GridMachine(room, HUB).startHub();
    nodes = [ONE, OTHER].map((address) => new GridMachine(room, address).startNode(HUB));
    doors = [await new Door().open(room, HERE, HUB, 4444)];
    await until(async () => (await hubStatus()).nodes.length === 2, { what: 'a Grid of two nodes', timeout: soon })
        .catch((error) => {
            throw new Error(`${error.message}\n${[hub, ...nodes].map(({ log }) => log).join('\n')}`);
        });
    const config = {
        api: { listen: '127.0.0.1:8470' },
        bridge: { listen: `${HERE}:8471`, public_url: `http://${HERE}:8471` },
        'browser.chrome': { driver_url: `http://${HUB}:4444`, gpu: 'software', sandbox: 'no',
            min_connections: 2, max_connections: 2 },
        pool: { max_connections: 2, connection_timeout: '60s', recycle_after: 0 },
    };
    daemon = new Daemon({ models: ['twice'], config, under: room.command(HERE) });
    await daemon.start({ ready: false });
    doors.push(await new Door().open(room, HERE, '127.0.0.1', 8470));
    daemon.url = doors[1].url;
});
after(async () => {
    await daemon?.abandon();
    for (const one of doors) await one.shut();
    for (const one of [hub, ...nodes ?? []]) await one?.abandon();
    await room?.close();
});

test('a browser serves on each node', { timeout: slowly }, async () => {
    await daemon.serving(2, soon);
    assert.equal((await hubSessions()).length, 2);
    assert.deepEqual(nodes.map((one) => one.drivers().length), [1, 1]);
    asker = askOn();
    await asker.more(50);
});

test('a node is killed whole: what ran there runs on the other', { timeout: slowly }, async () => {
    await post(1_000_000, 20);
    await nodes[0].kill();
    await asker.more(100);
    await until(async () => (await serving()).length === 1, { what: 'one session', timeout: soon });
    await daemon.logs(/waits for room: .*the Grid has no free chrome/, { timeout: soon });
    // What was asked for before the hub knew of the loss is over at some time, too.
    await until(async () => (await hubQueue()).length === 0, { what: 'nothing waits in the Grid', timeout: soon });
});

test('the hub is killed: the page goes on serving', { timeout: slowly }, async () => {
    const [before] = await serving();
    await post(2_000_000, 20);
    await hub.kill();
    await daemon.logs(new RegExp(`${before.id}: its service cannot check or end it now`), { timeout: soon });
    await daemon.logs(/breaker open after \d+ failed starts/, { timeout: soon }); // of the second, which the hub was asked for
    await asker.more(200);
    assert.deepEqual((await serving()).map(({ id }) => id), [before.id]);
});

test('the hub is back: its forgotten session is replaced, and no browser is left', { timeout: slowly }, async () => {
    const [before] = await serving();
    await post(3_000_000, 20);
    hub.startHub();
    await daemon.logs(new RegExp(`${before.id}.*its Grid's hub has forgotten it`), { timeout: soon });
    await until(async () => (await serving()).some(({ id }) => id !== before.id),
        { what: 'another session', timeout: soon });
    await asker.more(50);
    await until(async () => (await hubSessions()).length === 1 && nodes[1].drivers().length === 1,
        { what: 'one browser', timeout: soon });
    assert.doesNotMatch(daemon.log, new RegExp(`${before.id}.*its service may have kept it`));
});

test('a node that comes back is used', { timeout: slowly }, async () => {
    nodes[0].startNode(HUB);
    await daemon.serving(2, soon);
    await asker.more(50);
});

test('no job was lost, and each had one answer', { timeout: slowly }, async () => {
    await asker.stop();
    const wrong = [...asker.answers].filter(([number, answer]) => answer !== number * 2);
    assert.deepEqual(wrong, []);
    for (const [number, id] of jobs) {
        const done = await until(async () => {
            const { json } = await daemon.get(`/v1/jobs/${id}?wait=20s`);
            return json.finished_at && json;
        }, { what: `job ${number}`, timeout: soon });
        assert.equal(done.state, 'done', JSON.stringify(done));
        assert.deepEqual(done.answer.outputs[0].data, [number * 2]);
    }
    assert.equal(jobs.size, 60);
});

test('a daemon that ends leaves no browser', { timeout: slowly }, async () => {
    await daemon.stop();
    await until(async () => (await hubSessions()).length === 0, { what: 'no session', timeout: soon });
    await until(() => nodes.every((one) => one.drivers().length === 0), { what: 'no browser', timeout: soon });
});
