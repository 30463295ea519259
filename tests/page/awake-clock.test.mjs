// tier: quick
/** The link worker's clock, which stands still while the page does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwakeClock } from '../../page/src/link/awake_clock.js';

/** A clock of a page whose time is set by the test. */
function pageClock() {
    let time = 1000;
    const clock = new AwakeClock(() => time);
    /** @param {number} ms */
    const pass = (ms) => { time += ms; };
    /** @param {number} ms */
    const after = (ms) => {
        pass(ms);
        return clock.now();
    };
    return { clock, pass, after };
}

test('without a standstill it is as the clock that it looks at', () => {
    const { clock, after } = pageClock();
    assert.equal(clock.now(), 1000);
    clock.expect(2000);
    for (let time = 3000; time < 20_000; time += 2000) assert.equal(after(2000), time);
});

test('of a standstill it counts as much as there may be between two looks', () => {
    const { clock, after } = pageClock();
    clock.expect(2000);
    assert.equal(after(60_000), 3000);
    assert.equal(after(500), 3500);
    assert.equal(after(2001), 5500, 'a second one');
});

test('where nobody is expected to look, all time counts, but not that of a standstill before', () => {
    const { clock, after } = pageClock();
    assert.equal(after(60_000), 61_000);
    clock.expect(1000);
    after(5000);
    clock.expect(Infinity);
    assert.equal(after(60_000), 122_000);
    const frozen = pageClock();
    frozen.clock.expect(1000);
    frozen.pass(30_000);
    frozen.clock.expect(Infinity);
    assert.equal(frozen.clock.now(), 2000);
});
