/** The page in Firefox: WebGPU and WASM are right there, and maps do not wait for a timer. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { check, needsCases, readCase } from './support/cases.mjs';
import { computes, keepsItsLink, takesPictures } from './support/everywhere.mjs';
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

    nodeTest('computes on wasm', (node) => computes(node, 'wasm'));
    nodeTest('computes on webgpu', (node) => computes(node, 'webgpu'));
    nodeTest('takes pictures', takesPictures);
    nodeTest('keeps its link', keepsItsLink);

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
