// tier: full
// quick: its node is WebKit, isolated, with wasm and a WebGL 2 adapter reported
// quick: vision_mnist_ms_digit7 is right on wasm
/**
 * The kind safari: WebKitGTK over WebKitWebDriver, each session on a display of its own. It
 * computes on wasm; nothing of it is left, however it ends.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { safari } from '../lib/browsers.mjs';
import * as cases from '../lib/cases.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const withCases = { skip: sharedModels ? false : 'there are no shared model cases' };
const models = ['text_embed_generated_h64_l2', 'audio_silero_vad', 'cnn_squeezenet_randw',
    'vision_mnist_ms_digit7'].filter((name) => cases.names().includes(name));
const config = { 'browser.chrome': { max_connections: 0 }, 'browser.safari': safari() };
/** X servers' locks and sockets. */
const displays = () => [...fs.readdirSync('/tmp').filter((name) => /^\.X\d+-lock$/.test(name)),
    ...(fs.existsSync('/tmp/.X11-unix') ? fs.readdirSync('/tmp/.X11-unix') : [])];

const before_ = displays();
before(async () => {
    daemon = await new Daemon({ models: ['twice', ...models], config }).start();
});
after(async () => {
    await daemon.stop();
    assert.deepEqual(displays().filter((one) => !before_.includes(one)), []);
});

test('its node is WebKit, isolated, with wasm and a WebGL 2 adapter reported', async () => {
    const [node] = (await daemon.get('/v1/nodes')).json.nodes;
    assert.equal(node.browser, 'safari');
    assert.equal(node.cross_origin_isolated, true, 'without it wasm has one thread');
    assert.equal(node.platforms.wasm.available, true);
    assert.ok(node.platforms.webgl.adapter, 'a WebGL 2 context was made');
    assert.equal(node.platforms.webgpu.available, false);
});

for (const name of models)
    test(`${name} is right on wasm`, withCases, async () => {
        const { answer, problem } = await daemon.tryCase(cases.load(name),
            { platform: 'wasm', fallback: false, browser: 'safari' });
        assert.equal(problem, null);
        assert.equal(answer.executed_on.platform, 'wasm');
        assert.equal(answer.executed_on.browser, 'safari');
    });

test('webgpu with fallback false is refused, and auto runs on wasm', async () => {
    const request = { model_name: 'twice', browser: 'safari',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
    const refused = await daemon.infer({ ...request, platform: 'webgpu', fallback: false });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.json.code, 'platform_unsupported');
    const answer = await daemon.infer(request);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.outputs[0].data, [2, 4]);
    assert.equal(answer.json.executed_on.platform, 'wasm');
});

for (const victim of ['WebKitWebDriver', 'Xvfb', 'MiniBrowser', 'WebKitWebProcess', 'webinfer-desk',
    'webinfer-lifeline'])
    test(`it comes back after its ${victim} was killed, and leaves nothing`, async () => {
        const found = daemon.processes('other').concat(daemon.processes('lifeline'))
            .filter(({ command }) => command[0].endsWith(victim));
        assert.ok(found.length, `there is a ${victim}`);
        const [old] = (await daemon.get('/v1/nodes')).json.nodes;
        for (const { pid } of found) process.kill(pid, 'SIGKILL');
        await until(async () => {
            const { nodes } = (await daemon.get('/v1/nodes')).json;
            return nodes.length === 1 && nodes[0].id !== old.id;
        }, { what: 'another node', timeout: 60_000 * patience, every: 200 });
        assert.equal(daemon.processes('other').filter(({ command }) =>
            command[0].endsWith('Xvfb')).length, 1);
        assert.ok(displays().filter((name) => !before_.includes(name)).length <= 1,
            displays().join(' '));
    });

test('a killed daemon leaves neither processes nor displays', async () => {
    const started = displays();
    const other = await new Daemon({ config }).start();
    assert.notDeepEqual(displays(), started);
    other.signal('SIGKILL');
    await other.waitEnd();
    await other.checkNothingLeft({ timeout: 5000 });
    assert.deepEqual(displays().filter((one) => !started.includes(one)), []);
    await other.abandon();
});

test('without Xvfb it says so, and what to do', async () => {
    await withDaemon({ ready: false, config, env: { PATH: '/nonexistent' } }, async (other) => {
        await until(() => other.log.includes('install the package xvfb (Debian), or set ' +
            '[browser.safari] headless = no'), { what: 'an explanation', timeout: 10_000 });
    });
});
