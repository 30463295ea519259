// tier: quick
/** The one timer of the link worker, which rings as seldom as it can. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadlineTimer } from '../../page/src/link/deadline_timer.js';

/** A clock that takes whole milliseconds of a wait alone, as browsers do, and counts what it is asked for. */
function browserClock() {
    const clock = { time: 100.25, timers: new Map(), set: 0, cleared: 0 };
    return Object.assign(clock, {
        now: () => clock.time,
        setTimer: (run, ms) => {
            clock.timers.set(++clock.set, { run, at: clock.time + Math.trunc(ms) });
            return clock.set;
        },
        clearTimer: (timer) => {
            if (clock.timers.delete(timer)) clock.cleared++;
        },
        /** The next timer's time has come. */
        ring: () => {
            const [[timer, { run, at }]] = [...clock.timers].sort(([, a], [, b]) => a.at - b.at);
            clock.timers.delete(timer);
            clock.time = at;
            run();
        },
    });
}

test('a timer for a part of a millisecond rings once, and not before', () => {
    const clock = browserClock();
    const rings = [];
    const due = clock.time + 19.6;
    const timer = new DeadlineTimer(clock, () => {
        rings.push(clock.time);
        if (clock.time < due) timer.set(due);
    });
    timer.set(due);
    clock.ring();
    assert.deepEqual(rings, [120.25]);
    assert.equal(clock.timers.size, 0);
});

test('what is due later than the next ring, or never, sets no timer', () => {
    const clock = browserClock();
    const timer = new DeadlineTimer(clock, () => {});
    for (const due of [Infinity, 200, 300, 200, 250, Infinity]) timer.set(due);
    assert.deepEqual([clock.set, clock.cleared], [1, 0]);
    timer.set(150);
    assert.deepEqual([clock.set, clock.cleared, clock.timers.size], [2, 1, 1]);
});

test('what is due in a month is waited for: timers of browsers count in 31 bits', () => {
    const month = 31 * 86_400_000, waits = [];
    const timer = new DeadlineTimer({ now: () => 0, setTimer: (run, ms) => waits.push(ms), clearTimer: () => {} }, () => {});
    timer.set(month);
    assert.deepEqual(waits, [2 ** 31 - 1]);
});

test('what is due already rings at the next turn', () => {
    const clock = browserClock();
    const rings = [];
    const timer = new DeadlineTimer(clock, () => rings.push(clock.time));
    timer.set(50);
    clock.ring();
    assert.deepEqual(rings, [100.25]);
});
