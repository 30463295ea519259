// tier: quick
/** Workers of a worker that the document begins: both ends, joined as in a page. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { beginElsewhere, failedElsewhere } from '../../page/src/shared/nested.js';
import { Owner } from '../../page/src/ui/owner.js';

/** What the document began, in order. */
let begun;
class DocumentWorker {
    constructor(script, options) {
        Object.assign(this, { script, options, isEnded: false });
        begun.push(this);
    }

    postMessage(message) {
        this.started = message;
    }

    terminate() {
        this.isEnded = true;
    }
}

/** @returns the Worker of an engine worker in that browser, and the document's end */
function page(userAgent) {
    const owner = new Owner(new DocumentWorker('engine.js', {}), failedElsewhere);
    begun = [];
    const own = class {};
    const self = { Worker: own, postMessage: (message) => owner.hear(message) };
    for (const [name, value] of Object.entries({ self, navigator: { userAgent }, Worker: DocumentWorker, __NESTED_WORKER__: 'nested.js' }))
        Object.defineProperty(globalThis, name, { value, configurable: true });
    beginElsewhere();
    return { owner, own, Worker: self.Worker };
}

beforeEach(() => { begun = []; });

test('only in Firefox', () => {
    const { own, Worker } = page('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36');
    assert.equal(Worker, own);
    assert.notEqual(page('Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0').Worker, own);
    Object.defineProperty(globalThis, 'navigator', { value: undefined, configurable: true }); // as in Node 20
    beginElsewhere();
});

test('it is spoken with by its port, in both directions, and is ended by either end', async () => {
    const { owner, Worker } = page('Firefox/153.0');
    const [one, two] = ['one', 'two'].map((name) => new Worker(new URL(`http://x/${name}.js`), { type: 'module', name }));
    assert.deepEqual(begun.map(({ script, options: { type, name }, started }) => [script, type, name, started.script]),
        [['nested.js', 'module', 'one', 'http://x/one.js'], ['nested.js', 'module', 'two', 'http://x/two.js']]);
    const { port } = begun[0].started;
    port.onmessage = ({ data }) => port.postMessage([...data, 'back']);
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const answer = new Promise((resolve) => { one.onmessage = ({ data }) => resolve(data); });
    one.postMessage([shared]);
    const [same, back] = await answer;
    Atomics.store(same, 0, 7);
    assert.deepEqual([shared[0], back], [7, 'back']);
    one.terminate();
    assert.deepEqual(begun.map(({ isEnded }) => isEnded), [true, false]);
    owner.end();
    assert.deepEqual([owner.worker, ...begun].map(({ isEnded }) => isEnded), [true, true, true]);
    const late = new Worker('http://x/late.js');
    assert.equal(begun.length, 2, 'the engine worker has ended');
    for (const worker of [two, late]) worker.terminate();
    for (const { started } of begun) started.port.close();
});

test('whoever has begun it hears of what nothing in it catches, unless it was ended', () => {
    Object.defineProperty(globalThis, 'ErrorEvent', { configurable: true, value: class { constructor(type, { message }) { Object.assign(this, { type, message }); } } });
    const { Worker } = page('Firefox/153.0');
    const worker = new Worker('http://x/one.js', { name: 'one' }), heard = [];
    let prevented = 0;
    const fail = (message) => begun[0].onerror({ message, preventDefault: () => prevented++ });
    assert.throws(() => fail('too early'), { message: 'too early' }, 'nobody listens: it is the engine worker that has failed');
    worker.onerror = ({ message }) => heard.push(message);
    fail('it broke');
    fail('');
    worker.terminate();
    fail('too late');
    assert.deepEqual([heard, prevented], [['it broke', 'its script could not be loaded'], 4]);
    begun[0].started.port.close();
});
