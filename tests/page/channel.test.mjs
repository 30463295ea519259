// tier: quick
/** The channel between the workers: nothing lost, nothing out of order, whichever way it takes. */
import './support/yield.mjs';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Channel } from '../../page/src/shared/channel.js';
import { Receiver, rings, Sender } from '../../page/src/shared/ring.js';
import { yieldOnce } from '../../page/src/shared/yield.js';

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

for (const [name, memory] of [['with rings', rings()], ['with a port alone', null]]) {
    test(`messages of every size arrive whole and in order, ${name}`, () =>
        withPeer(memory, async ({ channel, arrived }) => {
            const count = 100;
            for (let i = 0; i < count; i++) {
                const message = { type: 'echo', i, text: `ü${'\u{1f600}'.repeat(i % 5)}\ud800\0"`,
                    frame: i % 4 ? frame(sizes[i % sizes.length], i) : null };
                channel.post(message);
                if (i % 16 === 15) await arrived(i - 8);
            }
            const received = await arrived(count);
            received.forEach((message, i) => {
                assert.equal(message.i, i);
                assert.equal(message.text, `ü${'\u{1f600}'.repeat(i % 5)}\ud800\0"`);
                if (i % 4 === 0) assert.equal(message.frame, null);
                else assert.ok(Buffer.from(message.frame).equals(Buffer.from(frame(sizes[i % sizes.length], i))), `${i}`);
            });
        }));
}

/** Puts a message into a ring. @returns {boolean} whether its receiver must be told */
function give(sender, message) {
    assert.ok(sender.put(message), 'the ring is full');
    return sender.rouse();
}

test('a receiver is told once of all that it will find, and again only when it has left', () => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 1), new Sender(memory, 1)];
    assert.equal(give(sender, { i: 0 }), true);
    assert.equal(give(sender, { i: 1 }), false, 'it is on its way');
    receiver.come();
    assert.deepEqual([receiver.take(), receiver.take(), receiver.take()], [{ i: 0 }, { i: 1 }, null]);
    assert.equal(give(sender, { i: 2 }), false, 'it is there');
    assert.equal(receiver.leave(), true, 'it has not seen the last one');
    assert.deepEqual(receiver.take(), { i: 2 });
    assert.equal(receiver.leave(), false);
    assert.equal(give(sender, { i: 3 }), true);
});

test('what is in the ring waits for what went through the port before it', () => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 0), new Sender(memory, 0)];
    give(sender, { i: 0 });
    sender.post();
    give(sender, { i: 1 });
    receiver.come();
    assert.deepEqual([receiver.take(), receiver.take()], [{ i: 0 }, null]);
    assert.equal(receiver.leave(), false, 'the port brings it back');
    receiver.noteReceived();
    assert.deepEqual(receiver.take(), { i: 1 });
});

test('what goes through the port promises nothing of the ring, since it may have arrived already', () => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 0), new Sender(memory, 0)];
    sender.post();
    receiver.come();
    receiver.noteReceived();
    receiver.leave();
    assert.equal(give(sender, { i: 0 }), true);
});

test('a ring takes messages until it is full, and again when they were taken, however often', () => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 0), new Sender(memory, 0)];
    const counts = [];
    for (let round = 0, i = 0, taken = 0; round < 20; round++) {
        const before = i;
        for (let message = sized(i); sender.put(message); message = sized(++i));
        counts.push(i - before);
        for (let left = round % 2 ? Infinity : 3; left > 0; left--) {
            const message = receiver.take();
            if (!message) break;
            assert.equal(message.i, taken);
            assert.ok(Buffer.from(message.frame).equals(Buffer.from(sized(taken++).frame)));
        }
        if (round % 2) assert.equal(taken, i);
    }
    assert.ok(Math.min(...counts) > 0 && Math.max(...counts) < 100, `${counts}`);
    assert.equal(sender.put({ frame: frame(65_537, 0) }), false);
});

const sized = (i) => ({ i, frame: frame(1 + (i * 7919) % 30_000, i) });

test('what throws as it receives one message receives the next one', async () => {
    const memory = rings();
    const port = { close() {} }, seen = [];
    const channel = new Channel(port, memory, 0, ({ i }) => {
        seen.push(i);
        if (i === 0) throw new Error('planted');
    });
    const sender = new Sender(memory, 0);
    for (const i of [0, 1, 2]) give(sender, { i });
    assert.throws(() => port.onmessage({ data: null }), /planted/);
    while (seen.length < 3) await yieldOnce();
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(give(sender, { i: 3 }), true);
    channel.close();
});

test('thousands of messages each way at once arrive in order', () =>
    withPeer(rings(), async ({ channel, arrived, received }) => {
        const count = 20_000;
        let seed = 1;
        const chance = (one) => (seed = (seed * 16807) % 2147483647) % one === 0;
        for (let i = 0; i < count; i++) {
            const message = { type: 'echo', i, frame: chance(20) ? frame(chance(50) ? 70_000 : 900, i) : null };
            channel.post(message);
            if (chance(200)) await arrived(Math.max(0, i - 100));
            else if (chance(30)) await yieldOnce();
        }
        await arrived(count);
        assert.deepEqual(received.map(({ i }) => i), Array.from({ length: count }, (_, i) => i));
    }));

test('where no memory is shared there are no rings', () => {
    self.crossOriginIsolated = false;
    assert.equal(rings(), null);
    self.crossOriginIsolated = true;
});
