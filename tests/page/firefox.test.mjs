// tier: full
// quick: Firefox > takes pictures
/** The page in Firefox: WebGPU and WASM are right there, and maps do not wait for a timer. */
import assert from 'node:assert/strict';
import { check, needsCases, readCase } from './support/cases.mjs';
import {
    computes, embedsTexts, findsFeatures, hearsFiles, judgesSounds, keepsItsLink, keepsModels, readsExternalData, takesPictures, TWO_THREADS, writesText,
} from './support/everywhere.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { ggufBytes } from './support/gguf.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { describe } from '../lib/tier.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');
const unless = firefox ? needsCases : { skip: 'there is no Firefox' };

const PINNED = { platforms: ['webgpu'], fallback: false };
/** Its timer is of 100 ms. */
const AT_ONCE_MS = 45;
/** So often at most, until one run is not held up by what else goes on. */
const RUNS = 100;
/** Script text: the service hears of the first empty submission, which is what a nudge is. */
const TELLS_NUDGES = `{
    const { submit } = GPUQueue.prototype;
    let told = false;
    GPUQueue.prototype.submit = function (commands) {
        if (commands.length === 0 && !told) {
            told = true;
            fetch('/nudged').catch(() => {});
        }
        return submit.call(this, commands);
    };
}`;

/** The same of each adapter that is asked for, and of that it would hear. */
const TELLS_ADAPTERS = `{
    const { requestAdapter } = GPU.prototype;
    GPU.prototype.requestAdapter = function (...given) {
        fetch('/adapter').catch(() => {});
        return requestAdapter.apply(this, given);
    };
    fetch('/hears').catch(() => {});
}`;

const nodeTest = nodeTests(() => launchFirefox(firefox));

describe('Firefox', unless, () => {
    nodeTest('says what it is and what it has', async ({ service, tab }) => {
        const { browser, platforms, cross_origin_isolated: isolated } = service.capabilities;
        assert.equal(browser.name, 'firefox');
        assert.match(browser.version, /^\d+\.\d+$/);
        assert.equal(isolated, true);
        assert.equal(platforms.webgpu.available, true);
        assert.equal(platforms.wasm.available, true);
        assert.deepEqual(platforms.webnn, { available: false, reason: 'navigator.ml is missing in this browser' });
        assert.equal(await tab.evaluate('location.hash'), '');
        assert.equal(service.served.some((name) => name.includes('engine-webnn')), false);
    });

    nodeTest('finds what it can do', findsFeatures, SHARED);
    nodeTest('computes on wasm', (node) => computes(node, 'wasm'), SHARED);
    nodeTest('computes on webgpu', (node) => computes(node, 'webgpu'), SHARED);
    nodeTest('computes tasks on wasm', (node) => embedsTexts(node, 'wasm'), SHARED);
    nodeTest('computes tasks on webgpu', (node) => embedsTexts(node, 'webgpu'), SHARED);
    nodeTest('reads external data', (node) => readsExternalData(node, 'wasm'), SHARED);
    nodeTest('takes pictures', takesPictures, SHARED);
    nodeTest('hears what it decodes', hearsFiles, SHARED);
    nodeTest('judges sounds as others do', judgesSounds(['AAC']), SHARED);
    nodeTest('runs a language model, and keeps it from its GPU', async (node) => {
        await writesText(node, 'jspi64');
        const { served } = node.service;
        assert.deepEqual([served.includes('/hears'), served.includes('/adapter')], [true, false]);
    }, { welcome: TWO_THREADS, faults: TELLS_ADAPTERS, faulty: 'llama' });
    nodeTest('has the document begin the threads of its engines, and hears of one that fails', async (node) => {
        const { service } = node, failed = [];
        service.alter = (name, content) => (name.startsWith('thread-llama-') && failed.length === 0 ? 'throw new Error("no thread today");' : content);
        const model = service.addGguf('abc', { 'abc.gguf': ggufBytes({ follow: 'abcdefgh' }) });
        const { data } = await service.run(model, [], { task: 'complete', input: { prompt: 'abc' } });
        failed.push(data.error);
        assert.equal(data.error?.code, 'engine_crashed');
        assert.match(data.error.message, /no thread today/);
        assert.ok(service.served.some((name) => name.startsWith('/nested-')), `${service.served}`);
        await writesText(node, 'jspi64');
    }, { welcome: TWO_THREADS });
    nodeTest('keeps its link', keepsItsLink);
    nodeTest('fetches no file of a model again where it joined', keepsModels, { welcome: { joined: true, ...TWO_THREADS } });

    nodeTest('answers at once, since it is nudged', async ({ service }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        const heard = () => service.served.includes('/nudged'); // it comes beside the answers
        let best = Infinity;
        for (let i = 0; i < RUNS && (best > AT_ONCE_MS || !heard()); i++) {
            const answer = await service.run(model, add.inputs, PINNED);
            check(add, answer);
            best = Math.min(best, answer.data.performance.inference_ms);
        }
        assert.ok(best <= AT_ONCE_MS, `the quickest run took ${best} ms`);
        assert.ok(heard());
    }, { faults: TELLS_NUDGES });

    nodeTest('is left alone when it is asked for that', async ({ service }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        // On a busy machine this Firefox may forget a map that nobody helps along.
        const { data } = await service.run(model, add.inputs, { ...PINNED, deadline_ms: 30000 });
        assert.ok(data.ok || data.error.code === 'engine_hung', JSON.stringify(data.error));
        assert.equal(service.served.includes('/nudged'), false);
    }, { faults: TELLS_NUDGES, fragment: '&nudge=off' });
});
