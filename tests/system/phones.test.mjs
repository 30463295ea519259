// tier: full
/**
 * Pages on phones, as far as phones can be had here: one that is slow answers right; one that is frozen, left or discarded in
 * mid-task costs one retry, and its node returns. WebKitGTK stands in for Safari.
 */
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before } from 'node:test';
import * as cases from '../lib/cases.mjs';
import { ControlGroup } from '../lib/control-group.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Lenders } from '../lib/lenders.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { CONNECTED, NODE, Phone } from '../lib/phone.mjs';
import * as processes from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findWebkit, launchWebkit } from '../page/support/webkit.mjs';

/** A page that has gone has so long to come back, from five seconds after it went on. Runs of a page that wakes in time:
 * tests/page/standstill.test.mjs. */
const GRACE_MS = 20_000;
const SLOWER = 6;
const PERIOD_US = 100_000;
const noCases = sharedModels ? false : 'there are no shared model cases';
const models = ['cnn_squeezenet_randw', 'vision_mnist_ms_digit7'].filter((name) => cases.names().includes(name));
const noTime = ControlGroup.missing({ cpu: {} });
const webkit = findWebkit();
if (!webkit && process.env.CI) throw new Error('there is no WebKitGTK with its driver and Xvfb: ./dev setup installs them');

/** @type {Daemon} */
let daemon;
/** @type {Lenders} */
let lenders;
let browser;
/** A page that is there all the time. @type {string} */
let other;
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ models: ['slow', ...models], config: Lenders.config(GRACE_MS) }).start({ ready: false });
    lenders = new Lenders(daemon);
    browser = await launch();
    other = await lenders.join(browser);
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

/** Nobody waits for the phone any more. */
async function alone() {
    for (const { id } of await lenders.nodes()) if (id !== other) await daemon.request(`/v1/nodes/${id}`, { method: 'DELETE' });
    await until(async () => (await lenders.nodes()).every(({ id }) => id === other), { what: 'the phone to be gone', timeout: 60_000 * patience });
}

/** A phone whose page is connected. @param {(phone: Phone, id: string) => Promise<void>} work */
async function withPhone(work) {
    const phone = await Phone.start();
    try {
        await phone.open(await lenders.link());
        await phone.waitFor(CONNECTED);
        await work(phone, await phone.evaluate(NODE));
    } finally {
        await phone.close();
        await alone();
    }
}

test('a phone that is six times slower answers right, once its person has tapped the button', { skip: noCases }, async (context) => {
    const group = noTime ? null : new ControlGroup({ cpu: { 'cpu.cfs_period_us': PERIOD_US } });
    const phone = await Phone.start({ group });
    try {
        await phone.open(await lenders.link('', {}));
        await phone.waitFor("document.documentElement.dataset.state === 'asking' && document.querySelector('#settings')?.checkVisibility()");
        assert.equal(await phone.evaluate('document.documentElement.scrollWidth > innerWidth'), false, 'it scrolls sideways');
        assert.equal(await phone.evaluate("matchMedia('(pointer: coarse)').matches"), true);
        await phone.tap('#start');
        await phone.waitFor(CONNECTED);
        const id = await phone.evaluate(NODE);
        assert.match((await lenders.named(id)).user_agent, /Android .* Mobile Safari/);
        await phone.slow(SLOWER);
        if (group) group.write('cpu', 'cpu.cfs_quota_us', Math.round(PERIOD_US * os.availableParallelism() / SLOWER));
        else context.diagnostic(`only the document is slower: ${noTime}`);
        await lenders.answersRight(id, other, models);
        const { answered, failed, task_ms_p50: median } = await lenders.named(id);
        assert.ok(answered >= models.length, `${answered} answered`);
        assert.equal(failed, 0);
        assert.ok(median > 0);
        if (group) assert.ok(group.count('cpu', 'cpu.stat', 'nr_throttled') > 0, 'it was slowed down');
    } finally {
        await phone.close();
        await group?.remove();
        await alone();
    }
});

/** How a page goes, and how it comes back. @type {Record<string, [(phone: Phone) => Promise<unknown>, (phone: Phone) => unknown]>} */
const LOSSES = {
    'is frozen for longer than it is waited for': [(phone) => phone.freeze(), (phone) => phone.wake()],
    'is left for another one': [(phone) => phone.open('about:blank'), (phone) => phone.back()],
    'is discarded': [(phone) => phone.discard(), (phone) => phone.reload()],
};
for (const [what, [goes, returns]] of Object.entries(LOSSES))
    test(`a page that ${what} in mid-task costs one retry, and its node returns`, () => withPhone((phone, id) =>
        lenders.costsOneRetry(id, other, () => goes(phone), () => returns(phone))));

async function killWebProcess() {
    const found = processes.descendants(process.pid).filter(({ command }) => command[0]?.endsWith('WebKitWebProcess'));
    assert.ok(found.length > 0, 'there is a web process');
    for (const { pid } of found) process.kill(pid, 'SIGKILL');
}

test('a page in WebKitGTK answers right, and its node returns after its web process was killed in mid-task',
    { skip: webkit ? noCases : 'there is no WebKitGTK with its driver and Xvfb' }, async () => {
        let safari = await launchWebkit(webkit);
        try {
            const url = await lenders.link(), open = async () => (await safari.openTab()).tab.goto(url);
            await open();
            const { id } = await lenders.arrived(other);
            await lenders.answersRight(id, other, models);
            await lenders.costsOneRetry(id, other, killWebProcess, async () => {
                await safari.close(); // its driver has no use for it any more
                safari = await launchWebkit(webkit);
                await open();
            });
        } finally {
            await safari.close();
            await alone();
        }
    });
