// tier: quick
// What a page keeps of models' files, where the browser's storage does not answer: nothing waits for it.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import { PATIENCE_MS, Store } from '../../page/src/engine/store.js';
import { askHandle } from '../../page/src/shared/kept_files.js';

const FILE = { hash: 'ab'.repeat(32), bytes: 3 };
const NEVER = new Promise(() => {});
const sink = { take: () => assert.fail('nothing was read'), digest: async () => '' };

/** The storage of which `folder` is the models' folder. */
function play(folder) {
    const root = { getDirectoryHandle: async () => folder };
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { storage: { getDirectory: async () => root } } });
}

/** What comes of `work` when the storage's time is up. */
async function late(work) {
    let result = 'nothing';
    const done = work.then((value) => { result = value; });
    for (let i = 0; i < 100 && result === 'nothing'; i++) {
        await new Promise(setImmediate);
        mock.timers.tick(PATIENCE_MS);
    }
    await Promise.race([done, new Promise(setImmediate)]);
    return result;
}

test('a storage that does not answer keeps nothing, and nothing waits for it', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
        const store = new Store(1000);
        play({ getFileHandle: () => NEVER });
        assert.equal(await late(store.find(FILE, sink)), null);
        assert.equal(await late(store.begin(FILE)), null);
        const file = { size: 3, text: async () => '7 3 whole', slice: () => ({ arrayBuffer: () => NEVER }) };
        play({ getFileHandle: async () => ({ getFile: async () => file }) });
        assert.equal(await late(store.find(FILE, sink)), null);
    } finally {
        mock.timers.reset();
    }
});

test('what it gives after all is closed again, so that others may write it', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
        let give, closed = 0;
        const access = new Promise((resolve) => { give = () => resolve({ close: () => { closed++; } }); });
        play({
            async getFileHandle(name) {
                if (name !== FILE.hash) throw new Error('no note');
                return { createSyncAccessHandle: () => access };
            },
            async removeEntry() {},
            async *keys() {},
        });
        assert.equal(await late(new Store(1000).begin(FILE)), null);
        give();
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        assert.equal(closed, 1);
    } finally {
        mock.timers.reset();
    }
});

test('a handle is held while it is asked, and no longer: a browser may drop the answer of one that is not', async () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc');
    /** @type {(answer: string) => void} */
    let answer;
    const begin = () => {
        const handle = {}, going = askHandle(handle, () => new Promise((resolve) => (answer = resolve)));
        return { going, seen: new WeakRef(handle) };
    };
    const { going, seen } = begin();
    const collected = async () => {
        await new Promise(setImmediate); // a WeakRef holds until then
        collect();
        return seen.deref() === undefined;
    };
    assert.equal(await collected(), false);
    answer('an answer');
    assert.equal(await going, 'an answer');
    assert.equal(await collected(), true);
});
