// tier: full
/**
 * Which kinds of browsers webinfer uplink lends, with how many slots, and what it says of each. The browsers are scripted
 * nodes, in sessions that the lending daemon started with drivers of ours, or nodes that have joined it.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test as anyTest } from 'node:test';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { ada, assertEchoed, echo, headersOf, newDaemon, relaysOf, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-uplink-kinds-'));
const root = headersOf('root');
/** @type {import('../lib/daemon.mjs').Daemon} */
let borrower;
/** What a test has to undo, the last first. @type {Array<() => unknown>} */
const undo = [];
const test = (name, body) => anyTest(name, async () => {
    try {
        await body();
    } finally {
        for (const one of undo.splice(0).reverse()) await one();
    }
});

before(async () => { borrower = await newDaemon(); });
after(async () => {
    await borrower?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** A daemon that may start a chrome twice, and three browsers in all. @param {object} pool */
async function newLender(name, pool) {
    const driver = new FakeDriver(path.join(folder, name));
    const lender = await newDaemon({ config: { 'browser.chrome': { ...driver.config, max_connections: 2 },
        pool: { max_connections: 3, min_connections: 0, ...pool } } });
    undo.push(() => lender.stop());
    return { driver, lender };
}

/** A node of that kind, whose engines have two slots. */
async function join(url, kind, version) {
    const node = new FakeNode(url);
    node.capabilities = { ...capabilities, browser: { ...capabilities.browser, name: kind, version },
        engine_info: { ort: { slots: 2, queue: 1 } } };
    undo.push(() => node.close());
    return node.join();
}

function lend(lender) {
    const uplink = new Uplink(lender, borrower);
    undo.push(() => uplink.ended || uplink.stop());
    return uplink;
}

const nodesOf = async (lender) => (await lender.get('/v1/nodes', root)).json.nodes;
/** What the only relay says of its kind: the version of the browser, and the slots of all. */
const relaySays = async () => {
    const relays = (await relaysOf(borrower)).filter(({ away }) => !away);
    return relays.length === 1 && [relays[0].browser, relays[0].browser_version, relays[0].engines.ort.slots, relays[0].paused];
};
const says = (...expected) => until(async () => assert.deepEqual(await relaySays(), expected) ?? true,
    { what: `the relay to say ${expected}`, timeout: 20_000 });

test('a kind that does not run is lent, and started by a request', async () => {
    const { driver, lender } = await newLender('idle', { idle_timeout: '1s' });
    let uplink = lend(lender);
    await until(() => /has no browser to lend now; nothing is lent until one runs there\n/.test(uplink.problems), { what: 'that to be told' });
    assert.deepEqual(await relaysOf(borrower), []); // nothing is known of what a chrome can
    const first = lender.infer(echo([1], { platform: 'wasm' }), ada);
    await join(await driver.pageUrl(0), 'chrome', '1');
    assertEchoed(await first, [1]);
    await says('chrome', '156.0.0.0', 4, false); // as its driver calls the version; there may be two
    await until(async () => (await nodesOf(lender)).length === 0, { what: 'the browser to be closed', timeout: 30_000 });
    const { abilities } = (await lender.get('/v1/status', root)).json.kinds.chrome;
    assert.deepEqual([abilities.browser_version, abilities.platforms.wasm, abilities.engines.ort.slots], ['156.0.0.0', { available: true }, 2]);
    await uplink.stop();
    uplink = lend(lender);
    await says('chrome', '156.0.0.0', 4, false);
    const second = borrower.infer(echo([2], { platform: 'wasm', timeout_ms: 60_000 }), ada);
    await join(await driver.pageUrl(1), 'chrome', '1');
    const answer = await second;
    assertEchoed(answer, [2]);
    assert.equal(answer.json.executed_on.via, 'attic');
    assert.equal(uplink.problems.match(/has no browser/g), null, uplink.problems);
});

for (const [order, what] of [['own', 'the browser of the daemon comes first'], ['joined', 'the joined node comes first']])
    test(`of unlike nodes of a kind one is announced: ${what}`, async () => {
        const { driver, lender } = await newLender(order, {});
        const join1 = async (version) => join((await lender.post('/v1/admin/join', { nodes: 1 }, root)).json.url, 'chrome', version);
        const own = async () => {
            await lender.reload({ pool: { min_connections: 1 } });
            await join(await driver.pageUrl(0), 'chrome', '1');
        };
        lend(lender);
        if (order === 'joined') {
            await join1('7.0');
            await says('chrome', '7.0', 6, false); // and two that may be started
            await own();
        } else {
            await own();
            await says('chrome', '156.0.0.0', 4, false);
            await join1('7.0');
        }
        await says('chrome', '156.0.0.0', 6, false);
        for (let i = 0; i < 5; i++) await join1(`8.${i}`); // some of which come first in lists
        await says('chrome', '156.0.0.0', 16, false);
    });

test('a joined node that is announced stays so until it is gone', async () => {
    const { lender } = await newLender('alone', { max_connections: 0 });
    const url = async () => (await lender.post('/v1/admin/join', { nodes: 1 }, root)).json.url;
    const first = await join(await url(), 'chrome', '7.0');
    lend(lender);
    await says('chrome', '7.0', 2, false);
    for (let i = 1; i <= 5; i++) {
        await join(await url(), 'chrome', `8.${i}`);
        await says('chrome', '7.0', 2 + 2 * i, false);
    }
    await first.close();
    await until(async () => /^8/.test((await relaySays())?.[1]), { what: 'another one to be announced', timeout: 20_000 });
});
