// tier: quick
/** What computes on another program's device and reads the results: its buffers, on a device of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GpuReader } from '../../page/src/engine/gpu_reader.js';

/** A device that copies here, and on which a map may fail. */
function deviceOf() {
    const device = { buffers: [], fails: false };
    return Object.assign(device, {
        createBuffer: ({ size, label, usage }) => {
            const buffer = { size, label, usage, bytes: new ArrayBuffer(size), isMapped: false, isDestroyed: false,
                destroy() { this.isDestroyed = true; },
                async mapAsync() {
                    if (device.fails) throw new Error('the device is lost');
                    this.isMapped = true;
                },
                getMappedRange(from, count) { return this.bytes.slice(from, from + count); },
                unmap() { this.isMapped = false; } };
            device.buffers.push(buffer);
            return buffer;
        },
        createCommandEncoder: () => ({ finish: () => 'commands' }),
        queue: { submit: (all) => assert.deepEqual(all, ['commands']), writeBuffer: ({ bytes }, at, words) => new Uint8Array(bytes).set(new Uint8Array(words.buffer), at) },
    });
}

test('buffers are used again, also after a map that failed, and go with the reader', async () => {
    const device = deviceOf(), reader = new GpuReader(device);
    const read = (value) => reader.read(8, (_, answer) => new Uint32Array(answer.bytes).fill(value));
    assert.deepEqual([...new Uint32Array(await read(7))], [7, 7]);
    device.fails = true;
    await assert.rejects(read(8), /lost/);
    device.fails = false;
    assert.deepEqual([...new Uint32Array(await read(9))], [9, 9]);
    assert.equal(device.buffers.length, 1);
    const [one, other] = [reader.taken('call', Uint32Array.of(3)), reader.take(1000)];
    assert.equal(new Uint32Array(one.bytes)[0], 3);
    reader.give([one, other]);
    assert.deepEqual([reader.taken('call', new Uint32Array()), reader.take(900)], [one, other]);
    reader.give([one, other]);
    reader.destroy();
    assert.deepEqual(device.buffers.map(({ isDestroyed, isMapped }) => [isDestroyed, isMapped]), Array(3).fill([true, false]));
});
