/** On how many WASM threads a model runs: what was measured decides, and it is measured again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadTrial } from '../../page/src/engine/thread_trial.js';

/** A model that takes so long on each side, and a clock that runs as it does. */
class Machine {
    now = 0;
    ms = { all: 50, one: 50 };
    loads = 0;
    loadMs = 10;

    constructor() {
        this.trial = new ThreadTrial(() => this.now);
    }

    /** Until it has been decided. */
    settle() {
        for (let runs = 0; this.trial.home === null; runs++) {
            assert.ok(runs < 500, 'nothing is decided');
            this.run(1);
        }
    }

    /** @returns {Record<string, number>} where its runs went */
    run(count) {
        const went = { all: 0, one: 0 };
        for (let i = 0; i < count; i++) {
            const { side } = this.trial;
            went[side]++;
            this.now += this.ms[side];
            this.trial.note(this.ms[side]);
            if (this.trial.wantsBoth) {
                this.loads++;
                this.now += this.loadMs;
                this.trial.begin(this.loadMs);
            }
        }
        return went;
    }
}

test('every model begins on all threads', () => {
    const { trial } = new Machine();
    assert.equal(trial.side, 'all');
    assert.equal(trial.wantsBoth, false);
    assert.equal(trial.home, null);
});

for (const [all, one, better] of [[50, 40, 'one'], [50, 52, 'one'], [50, 60, 'all'], [600, 400, 'one'],
    [0.3, 0.5, 'one'], [0.3, 0.7, 'all'], [600, 650, 'all']]) {
    test(`${all} ms on all threads and ${one} on one: it stays on ${better}`, () => {
        const machine = new Machine();
        machine.ms = { all, one };
        machine.settle();
        assert.equal(machine.trial.home, better);
        assert.equal(machine.trial.side, better);
        assert.equal(machine.loads, 1);
    });
}

test('a first run on a side says nothing: it compiles', () => {
    const machine = new Machine();
    machine.ms = { all: 50, one: 40 };
    const { trial } = machine;
    trial.note(5000);
    machine.run(3);
    for (let i = 0; i < 40 && trial.home === null; i++) {
        const { side } = trial;
        trial.note(trial._first ? 5000 : machine.ms[side]);
    }
    assert.equal(trial.home, 'one');
});

test('a load that comes in the middle of a measurement meets both sides', () => {
    const machine = new Machine();
    machine.ms = { all: 50, one: 60 };
    machine.run(4);
    let runs = 0;
    while (machine.trial.home === null) {
        if (++runs > 2) machine.ms = { all: 200, one: 60 };
        machine.run(1);
    }
    assert.equal(machine.trial.home, 'one');
});

test('a side that something disturbed is measured once more', () => {
    const machine = new Machine();
    machine.ms = { all: 50, one: 60 };
    machine.run(4);
    const until = (side) => {
        while (machine.trial.side !== side) machine.run(1);
    };
    until('one');
    machine.ms.all = 300;
    until('all');
    until('one');
    machine.ms.all = 50;
    machine.settle();
    assert.equal(machine.trial.home, 'all');
    assert.equal(machine.loads, 1);
});

test('where nothing is ever calm, it is decided all the same, by all that was measured', () => {
    const machine = new Machine();
    machine.run(4);
    for (let blocks = 0; machine.trial.home === null; blocks++) {
        assert.ok(blocks < 100, 'nothing is decided');
        machine.ms = { all: blocks % 4 < 2 ? 200 : 40, one: 60 };
        const { side } = machine.trial;
        while (machine.trial.side === side && machine.trial.home === null) machine.run(1);
    }
    assert.equal(machine.trial.home, 'one');
});

test('a choice for a load that does not show on one thread is made anew soon after its end', () => {
    const machine = new Machine();
    machine.loadMs = 400;
    machine.ms = { all: 300, one: 250 };
    machine.settle();
    assert.equal(machine.trial.home, 'one');
    machine.ms.all = 140;
    const ended = machine.now;
    while (machine.trial.home !== 'all' && machine.now < ended + 3600e3) machine.run(1);
    assert.ok(machine.now - ended < 40e3, `after ${machine.now - ended} ms`);
});

test('a look at the other side takes a few runs, and no more where it says what was known', () => {
    const machine = new Machine();
    machine.ms = { all: 14, one: 25 };
    machine.settle();
    machine.now += 10_000;
    const { all, one } = machine.run(200);
    assert.ok(one >= 2 && one <= 5, String(one));
    assert.equal(all, 200 - one);
    assert.equal(machine.trial.home, 'all');
});

test('a load that comes when it has just been measured is noticed within seconds', () => {
    const machine = new Machine();
    machine.ms = { all: 14, one: 25 };
    machine.loadMs = 0;
    machine.settle();
    machine.now += 10_000;
    while (machine.trial.home !== null) machine.run(1);
    machine.settle();
    machine.ms.all = 43;
    const began = machine.now;
    while (machine.trial.home !== 'one') machine.run(1);
    assert.ok(machine.now - began < 3000, `after ${machine.now - began} ms`);
});

test('what one thread does in no time is never run on all again, unless it comes to take longer', () => {
    const machine = new Machine();
    machine.ms = { all: 0.1, one: 0.2 };
    machine.settle();
    machine.now += 3600e3;
    assert.deepEqual(machine.run(1000), { all: 0, one: 1000 });
    machine.ms = { all: 1, one: 2 };
    machine.run(100);
    assert.equal(machine.trial.home, 'all');
});

test('to measure costs a few hundredths of the time, however often the load changes', () => {
    const machine = new Machine();
    machine.loadMs = 400;
    machine.ms = { all: 140, one: 250 };
    machine.settle();
    let lost = 0;
    const { now: began, loads } = machine;
    while (machine.now < began + 3600e3) {
        machine.ms.all = Math.floor(machine.now / 30e3) % 2 ? 400 : 140;
        const { side, home } = machine.trial;
        machine.run(1);
        if (home === null) lost += machine.ms[side] - Math.min(machine.ms.all, machine.ms.one);
    }
    lost += (machine.loads - loads) * machine.loadMs;
    assert.ok(lost / 3600e3 < 0.05, `${lost} ms of an hour`);
    assert.ok(machine.loads - loads > 20, `measured ${machine.loads - loads} times`);
});

test('it is measured again when its runs take longer than they did, and only then', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    machine.run(60);
    assert.equal(machine.trial.home, 'all');
    machine.run(60);
    assert.equal(machine.loads, 1, 'nothing has changed');
    machine.ms.all = 90;
    machine.run(60);
    assert.equal(machine.loads, 2);
    assert.equal(machine.trial.home, 'one');
});

test('from time to time it is measured again all the same, but rarely', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    const loads = () => {
        const before = machine.loads;
        for (const until = machine.now + 3600e3; machine.now < until;) machine.run(16);
        return machine.loads - before;
    };
    const first = loads();
    assert.ok(first >= 50 && first <= 62, String(first));
    assert.ok(loads() <= first);
    machine.ms = { all: 40, one: 30 };
    loads();
    loads();
    assert.equal(machine.trial.home, 'one');
});

test('what is asked for now and then is measured as rarely, by what its runs take', () => {
    const machine = new Machine();
    machine.ms = { all: 140, one: 250 };
    machine.settle();
    let one = 0;
    for (let i = 0; i < 180; i++) {
        machine.now += 20_000;
        one += machine.run(4).one;
    }
    assert.ok(one >= 2 && one <= 20, String(one));
    assert.equal(machine.trial.home, 'all');
});

test('what takes long to load is measured rarely, whatever its runs say', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    machine.settle();
    machine.loadMs = 1e6;
    machine.now += 10_000;
    machine.run(100);
    assert.equal(machine.loads, 2); // the next not before 20 times that
    machine.ms.all = 400;
    machine.run(1000);
    assert.equal(machine.loads, 2);
});

test('what cannot be loaded on both sides stays where it is', () => {
    const machine = new Machine();
    for (let i = 0; i < 4; i++) machine.trial.note(50);
    assert.ok(machine.trial.wantsBoth);
    machine.trial.giveUp();
    machine.now = 1e9;
    machine.ms = { all: 500, one: 1 };
    assert.deepEqual(machine.run(1000), { all: 1000, one: 0 });
});

test('what may not be on both sides stays where it was, and is asked for again after a pause', () => {
    const machine = new Machine();
    const { trial } = machine;
    machine.ms = { all: 50, one: 40 };
    while (machine.loads === 0) machine.run(1);
    machine.run(1); // it is being measured
    trial.callOff();
    assert.deepEqual([trial.home, trial.side, trial.wantsBoth], ['all', 'all', false]);
    const began = machine.now;
    while (machine.loads === 1) machine.run(1);
    assert.ok(machine.now - began >= 16_000 && machine.now - began < 17_000, `${machine.now - began} ms`);
    machine.settle();
    assert.equal(trial.home, 'one');
    trial.callOff(); // nothing is measured
    assert.equal(trial.home, 'one');
});
