/** The channel between the workers: nothing lost, nothing out of order, whichever way it takes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Channel, letterboxes } from '../../page/src/shared/channel.js';

globalThis.self = { crossOriginIsolated: true };

/** A channel to a worker of its own, and what came through it. */
async function withPeer(memory, run) {
    const { port1, port2 } = new MessageChannel();
    const peer = new Worker(new URL('support/channel_peer.mjs', import.meta.url),
        { workerData: { port: port2, memory }, transferList: [port2] });
    const received = [];
    let wake = () => {};
    const channel = new Channel(port1, memory, 0, (message) => {
        received.push(message);
        wake();
    });
    const arrived = async (count) => {
        while (received.length < count) await new Promise((resolve) => { wake = resolve; });
        return received;
    };
    try {
        await once(peer, 'online');
        await run({ channel, received, arrived });
    } finally {
        channel.post({ type: 'close' });
        await once(peer, 'exit');
        channel.close();
    }
}

const frame = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) % 251).buffer;
const sizes = [0, 1, 100, 3000, 60_000, 65_536, 200_000];

for (const [name, memory] of [['with letterboxes', letterboxes()], ['with a port alone', null]]) {
    test(`messages of every size arrive whole and in order, ${name}`, () =>
        withPeer(memory, async ({ channel, arrived }) => {
            const count = 100;
            for (let i = 0; i < count; i++) {
                const message = { type: 'echo', i, text: `ü${'\u{1f600}'.repeat(i % 5)}\0"`, stay: i % 3,
                    frame: i % 4 ? frame(sizes[i % sizes.length], i) : null };
                if (i % 2) channel.ask(message, i % 5);
                else channel.post(message);
                if (i % 16 === 15) await arrived(i - 8);
            }
            const received = await arrived(count);
            received.forEach((message, i) => {
                assert.equal(message.i, i);
                assert.equal(message.text, `ü${'\u{1f600}'.repeat(i % 5)}\0"`);
                if (i % 4 === 0) assert.equal(message.frame, null);
                else assert.ok(Buffer.from(message.frame).equals(Buffer.from(frame(sizes[i % sizes.length], i))), `${i}`);
            });
        }));
}

test('who asks a lingering peer has the answer without a turn of the event loop', () =>
    withPeer(letterboxes(), async ({ channel, received, arrived }) => {
        channel.post({ type: 'echo', i: 0, stay: 60_000 });
        await arrived(1);
        channel.ask({ type: 'echo', i: 1, frame: frame(100, 1) }, 60_000);
        assert.equal(received.length, 2);
        assert.equal(received[1].frame.byteLength, 100);
    }));

test('what goes through the port wakes a lingering peer', () =>
    withPeer(letterboxes(), async ({ channel, arrived }) => {
        channel.post({ type: 'echo', i: 0, linger: 60_000 });
        channel.post({ type: 'echo', i: 1, frame: frame(200_000, 1) });
        const [first, second] = await arrived(2);
        assert.ok(first.waited < 50_000, `it lingered for ${first.waited} ms`);
        assert.deepEqual([first.i, second.i], [0, 1]);
    }));

test('where no memory is shared there are no letterboxes', () => {
    self.crossOriginIsolated = false;
    assert.equal(letterboxes(), null);
    self.crossOriginIsolated = true;
});
