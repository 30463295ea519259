// tier: full
/** How often a request wakes the link worker, in a real Chromium: each time costs a core that computes. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { slow } from '../lib/onnx.mjs';
import { embedder } from './support/folders.mjs';
import { nodeTests } from './support/nodes.mjs';

const nodeTest = nodeTests();
const REQUESTS = 8, ROUNDS = 8;

/** Counts, in the link worker, messages of engine workers and to the document, and timers for less than a millisecond. */
const COUNTING = `{
    const counts = globalThis.counts = { messages: 0, shown: 0, soon: 0 };
    const tell = globalThis.postMessage;
    globalThis.postMessage = (message) => {
        counts.shown++;
        tell(message);
    };
    const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
    Object.defineProperty(MessagePort.prototype, 'onmessage', { set(run) {
        set.call(this, (event) => {
            counts.messages++;
            run(event);
        });
    } });
    const setTimer = globalThis.setTimeout;
    globalThis.setTimeout = (run, ms) => {
        if (ms < 1) counts.soon++;
        return setTimer(run, ms);
    };
}`;
const counted = {
    alter: (name, content) => (name.startsWith('link-') ? `${COUNTING}\n${content}` : content),
};

/** What is counted while so many requests are answered. */
async function countsOf(tab, request) {
    const link = tab.workers().find((worker) => worker.url().includes('/link-'));
    const look = () => link.evaluate(() => ({ ...globalThis.counts }));
    const before = await look();
    for (let i = 0; i < REQUESTS; i++) assert.equal((await request()).data.ok, true);
    const after = await look();
    return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]]));
}

/** The same of the first time when nothing else is told of: the model may be moved to more threads before, once a
 * few runs have taken long, and of a run that takes seconds it is told that it goes on. */
async function quietCountsOf(tab, request) {
    for (let round = 1; ; round++) {
        const began = performance.now();
        const counts = await countsOf(tab, request);
        if (counts.messages <= REQUESTS || round === ROUNDS) return { ...counts, seconds: (performance.now() - began) / 1000 };
    }
}

const bytesOf = (values) => new Uint8Array(values.buffer);

describe('the link worker', () => {
    nodeTest('hears once of a request for a task that is computed: its answer', async ({ service, tab }) => {
        const model = service.addFolder('vectors', embedder());
        const request = () => service.run(model, [], { task: 'embed', input: { texts: ['good', 'bad rome bad'] }, options: {} });
        for (let i = 0; i < REQUESTS; i++) await request();
        const { messages } = await quietCountsOf(tab, request);
        assert.ok(messages <= REQUESTS, `${messages} messages for ${REQUESTS} requests`);
    }, counted);

    nodeTest('sets no timer again and again for the rest of a millisecond', async ({ service, tab }) => {
        const model = service.addModel('slow', slow(64));
        let count = 1;
        const request = () => service.run(model, [
            { name: 'x', datatype: 'FP32', shape: [1, 1], bytes: bytesOf(Float32Array.of(1)) },
            { name: 'count', datatype: 'INT64', shape: [], bytes: bytesOf(BigInt64Array.of(BigInt(count))) },
        ]);
        // So long that it is reported as accepted.
        for (let ms = 0; ms < 250; count *= 2) ms = (await request()).data.performance.inference_ms;
        const { messages, soon, shown, seconds } = await quietCountsOf(tab, request);
        assert.ok(messages <= REQUESTS, `${messages} messages for ${REQUESTS} requests`);
        assert.ok(soon < REQUESTS, `${soon} such timers for ${REQUESTS} requests`);
        assert.ok(shown <= 1 + seconds, `shown ${shown} times in ${seconds} s`);
    }, counted);
});

describe('the document', () => {
    nodeTest('writes nothing anew but what was counted', async ({ service, tab }) => {
        const model = service.addFolder('vectors', embedder());
        const request = () => service.run(model, [], { task: 'embed', input: { texts: ['good'] }, options: {} });
        const counted = (count) => tab.waitForFunction((text) => document.getElementById('counts').textContent.startsWith(text), `${count} answered`);
        await request();
        await counted(1);
        await tab.evaluate(() => {
            globalThis.written = [];
            new MutationObserver((records) => globalThis.written.push(...records.map(({ target }) => target.id)))
                .observe(document.body, { childList: true, characterData: true, subtree: true });
        });
        await request();
        await counted(2);
        assert.deepEqual(await tab.evaluate(() => globalThis.written), ['counts']);
    });
});
