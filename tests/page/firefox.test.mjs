/** The page in Firefox: WebGPU and WASM are right there, and maps do not wait for a timer. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { nodeTests } from './support/nodes.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');
const unless = firefox ? needsCases : { skip: 'there is no Firefox' };

const nodeTest = nodeTests(() => launchFirefox(firefox));

describe('Firefox', unless, () => {
    nodeTest('says what it is and what it has', async ({ service, tab }) => {
        const { browser, platforms, cross_origin_isolated: isolated } = service.messages[0].data.capabilities;
        assert.equal(browser.name, 'firefox');
        assert.match(browser.version, /^\d+\.\d+$/);
        assert.equal(isolated, true);
        assert.equal(platforms.webgpu.available, true);
        assert.equal(platforms.wasm.available, true);
        assert.deepEqual(platforms.webnn, { available: false, reason: 'navigator.ml is missing in this browser' });
        assert.equal(await tab.evaluate('location.hash'), '');
        assert.equal(service.served.some((name) => name.includes('engine-webnn')), false);
    });

    for (const platform of ['wasm', 'webgpu']) {
        nodeTest(`computes on ${platform}`, async ({ service, tab }) => {
            for (const name of ['op_add', 'vision_mnist_ms_digit3', 'text_encoder_vespa_dummy', 'op_add_uint8']) {
                const found = readCase(name);
                const model = service.addModel(name, found.onnx);
                for (const warm of [false, true]) {
                    const answer = await service.run(model, found.inputs, { platforms: [platform], fallback: false });
                    check(found, answer);
                    assert.equal(answer.data.executed_on.platform, platform);
                    assert.equal(answer.data.performance.warm, warm);
                }
            }
            assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
        });
    }

    /** The quickest of some warm runs of Add on WebGPU. */
    async function quickest({ service }) {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        let best = Infinity;
        for (let i = 0; i < 10; i++) {
            const answer = await service.run(model, add.inputs, { platforms: ['webgpu'], fallback: false });
            check(add, answer);
            best = Math.min(best, answer.data.performance.inference_ms);
        }
        return best;
    }

    nodeTest('answers at once when it is nudged', async (node) => {
        assert.ok(await quickest(node) < 45);
    });

    nodeTest('waits for its timer when it is not', async (node) => {
        assert.ok(await quickest(node) > 45);
    }, { fragment: '&nudge=off' });
});
