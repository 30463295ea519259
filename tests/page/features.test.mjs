// tier: quick
/** How features are tried: which is next and when, and what becomes of one that gives no answer. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { limitOf, LONGEST_MS } from '../../page/src/features/finding.js';
import { MODELS } from '../../page/src/features/models.js';
import { find } from '../../page/src/features/serve.js';
import { FEATURES } from '../../page/src/features/table.js';
import { Features as Asked, PATIENCE_MS } from '../../page/src/link/features.js';
import { Features as Tried } from '../../page/src/ui/features.js';
import { modelsOfFewerBits } from '../lib/fewer-bits.mjs';

const YES = { state: 'yes', detail: '' };

test('the graphs of fewer bits are what the tests write', () => {
    const written = modelsOfFewerBits();
    assert.deepEqual(Object.keys(MODELS).sort(), Object.keys(written).sort());
    for (const [form, { bytes }] of Object.entries(MODELS)) assert.equal(bytes, written[form].toString('base64'), form);
});

test('each has a name of its own, and all together less time than the service waits', () => {
    assert.equal(new Set(FEATURES.map(({ name }) => name)).size, FEATURES.length);
    assert.ok(FEATURES.every(({ place }) => limitOf(place) < LONGEST_MS));
    assert.ok(FEATURES.reduce((sum, { place }) => sum + limitOf(place), PATIENCE_MS) < 15 * 60_000);
});

test('what throws is no feature, with the reason', async () => {
    assert.equal((await find('nonsense', { canvas: () => null })).state, 'no');
    assert.match((await find('webgl2_document', { canvas: () => { throw new Error('no canvas'); } })).detail, /^no canvas$/);
    const { detail } = await find('webgl2_document', { canvas: () => { throw new Error('x'.repeat(1000)); } });
    assert.equal(detail.length, 160);
});

// --- the link worker's side ---------------------------------------------------------------------------

/** A host that notes what it is asked for, with timers that ring when they are told to. */
function asked() {
    const host = { idle: true, tried: [], told: [], ended: 0, timers: [] };
    const ring = () => host.timers.shift().run();
    const features = new Asked({
        isIdle: () => host.idle, find: (name) => host.tried.push(name), end: () => { host.ended++; },
        setTimer: (run, ms) => {
            const timer = { run, ms };
            host.timers.push(timer);
            return timer;
        },
        clearTimer: (timer) => { host.timers = host.timers.filter((one) => one !== timer); },
        tell: (replyTo, found) => host.told.push([replyTo, found]),
    });
    return { host, features, ring };
}

test('one is tried after the other, and all are told at the end', () => {
    const { host, features } = asked();
    features.ask('s-1', ['a', 'b', 'a', 7, null]);
    assert.deepEqual(host.tried, ['a']);
    features.found('b', YES); // not its turn
    features.found('a', YES);
    assert.deepEqual([host.tried, host.told], [['a', 'b'], []]);
    features.found('b', { state: 'no', detail: 'why' });
    assert.deepEqual(host.told, [['s-1', { a: YES, b: { state: 'no', detail: 'why' } }]]);
    assert.deepEqual([host.ended, host.timers], [1, []]);
});

test('a question that names nothing is answered at once', () => {
    const { host, features } = asked();
    for (const names of [[], 'all', 7, { a: 1 }]) features.ask('s-1', names);
    assert.deepEqual(host.told, Array(4).fill(['s-1', {}]));
    features.ask('s-2', Array.from({ length: 1000 }, (_, i) => `f${i}`));
    for (let i = 0; i < 1000; i++) features.found(`f${i}`, YES);
    assert.equal(Object.keys(host.told[4][1]).length, 64);
});

test('it waits until nothing else runs, but not for ever', () => {
    const { host, features, ring } = asked();
    host.idle = false;
    features.ask('s-1', ['a', 'b']);
    ring();
    assert.deepEqual(host.tried, []);
    host.idle = true;
    ring();
    assert.deepEqual(host.tried, ['a']);
    host.idle = false;
    features.found('a', YES);
    let waits = 0;
    for (; host.tried.length === 1; waits++) ring();
    assert.ok(waits <= PATIENCE_MS / 100, `${waits} times`);
    features.found('b', YES);
    assert.equal(host.told.length, 1);
});

test('a document that hangs costs the feature alone', () => {
    const { host, features, ring } = asked();
    features.ask('s-1', ['a', 'b']);
    assert.equal(host.timers[0].ms, LONGEST_MS);
    ring();
    features.found('a', YES); // too late
    features.found('b', YES);
    assert.equal(host.told[0][1].a.state, 'no');
    assert.deepEqual(host.told[0][1].b, YES);
});

test('a question that comes meanwhile takes the place of the one before', () => {
    const { host, features } = asked();
    features.ask('s-1', ['a', 'b']);
    features.ask('s-2', ['a']);
    features.found('a', YES);
    assert.deepEqual(host.told, [['s-2', { a: YES }]]);
    assert.deepEqual(host.timers, []);
});

// --- the document's side ------------------------------------------------------------------------------

test('one that gives no answer in time costs its worker, and the next has another', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const workers = [], told = [];
    globalThis.Worker = /** @type {any} */ (function (script) {
        const worker = { script, told: [], ended: false, postMessage: (name) => worker.told.push(name), terminate: () => { worker.ended = true; } };
        workers.push(worker);
        return worker;
    });
    t.after(() => { delete globalThis.Worker; });
    const features = new Tried({ worker: 'w.js', wasm: 'wasm.js' }, (name, found) => told.push([name, found.state]), () => {});
    features.find('wasm_simd');
    workers[0].onmessage({ data: { type: 'found', name: 'wasm_simd', found: YES } });
    features.find('wasm_threads');
    assert.equal(workers.length, 1);
    t.mock.timers.tick(limitOf('worker'));
    assert.deepEqual([told, workers[0].ended], [[['wasm_simd', 'yes'], ['wasm_threads', 'no']], true]);
    workers[0].onmessage({ data: { type: 'found', name: 'wasm_threads', found: YES } }); // too late
    features.find('int8_wasm');
    assert.deepEqual([workers[1].script, workers[1].told], ['wasm.js', ['int8_wasm']]);
    workers[1].onerror({ preventDefault() {}, message: 'no such script' });
    features.find('nonsense');
    assert.deepEqual(told.slice(2), [['int8_wasm', 'no'], ['nonsense', 'no']]);
    features.end();
    assert.ok(workers.every(({ ended }) => ended));
});
