/** The channel between the workers: nothing lost, nothing out of order, whichever way it takes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Channel } from '../../page/src/shared/channel.js';
import { KIND, Letterbox, letterboxes } from '../../page/src/shared/letterbox.js';

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

for (const [name, memory] of [['with letterboxes', letterboxes()], ['with a port alone', null]]) {
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
    withPeer(letterboxes(), async ({ channel, received, arrived }) => {
        channel.post({ type: 'echo', i: 0, stay: 60_000 });
        await arrived(1);
        channel.ask({ type: 'echo', i: 1, frame: frame(100, 1) }, 60_000);
        assert.equal(received.length, 2);
        assert.equal(received[1].frame.byteLength, 100);
    }));

test('what goes through the port wakes a lingering peer', () =>
    withPeer(letterboxes(), async ({ channel, arrived }) => {
        channel.ask({ type: 'echo', i: 0, linger: 60_000 }, 0);
        channel.post({ type: 'echo', i: 1, frame: frame(200_000, 1) });
        const [first, second] = await arrived(2);
        assert.ok(first.waited < 50_000, `it lingered for ${first.waited} ms`);
        assert.deepEqual([first.i, second.i], [0, 1]);
    }));

test('a receiver that watches takes what comes without sleeping, and sleeps after its time', (t) => {
    const memory = letterboxes();
    const [inbox, sender] = [new Letterbox(memory, 0), new Letterbox(memory, 0)];
    const sleeps = [];
    t.mock.method(Atomics, 'wait', (words, index, state, ms) => sleeps.push(ms));
    const { load } = Atomics;
    let looks = 0;
    t.mock.method(Atomics, 'load', (words, index) => {
        if (++looks === 100) sender.put({ i: 1 }, KIND.question);
        return load(words, index);
    });
    inbox.open(0);
    assert.deepEqual(inbox.take(60_000, 60_000), { i: 1 });
    assert.equal(inbox.kind, KIND.question);
    assert.deepEqual(sleeps, []);
    inbox.open(0);
    assert.equal(inbox.take(1, 7), null);
    assert.deepEqual(sleeps, [7]);
});

/** One end of a channel at which nothing is waited for: how long it would have watched is noted, and
 * what the test has put into its letterbox until then is taken. */
function endAt(side, t, letter) {
    const memory = letterboxes();
    const { port1 } = new MessageChannel();
    t.after(() => port1.close());
    const sender = new Letterbox(memory, side);
    sender.says(true);
    const { take } = Letterbox.prototype;
    const watched = [];
    t.mock.method(Letterbox.prototype, 'take', function (watch) {
        watched.push(watch);
        letter(sender);
        return take.call(this, 0, 0);
    });
    const channel = new Channel(port1, memory, side, () => {});
    channel.watches = true;
    return { channel, sender, watched };
}

test('who asks watches for the answer where the last one was quickly made, with a core to spare', (t) => {
    let kind = KIND.prompt;
    const { channel, watched } = endAt(0, t, (sender) => sender.put({}, kind));
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
        sender.put({}, kind);
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
        sender.put({}, KIND.question);
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

test('where no memory is shared there are no letterboxes', () => {
    self.crossOriginIsolated = false;
    assert.equal(letterboxes(), null);
    self.crossOriginIsolated = true;
});
