/** The channel between the workers: nothing lost, nothing out of order, whichever way it takes. */
import './support/turn.mjs';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Channel } from '../../page/src/shared/channel.js';
import { KIND, Receiver, rings, Sender } from '../../page/src/shared/ring.js';
import { turn } from '../../page/src/shared/turn.js';

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
        channel.watches = true;
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
                const message = { type: 'echo', i, text: `ü${'\u{1f600}'.repeat(i % 5)}\ud800\0"`, stay: i % 3,
                    frame: i % 4 ? frame(sizes[i % sizes.length], i) : null };
                if (i % 2) channel.ask(message, i % 5);
                else channel.post(message);
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

test('who asks a lingering peer has the answer without a turn of the event loop', () =>
    withPeer(rings(), async ({ channel, received, arrived }) => {
        channel.post({ type: 'echo', i: 0, stay: 60_000 });
        await arrived(1);
        channel.ask({ type: 'echo', i: 1, frame: frame(100, 1) }, 60_000);
        assert.equal(received.length, 2);
        assert.equal(received[1].frame.byteLength, 100);
    }));

test('what goes through the port wakes a lingering peer', () =>
    withPeer(rings(), async ({ channel, arrived }) => {
        channel.ask({ type: 'echo', i: 0, linger: 60_000 }, 0);
        channel.post({ type: 'echo', i: 1, frame: frame(200_000, 1) });
        const [first, second] = await arrived(2);
        assert.ok(first.waited < 50_000, `it lingered for ${first.waited} ms`);
        assert.deepEqual([first.i, second.i], [0, 1]);
    }));

/** Puts a message into a ring. @returns {boolean} whether its receiver must be told */
function give(sender, message, kind = KIND.plain) {
    assert.ok(sender.put(message, kind), 'the ring is full');
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
    sender.wake();
    assert.equal(give(sender, { i: 0 }), true);
});

test('a ring takes messages until it is full, and again when they were taken, however often', () => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 0), new Sender(memory, 0)];
    const counts = [];
    for (let round = 0, i = 0, taken = 0; round < 20; round++) {
        const before = i;
        for (let message = sized(i); sender.put(message, KIND.plain); message = sized(++i));
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
    assert.equal(sender.put({ frame: frame(65_537, 0) }, KIND.plain), false);
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
    while (seen.length < 3) await turn();
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(give(sender, { i: 3 }), true);
    channel.close();
});

test('thousands of messages each way at once arrive in order, whoever waits for them where', () =>
    withPeer(rings(), async ({ channel, arrived, received }) => {
        const count = 20_000;
        let seed = 1;
        const chance = (one) => (seed = (seed * 16807) % 2147483647) % one === 0;
        for (let i = 0; i < count; i++) {
            const message = { type: 'echo', i, stay: chance(50) ? 1 : 0, frame: chance(20) ? frame(chance(50) ? 70_000 : 900, i) : null };
            if (chance(40)) channel.ask(message, chance(2) ? 1 : 0);
            else channel.post(message);
            if (chance(200)) await arrived(Math.max(0, i - 100));
            else if (chance(30)) await turn();
        }
        await arrived(count);
        assert.deepEqual(received.map(({ i }) => i), Array.from({ length: count }, (_, i) => i));
    }));

test('a receiver that watches takes what comes without sleeping, and sleeps after its time', (t) => {
    const memory = rings();
    const [receiver, sender] = [new Receiver(memory, 0), new Sender(memory, 0)];
    const sleeps = [];
    t.mock.method(Atomics, 'wait', (words, index, state, ms) => sleeps.push(ms));
    const { load } = Atomics;
    let looks = 0;
    t.mock.method(Atomics, 'load', (words, index) => {
        if (++looks === 100) give(sender, { i: 1 }, KIND.question);
        return load(words, index);
    });
    receiver.expect();
    receiver.wait(60_000, 60_000);
    assert.deepEqual(receiver.take(), { i: 1 });
    assert.equal(receiver.kind, KIND.question);
    assert.deepEqual(sleeps, []);
    receiver.expect();
    receiver.wait(1, 7);
    assert.equal(receiver.take(), null);
    assert.deepEqual(sleeps, [7]);
});

/** One end of a channel at which nothing is waited for: how long it would have watched is noted, and
 * what the test has put into its ring until then is taken. */
function endAt(side, t, letter) {
    const memory = rings();
    const { port1 } = new MessageChannel();
    t.after(() => port1.close());
    const sender = new Sender(memory, side);
    sender.says(true);
    const { wait } = Receiver.prototype;
    const watched = [];
    t.mock.method(Receiver.prototype, 'wait', function (watch) {
        watched.push(watch);
        letter(sender);
        wait.call(this, 0, 0);
    });
    const channel = new Channel(port1, memory, side, () => {});
    channel.watches = true;
    return { channel, sender, watched };
}

test('who asks watches for the answer where the last one was quickly made, with a core to spare', (t) => {
    let kind = KIND.prompt;
    const { channel, watched } = endAt(0, t, (sender) => give(sender, {}, kind));
    const ask = () => {
        channel.ask({}, 5);
        return watched.pop() > 0;
    };
    assert.equal(ask(), false);
    assert.equal(ask(), true);
    kind = KIND.plain;
    assert.equal(ask(), true);
    assert.equal(ask(), false);
    kind = KIND.prompt;
    ask();
    channel.watches = false;
    assert.equal(ask(), false);
});

test('nobody lingers for one that has not waited for its last answer', (t) => {
    const { channel, sender, watched } = endAt(1, t, () => {});
    channel.linger(5);
    sender.says(false);
    channel.linger(5);
    assert.equal(watched.length, 1);
});

test('who has answered at once watches for the next question while they come densely', (t) => {
    let now = 0, waits = 0.5, kind = KIND.question;
    t.mock.method(performance, 'now', () => now);
    const { channel, watched } = endAt(1, t, (sender) => {
        now += waits;
        give(sender, {}, kind);
    });
    const linger = (works) => {
        channel.linger(5);
        now += works;
        channel.post({});
        return watched.pop() > 0;
    };
    assert.equal(linger(0.05), false);
    assert.equal(linger(0.05), true);
    assert.equal(linger(2), true);
    assert.equal(linger(0.05), false, 'the last answer took its time');
    waits = 3;
    assert.equal(linger(0.05), true);
    waits = 0.5;
    assert.equal(linger(0.05), false, 'the last question was long in coming');
    assert.equal(linger(0.05), true);
    kind = KIND.plain;
    assert.equal(linger(0.05), true);
    assert.equal(linger(0.05), false, 'nobody waits for the answer');
});

test('who hears of the next question sooner where neither stays awake for it does not stay awake', (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    let waits = () => 0.5;
    const { channel, watched } = endAt(1, t, (sender) => {
        now += waits(watched.at(-1) > 0);
        give(sender, {}, KIND.question);
    });
    /** Of the last 100 of so many, those for which it stayed awake. */
    const awake = (count) => {
        watched.length = 0;
        for (let i = 0; i < count; i++) {
            channel.linger(5);
            channel.post({});
        }
        return watched.slice(-100).filter((ms) => ms > 0).length;
    };
    assert.ok(awake(1000) > 90);
    waits = (isAwake) => (isAwake ? 0.9 : 0.4);
    assert.ok(awake(5000) < 40);
    waits = (isAwake) => (isAwake ? 0.3 : 0.5);
    assert.ok(awake(5000) > 60);
});

test('where no memory is shared there are no rings', () => {
    self.crossOriginIsolated = false;
    assert.equal(rings(), null);
    self.crossOriginIsolated = true;
});
