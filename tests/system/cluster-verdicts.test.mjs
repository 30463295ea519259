// tier: full, sanitized
/**
 * Verdicts of a cluster: that a platform of a browser of one member agrees with WASM counts at another member, whose
 * browser is the same, until that one has compared it itself. The browsers are scripted.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { NatsServer } from '../lib/nats.mjs';
import { ready, withNats } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** A browser with a GPU that doubles what it is given. */
class Doubling extends FakeNode {
    announce() {
        super.announce({ capabilities: { ...capabilities, platforms: { ...capabilities.platforms,
            webgpu: { available: true, adapter: { vendor: 'acme', architecture: '', description: '', is_fallback: false } } } } });
    }

    onTask = (/** @type {any} */ task) => {
        const [platform] = task.message.data.platforms, [x] = task.tensors;
        const y = new Float32Array(Uint8Array.from(x.bytes).buffer).map((one) => 2 * one);
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: x.shape, bytes: Buffer.from(y.buffer) }],
            data: { executed_on: { platform, engine: 'ort', precision: 'fp32', adapter: null, fallbacks: [], simulated: false } } });
    };
}

/** @param {Daemon} daemon */
const verdictsAt = async (daemon) => (await daemon.get('/v1/models/twice')).json.numerics.verdicts;

/** How the answer was checked. @param {Daemon} daemon */
async function ask(daemon) {
    const { status, json, text } = await daemon.infer({ model_name: 'twice', platform: 'webgpu', fallback: false,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3] }] });
    assert.equal(status, 200, text);
    assert.deepEqual(json.outputs[0].data, [2, 4, 6]);
    return json.executed_on.numerics;
}

describe('verdicts that members share', withNats, () => {
    test('a place that one member trusts is trusted by another that has the same browser', async () => {
        const server = await NatsServer.start(), folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-verdicts-'));
        /** @type {{daemon: Daemon, driver: FakeDriver, node?: Doubling}[]} */
        const members = ['a', 'b'].map((name) => {
            const driver = new FakeDriver(path.join(folder, name));
            return { driver, daemon: new Daemon({ models: ['twice'], config: { 'browser.chrome': driver.config,
                pool: { recheck: '0%', exploration: '0%' }, cluster: { servers: server.url, name, ack_wait: '2s' } } }) };
        });
        try {
            for (const one of members) {
                await one.daemon.start({ ready: false });
                const urls = await until(() => one.driver.pageUrls.length > 0 && one.driver.pageUrls, { what: 'a page to be opened', timeout: 60_000 })
                    .catch((error) => { throw one.daemon.explain(error); });
                one.node = new Doubling(urls.at(-1));
                await one.node.join();
                await ready(one.daemon);
            }
            const [{ daemon: a }, { daemon: b }] = members;
            assert.equal(await ask(a), 'unchecked');
            const own = await until(async () => (await verdictsAt(a)).find((/** @type {any} */ one) => one.verdict === 'trusted'), { what: 'a verdict' })
                .catch((error) => { throw a.explain(error); });
            assert.equal(own.platform, 'webgpu');
            const [told] = await until(async () => { const list = await verdictsAt(b); return list.length > 0 && list; }, { what: 'the verdict at b' })
                .catch((error) => { throw b.explain(error); });
            assert.deepEqual([told.platform, told.verdict, told.scope, told.checked_at], ['webgpu', 'trusted', 'model', own.checked_at]);
            assert.match(told.detail, /^another member of the cluster has found it/);
            await ask(b); // these inputs are compared there, too, and then it has a verdict of its own
            const list = await until(async () => { const now = await verdictsAt(b); return !now[0].detail?.startsWith('another') && now; }, { what: 'its own verdict' })
                .catch((error) => { throw b.explain(error); });
            assert.deepEqual(list.map((/** @type {any} */ one) => [one.platform, one.verdict, one.scope]), [['webgpu', 'trusted', 'model']]);
            for (const one of members) {
                await one.node?.close();
                await one.daemon.stop();
            }
        } finally {
            for (const one of members) await one.daemon.abandon();
            await server.stop();
            fs.rmSync(folder, { recursive: true, force: true });
        }
    });
});
