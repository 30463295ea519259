// tier: full
/** What shares an engine worker by turns: who is next, what counts as whose time, and what is lost with whom. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { engineOf, library, loaded, modelOf, runOf, taskOf, turns as shared } from './support/library.mjs';
import { EngineFault } from '../../page/src/engine/engine.js';
import { Gate } from '../../page/src/engine/gate.js';
import { Run } from '../../page/src/engine/run.js';
import { Turns } from '../../page/src/engine/turns.js';
import { makeFamilies } from '../lib/families.mjs';

/** Work that ends when it is told to. */
function held() {
    let end;
    const done = new Promise((resolve) => { end = resolve; });
    return { work: () => done, end };
}
const turnsOf = (turns, log) => (owner, name, signal) => turns.take(owner, async () => { log.push(name); }, signal);

test('turns go round; who has had none is next, but not twice in a row', async () => {
    const turns = new Turns(), log = [], take = turnsOf(turns, log);
    const [a, b] = [{}, {}];
    await take(a, 'a');
    await take(b, 'b');
    const first = held();
    const all = [turns.take(a, first.work), take(b, 'b'), take(a, 'a'), take({}, 'new 1'), take({}, 'new 2'), take(null, 'nobody'), take(b, 'b')];
    assert.deepEqual([turns.isFree, turns.isOf(a), turns.isOf(b)], [false, true, false]);
    first.end();
    await Promise.all(all);
    assert.deepEqual(log.slice(2), ['new 1', 'b', 'new 2', 'a', 'nobody', 'b']);
    assert.equal(turns.isFree, true);
});

test('a turn ends with what it throws; who is cancelled waits for none', async () => {
    const turns = new Turns(), log = [], take = turnsOf(turns, log);
    await assert.rejects(turns.take({}, async () => { throw new TypeError('x'); }), TypeError);
    await assert.rejects(turns.take({}, () => { throw new TypeError('at once'); }), TypeError);
    const first = held(), stop = new AbortController(), stopped = AbortSignal.abort();
    const all = [turns.take({}, first.work), assert.rejects(take({}, 'cancelled', stop.signal), { code: 'cancelled' }), take({}, 'after')];
    await assert.rejects(take({}, 'late', stopped), { code: 'cancelled' });
    stop.abort();
    first.end();
    await Promise.all(all);
    assert.deepEqual(log, ['after']);
});

test('a cancelled run says so to who asks for its signal before or after, and takes no turn behind others', async () => {
    const turns = new Turns(), first = held();
    const [asked, unasked] = ['a', 'b'].map((attempt) => new Run({ attempt }, () => {}, turns));
    const { signal } = asked;
    const all = [turns.take({}, first.work), assert.rejects(asked.take(async () => {}), { code: 'cancelled' })];
    for (const run of [asked, unasked]) run.cancel();
    assert.deepEqual([signal.aborted, asked.signal.aborted, unasked.signal.aborted], [true, true, true]);
    await assert.rejects(unasked.take(async () => {}), { code: 'cancelled' });
    await assert.rejects(unasked.end(), { code: 'cancelled' });
    first.end();
    await Promise.all(all);
});

test("a run's own time stands still in the turns of others, and while its client takes nothing", async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const turns = new Turns();
    const streamed = { attempt: 'a', message_id: 'm', from: 'n', stream: { from: null, credit: { parts: 1, bytes: 1e6 } } };
    const messages = [];
    const [run, other] = [streamed, { attempt: 'b' }].map((task) => new Run(task, (message) => messages.push(message), turns));
    const spend = (ms) => async () => { now += ms; };
    const took = async (what) => {
        const began = run.ownMs;
        await what();
        return run.ownMs - began;
    };
    assert.equal(await took(spend(3)), 3);
    assert.equal(await took(() => run.take(spend(5))), 5);
    assert.equal(await took(() => other.take(spend(7))), 0);
    assert.equal(await took(() => turns.take(null, spend(11))), 11, 'what is nobody else\'s');
    const theirs = held();
    const ends = other.take(theirs.work);
    now += 13;
    assert.equal(await took(spend(17)), 0, 'a turn that goes on');
    theirs.end();
    await ends;

    run.emit({ text: 'x' });
    const waits = took(() => run.step());
    await new Promise(setImmediate);
    await other.take(spend(19));
    now += 23;
    run.grant({ parts: 2, bytes: 1e6 });
    assert.equal(await waits, 0);
    assert.equal(run.waitedMs, 19 + 23, 'the client is told all of it');
    await run.take(spend(29));
    await other.take(spend(31));
    run.emit({ text: 'y' });
    run.grant({ parts: 9, bytes: 1e6 });
    await run.step();
    run.emit({ text: 'z' });
    assert.equal(messages.findLast(({ type }) => type === 'parts').step_ms, 29, 'a step is its own time');
});

test('who cannot be stopped says that it waits, and that it goes on', async () => {
    const turns = new Turns(), said = [];
    const run = new Run({ attempt: 'a' }, (message) => said.push(message), turns);
    run.tellsWaiting = true;
    await run.take(async () => {});
    assert.deepEqual(said, []);
    const first = held();
    const all = [turns.take({}, first.work), run.take(async () => { said.push('computes'); })];
    assert.deepEqual(said, [{ type: 'turn', attempt: 'a', waits: true }]);
    first.end();
    await Promise.all(all);
    assert.deepEqual(said.slice(1), [{ type: 'turn', attempt: 'a', waits: false }, 'computes']);

    // Who is taken to wait says when it does no longer, and nothing else.
    const begun = { type: 'turn', attempt: 'b', waits: false };
    for (const before of [async () => {}, () => new Promise(setImmediate)]) {
        const told = [], late = new Run({ attempt: 'b', waits: true }, (message) => told.push(message), turns);
        late.tellsWaiting = true;
        await Promise.all([turns.take({}, before), late.take(async () => { told.push('computes'); })]);
        await late.take(async () => {});
        assert.deepEqual(told, [begun, 'computes']);
    }
});

test('who is alone waits for all before, and all after wait for it', async () => {
    const gate = new Gate(), inside = [], never = new AbortController().signal;
    const enter = (name, isAlone, signal = never) => gate.enter(isAlone, signal).then(() => inside.push(name));
    const settled = () => new Promise(setImmediate);
    const stop = new AbortController();
    enter('a', false);
    enter('b', false);
    enter('alone', true);
    const cancelled = assert.rejects(enter('cancelled', true, stop.signal), { code: 'cancelled' });
    enter('c', false);
    await settled();
    assert.deepEqual(inside, ['a', 'b']);
    gate.leave();
    await settled();
    assert.deepEqual(inside, ['a', 'b']);
    gate.leave();
    await settled();
    assert.deepEqual(inside, ['a', 'b', 'alone']);
    stop.abort();
    await cancelled;
    gate.leave();
    await settled();
    assert.deepEqual(inside, ['a', 'b', 'alone', 'c']);
});

// --- generations -----------------------------------------------------------------------------------

const files = path.join(makeFamilies(), 'gpt2');
const gpt2 = await loaded(files);
const TEXT = 'The fox sees the dog in the forest';
const TOKENS = 40;
const asked = (attempt, options = {}, more = {}) => ({
    ...taskOf('complete', { prompt: TEXT }, { max_tokens: TOKENS, temperature: 0, ...options }), attempt,
    stream: { from: null, credit: { parts: 1e6, bytes: 1e9 } }, ...more,
});

/** Runs tasks beside each other in one engine; `order` has whose part came when. */
async function beside(tasks, onPart = () => {}) {
    const engine = engineOf(gpt2), order = [];
    const runs = tasks.map((task) => {
        const run = runOf(task), { emit } = run;
        run.emit = (part) => {
            emit.call(run, part);
            order.push(task.attempt);
            onPart(order, runs);
        };
        return run;
    });
    const ends = await Promise.allSettled(tasks.map(async (task, index) => {
        const outcome = await engine.run(task, runs[index]);
        await runs[index].end();
        return outcome;
    }));
    return { order, ends, runs, engine, tokens: runs.map(({ posted }) => posted.filter(({ type }) => type === 'parts')
        .flatMap(({ parts }) => parts.flatMap(({ json }) => JSON.parse(json).data.tokens ?? []))) };
}
/** The longest stretch of one attempt's parts while all went on. */
function longestStretch(order, attempts) {
    const until = Math.min(...attempts.map((attempt) => order.lastIndexOf(attempt)));
    const from = Math.max(...attempts.map((attempt) => order.indexOf(attempt)));
    let longest = 0, length = 0;
    for (let i = from; i <= until; i++) longest = Math.max(longest, length = order[i] === order[i - 1] ? length + 1 : 1);
    return longest;
}

test('generations go on by turns, and each is what it is alone', async () => {
    const other = { prompt: 'a dog' };
    const tasks = [asked('a'), asked('b', { temperature: 1, seed: 3 }), asked('c', {}, { input: other })];
    const alone = [];
    for (const task of tasks) alone.push((await beside([task])).tokens[0]);
    const { order, tokens, ends, engine } = await beside(tasks);
    assert.deepEqual(tokens, alone);
    assert.ok(longestStretch(order, ['a', 'b', 'c']) <= 2, order.join(''));
    for (const { value: { result: { usage, timings } } } of ends) {
        assert.equal(usage.completion_tokens, TOKENS);
        assert.ok(timings.predicted_ms > 0 && timings.prompt_ms > 0);
    }
    // What they keep is told, and counts as the engine's memory.
    assert.ok(engine.memory() > 0);
    assert.equal(engine.memory(), gpt2.caches.bytes);
});

test('a short task and another model wait for about one step, not for the answer', async () => {
    let made, arrived;
    const short = { ...taskOf('tokenize', { text: TEXT }), attempt: 'short' };
    const other = new Run({ attempt: 'onnx' }, () => {}, shared);
    const seen = {};
    let ends;
    const { order } = await beside([asked('a')], (parts, [run]) => {
        made = parts.length;
        if (made !== 10 || arrived) return;
        arrived = made;
        ends = Promise.all([
            other.take(async () => { seen.onnx = made; }),
            engineOf(gpt2).run(short, runOf(short)).then(() => { seen.short = made; }),
        ]);
        assert.equal(run.signal.aborted, false);
    });
    await ends;
    assert.equal(order.length >= TOKENS, true);
    assert.ok(seen.onnx - arrived <= 2 && seen.short - arrived <= 2, JSON.stringify({ arrived, ...seen }));
});

test('one that is cancelled, or waits for its client, holds nobody up', async () => {
    const stopped = asked('b'), slow = asked('c', {}, { stream: { from: null, credit: { parts: 3, bytes: 1e9 } } });
    const { ends: [a, b, c], tokens } = await beside([asked('a'), stopped, slow], (order, [, second, third]) => {
        const count = (name) => order.filter((one) => one === name).length;
        if (count('b') === 5) second.cancel();
        if (order.at(-1) === 'a' && count('a') === TOKENS) third.grant({ parts: 1e6, bytes: 1e9 });
    });
    assert.deepEqual([a.status, b.status, b.reason.code, c.status], ['fulfilled', 'rejected', 'cancelled', 'fulfilled']);
    assert.deepEqual(tokens[2], tokens[0]);
    assert.ok(tokens[1].length <= 6, `${tokens[1].length}`);
});

test('deterministic answers are computed alone', async () => {
    const { order, tokens } = await beside([asked('a'), asked('b', { deterministic: true }), asked('c')]);
    assert.equal(order.join(''), order.filter((one) => one === 'a').join('') + order.filter((one) => one === 'b').join('') + order.filter((one) => one === 'c').join(''));
    assert.deepEqual(tokens[1], tokens[0]);
});

test('what a session throws fails its run alone; an owner\'s cache is nobody else\'s while it is used', async () => {
    const { handler } = gpt2.model.sessions.model;
    const run = handler.run.bind(handler);
    let runs = 0;
    handler.run = async (...feeds) => {
        if (++runs === 12) throw new Error('the graph broke');
        return run(...feeds);
    };
    try {
        const { ends } = await beside([asked('a', {}, { owner: 'o' }), asked('b', {}, { owner: 'o' })]);
        const broken = ends.filter(({ status }) => status === 'rejected');
        assert.equal(broken.length, 1);
        assert.ok(broken[0].reason instanceof EngineFault);
        assert.equal(shared.isFree, true);
    } finally {
        handler.run = run;
    }
    const kept = gpt2.caches.sizes.count;
    const more = { owner: 'o', input: { prompt: `${TEXT} again` } };
    const both = await beside([asked('a', {}, more), asked('b', {}, more)]);
    assert.deepEqual(both.tokens[0], both.tokens[1]);
    assert.deepEqual(both.tokens[0], (await beside([asked('a', { deterministic: true }, more)])).tokens[0]);
    assert.ok(gpt2.caches.sizes.count >= kept);
});

test('a model that several wait for is loaded once, and one after the other', async () => {
    const { PipelineEngine } = await import('../../page/src/pipeline/engine.js');
    const { Store } = await import('../../page/src/engine/store.js');
    const { filesIn } = await import('./support/library.mjs');
    const content = filesIn(files);
    const fetched = [];
    const native = globalThis.fetch;
    globalThis.fetch = async (address) => {
        fetched.push(String(address));
        return new Response(content[String(address).split('/models/model/')[1]]);
    };
    globalThis.self = { location: { origin: 'http://x', href: 'http://x/' } };
    try {
        const engine = new PipelineEngine({ start: async () => {}, memory: () => 0, credential: 'c', store: new Store(), platform: 'wasm', provider: 'wasm', threads: 1 }, library, '0');
        const stop = new AbortController(), never = new AbortController().signal;
        const model = modelOf(content);
        const take = (work) => work();
        const load = (key, signal = never) => engine.load({ key, model }, () => {}, signal, take);
        const all = [load('m@1', stop.signal), load('m@1'), load('other@1')];
        stop.abort();
        const [first, ...rest] = await Promise.allSettled(all);
        assert.equal(first.reason.code, 'cancelled');
        assert.deepEqual(rest.map(({ status }) => status), ['fulfilled', 'fulfilled']);
        assert.ok(engine.has('m@1') && engine.has('other@1'));
        const graphs = fetched.filter((address) => address.endsWith('.onnx'));
        assert.equal(graphs.length, 2, graphs.join());
        for (const key of ['m@1', 'other@1']) await engine.unload(key);
        assert.equal(engine.loadedCount, 0);
    } finally {
        globalThis.fetch = native;
    }
});
