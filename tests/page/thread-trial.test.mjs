/** On how many WASM threads a model runs: what was measured decides, and it is measured again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadTrial } from '../../page/src/engine/thread_trial.js';

/** A model that takes so long on each side, and a clock that runs as it does. */
class Machine {
    now = 0;
    ms = { all: 50, one: 50 };
    loads = 0;

    constructor() {
        this.trial = new ThreadTrial(() => this.now);
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
                this.now += 10;
                this.trial.begin(10);
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
        machine.run(100);
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
        if (++runs > 8) machine.ms = { all: 200, one: 60 };
        machine.run(1);
    }
    assert.equal(machine.trial.home, 'one');
});

test('it is measured again when its runs take longer than they did, and only then', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    machine.run(100);
    assert.equal(machine.trial.home, 'all');
    machine.run(100);
    assert.equal(machine.loads, 1, 'nothing has changed');
    machine.now += 10000;
    machine.ms.all = 90;
    machine.run(100);
    assert.equal(machine.loads, 2);
    assert.equal(machine.trial.home, 'one');
});

test('from time to time it is measured again all the same, more and more rarely', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    const loads = () => {
        const before = machine.loads;
        for (const until = machine.now + 3600e3; machine.now < until;) machine.run(16);
        return machine.loads - before;
    };
    const first = loads();
    assert.ok(first >= 4 && first <= 8, String(first));
    assert.ok(loads() <= 3);
    machine.ms = { all: 40, one: 30 };
    loads();
    loads();
    assert.equal(machine.trial.home, 'one');
});

test('what takes long to load is measured rarely, whatever its runs say', () => {
    const machine = new Machine();
    machine.ms = { all: 40, one: 60 };
    machine.run(4);
    machine.trial.begin(1e6); // the next not before 100 times that
    machine.run(100);
    machine.ms.all = 400;
    machine.run(1000);
    assert.equal(machine.loads, 1);
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
