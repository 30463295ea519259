// tier: quick
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapsSlowly, nudgeMaps, Nudger, workerClock } from '../../page/src/engine/nudge.js';

/** A clock that moves by hand, and a device that counts what is submitted. */
function setUp() {
    const world = { now: 1000, due: [], submitted: [] };
    const clock = { now: () => world.now, after: (ms, run) => world.due.push({ at: world.now + ms, run }) };
    world.advance = async (ms) => {
        for (const end = world.now + ms; world.now < end; world.now += 0.5) {
            const due = world.due.filter(({ at }) => at <= world.now);
            world.due = world.due.filter(({ at }) => at > world.now);
            for (const { run } of due) run();
            await null;
        }
    };
    world.nudger = new Nudger(clock);
    world.device = (lost = new Promise(() => {})) =>
        ({ lost, queue: { submit: (commands) => world.submitted.push([world.now, commands]) } });
    return world;
}

/** A map that is settled by hand. */
function pendingMap() {
    let settle;
    const map = new Promise((resolve, reject) => { settle = { resolve, reject }; });
    return { map, ...settle };
}

test('while a map is pending, something empty is submitted about every millisecond', async () => {
    const world = setUp();
    world.nudger.add(world.device());
    await world.advance(10);
    assert.equal(world.submitted.length, 0);
    const { map, resolve } = pendingMap();
    assert.equal(world.nudger.during(map), map);
    await world.advance(6);
    assert.ok(world.submitted.length >= 4, String(world.submitted.length));
    assert.deepEqual(world.submitted[0][1], []);
    resolve();
    await map;
    const before = world.submitted.length;
    await world.advance(50);
    assert.equal(world.submitted.length, before);
});

test('the longer it takes the less often, but late by a small share only; the next map is quick again', async () => {
    const world = setUp();
    world.nudger.add(world.device());
    const long = pendingMap();
    world.nudger.during(long.map);
    await world.advance(1000);
    const times = world.submitted.map(([at]) => at - 1000);
    assert.ok(times.length < 60, String(times.length));
    times.slice(1).forEach((at, i) => assert.ok(at - times[i] <= times[i] / 8 + 1.5, `${times[i]} to ${at}`));
    assert.ok(times.at(-1) - times.at(-2) <= 51);
    const before = world.submitted.length;
    world.nudger.during(pendingMap().map); // while the long one is pending still
    await world.advance(5);
    assert.ok(world.submitted.length - before >= 3);
    long.resolve();
});

test('a map that fails ends it too, and the failure is its caller\'s', async () => {
    const world = setUp();
    world.nudger.add(world.device());
    const { map, reject } = pendingMap();
    const seen = assert.rejects(world.nudger.during(map), /unmapped/);
    reject(new Error('unmapped'));
    await seen;
    await world.advance(20);
    assert.equal(world.submitted.length, 0);
});

test('a device that is lost is left alone', async () => {
    const world = setUp();
    let lose;
    world.nudger.add(world.device(new Promise((resolve) => { lose = resolve; })));
    world.nudger.during(pendingMap().map);
    lose();
    await world.advance(20);
    assert.equal(world.submitted.length, 0);
});

test('devices and maps are taken from the browser\'s own interfaces', async () => {
    const world = setUp();
    class GPUAdapter { async requestDevice(options) { return { ...world.device(), options }; } }
    class GPUBuffer { mapAsync(mode) { return new Promise((resolve) => { this.mode = mode; this.done = resolve; }); } }
    class GPUQueue { onSubmittedWorkDone() { return new Promise((resolve) => { this.done = resolve; }); } }
    Object.assign(globalThis, { GPUAdapter, GPUBuffer, GPUQueue });
    nudgeMaps(world.nudger);
    const device = await new GPUAdapter().requestDevice('some options');
    assert.equal(device.options, 'some options');
    const buffer = new GPUBuffer();
    const map = buffer.mapAsync(1);
    await world.advance(5);
    assert.ok(world.submitted.length >= 3);
    assert.equal(buffer.mode, 1);
    buffer.done('mapped');
    assert.equal(await map, 'mapped');
    const before = world.submitted.length;
    const queue = new GPUQueue();
    const work = queue.onSubmittedWorkDone();
    await world.advance(5);
    assert.ok(world.submitted.length - before >= 3);
    queue.done('done');
    assert.equal(await work, 'done');
    for (const name of ['GPUAdapter', 'GPUBuffer', 'GPUQueue']) delete globalThis[name];
});

test('maps of which most are slow wait for a timer', async () => {
    let now = 0;
    const device = (...waits) => ({ createBuffer: () => ({
        mapAsync: async () => { now += waits.shift(); }, destroy() {} }) });
    const isSlow = (...waits) => mapsSlowly(device(...waits), () => now);
    assert.equal(await isSlow(0, 0), false);
    assert.equal(await isSlow(70, 0, 0), false);
    assert.equal(await isSlow(70, 70), true);
    assert.equal(await isSlow(70, 0, 70), true); // begun shortly before the timer
});

test('the clock of a worker calls once for each time asked', async () => {
    const clock = workerClock();
    const calls = [];
    await new Promise((resolve) => clock.after(1, resolve));
    await new Promise((resolve) => clock.after(1, () => { calls.push('second'); resolve(); }));
    assert.deepEqual(calls, ['second']);
    clock.close();
});
