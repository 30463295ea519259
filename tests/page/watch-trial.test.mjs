/** Whether workers stay awake for the next message: as it comes sooner, and found out at little cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchTrial } from '../../page/src/shared/watch_trial.js';

/** @returns {number} how many of so many messages it stayed awake for */
function run(trial, count, { awake, asleep }) {
    let watched = 0;
    for (let i = 0; i < count; i++) {
        const { watches } = trial;
        watched += watches ? 1 : 0;
        trial.note(watches ? awake : asleep);
    }
    return watched;
}

test('it stays awake at first, and where messages come sooner for it', () => {
    const trial = new WatchTrial();
    assert.equal(trial.watches, true);
    assert.ok(run(trial, 20_000, { awake: 0.3, asleep: 0.45 }) > 19_000);
});

test('it sleeps where messages come sooner for that, and soon does', () => {
    const trial = new WatchTrial();
    run(trial, 500, { awake: 1.4, asleep: 0.5 });
    assert.ok(run(trial, 20_000, { awake: 1.4, asleep: 0.5 }) < 1000);
});

test('it changes when the machine does, within two thousand messages', () => {
    const trial = new WatchTrial();
    run(trial, 10_000, { awake: 0.3, asleep: 0.5 });
    for (let times = 0; times < 3; times++) {
        run(trial, 2000, { awake: 1.4, asleep: 0.5 });
        assert.ok(run(trial, 500, { awake: 1.4, asleep: 0.5 }) < 150);
        run(trial, 2000, { awake: 0.3, asleep: 0.5 });
        assert.ok(run(trial, 500, { awake: 0.3, asleep: 0.5 }) > 350);
    }
});

test('one block that something else made slow changes nothing', () => {
    const trial = new WatchTrial();
    run(trial, 3000, { awake: 0.3, asleep: 0.45 });
    for (let i = 0; i < 200; i++) trial.note(trial.watches ? 5 : 0.45);
    const watched = run(trial, 10_000, { awake: 0.3, asleep: 0.45 });
    assert.ok(watched > 9000, String(watched));
});

test('blocks that take longer or shorter at random do not put it to sleep', () => {
    for (let seed = 1; seed <= 20; seed++) {
        const trial = new WatchTrial();
        let state = seed, watched = 0;
        for (let i = 0; i < 40_000; i++) {
            if (i % 20 === 0) state = (state * 48_271) % 0x7fffffff;
            const noise = 0.6 + 1.2 * (state / 0x7fffffff);
            watched += trial.watches ? 1 : 0;
            trial.note((trial.watches ? 0.3 : 0.4) * noise);
        }
        assert.ok(watched > 37_000, `seed ${seed}: ${watched} of 40,000`);
    }
});

test('where it makes no difference it stays as it was', () => {
    const trial = new WatchTrial();
    assert.ok(run(trial, 20_000, { awake: 0.4, asleep: 0.4 }) > 19_000);
});
