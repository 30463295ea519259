// tier: full
/**
 * A phone with 1 GB of memory: its page gets no model that is larger than its person allows, and where the kernel ends the page
 * in mid-task, that costs one retry.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import * as cases from '../lib/cases.mjs';
import { ControlGroup } from '../lib/control-group.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Lenders } from '../lib/lenders.mjs';
import { putExternal } from '../lib/onnx.mjs';
import { CONNECTED, NODE, Phone } from '../lib/phone.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';

const GIB = 2 ** 30;
/** What the link of each page says. */
const LIMIT = `&memoryLimit=${GIB}`;
/** What there is of it for the phone. */
const MEMORY = { memory: { 'memory.swappiness': 0, 'memory.limit_in_bytes': GIB } };
const noMemory = ControlGroup.missing(MEMORY);
const models = ['cnn_squeezenet_randw'].filter((name) => cases.names().includes(name));

/** @type {Daemon} */
let daemon;
/** @type {Lenders} */
let lenders;
let browser;
/** @type {ControlGroup | null} */
let group = null;
/** @type {Phone} */
let phone;
/** The nodes of the phone, and of a page that is there all the time. */
let id = '', other = '';
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['slow', ...models], config: Lenders.config(3000) });
    putExternal(path.join(daemon.store, 'large'), 0);
    fs.truncateSync(path.join(daemon.store, 'large/w.bin'), GIB); // with the rest of the model it is more than that
    await daemon.start({ ready: false });
    lenders = new Lenders(daemon);
    browser = await launch();
    other = await lenders.join(browser, LIMIT);
    if (!noMemory) group = new ControlGroup(MEMORY);
    phone = await Phone.start({ group });
    await phone.open(await lenders.link(LIMIT));
    await phone.waitFor(CONNECTED);
    id = await phone.evaluate(NODE);
});
after(async () => {
    await phone?.close();
    await group?.remove();
    await browser?.close();
    await daemon?.stop();
});

/** What pages have asked of the bridge: how many files, and how many bytes of models it has sent. */
const fetched = async () => [await daemon.metric('webinfer_bridge_file_requests_total'),
    await daemon.metric('webinfer_cache_fetched_bytes_total', '{level="disk"}')];
const large = { model_name: 'large', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] };
/** The phone answers. */
const answers = () => lenders.without(other, async () => assert.equal((await lenders.compute(1, 5)).node, id));

test('a model that does not fit is refused before a byte of it is fetched, and one that fits answers', async () => {
    const listed = await lenders.nodes();
    assert.deepEqual(listed.map((node) => node.memory_limit), [GIB, GIB]);
    await answers(); // it has fetched what it needs to compute
    const before = await fetched();
    for (const more of [{}, { platform: 'wasm' }, { node: id }]) {
        assertProblem(await daemon.infer({ ...large, ...more }), 422, 'platform_unsupported',
            { detail: /larger than its user allows models there to be: use a smaller/ });
        assertProblem(await daemon.post('/v1/models/large/load', more), 413, 'model_too_large',
            { detail: /^large is larger than the users of the nodes allow/ });
    }
    assert.equal((await daemon.post('/v2/repository/models/large/load', {})).status, 413);
    await answers(); // what the page was told before, it knows
    assert.deepEqual(await fetched(), before);
    await lenders.answersRight(id, other, models);
    if (models.length) assert.ok((await fetched())[1] > before[1]);
});

test('a page that the kernel ends in mid-task, since it needs more than there is, costs one retry, and its node returns',
    { skip: noMemory }, async (context) => {
        const kills = () => group.count('memory', 'memory.oom_control', 'oom_kill');
        context.diagnostic(`with the models, of ${GIB}: ${group.read('memory', 'memory.usage_in_bytes').trim()}, ` +
            `${group.count('memory', 'memory.stat', 'total_rss')} without files`);
        assert.equal(kills(), 0);
        await lenders.costsOneRetry(id, other, async () => {
            phone.hog();
            await until(() => kills() > 0, { what: 'the kernel to end it', timeout: 60_000 * patience });
        }, () => phone.reload());
        ({ id } = await lenders.arrived(other));
        await lenders.answersRight(id, other, models);
    });
