/** A task's way to an engine worker in few words: nothing of it is lost, and what was told of its model is not told again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ToldModels } from '../../page/src/shared/brief.js';
import { ECHO, model, setUp } from './support/dispatcher.mjs';

const plain = (more = {}) => ({
    type: 'run', attempt: 'a', load_only: false, message_id: 'p1', reply_to: 's1', from: 'n', key: 'm@h', model: model('m'),
    precision: null, outputs: [], input: null, tensors: [], frame: null, section: 0, fallbacks: [], ...more,
});
const passed = (brief) => JSON.parse(JSON.stringify(brief));

test('a task arrives as it was sent, whatever it says', () => {
    const [link, engine] = [new ToldModels(), new ToldModels()];
    const full = plain({
        load_only: true, precision: 'fp32', outputs: ['y'], input: { image: { tensor: 0 } }, section: 64,
        tensors: [{ name: 'x', datatype: 'FP32', shape: [1], offset: 0, byte_length: 4 }],
        fallbacks: [{ platform: 'webgpu', code: 'device_lost', reason: 'why' }], options: { a: 1 },
        stream: { from: null, credit: { parts: 1, bytes: 2 } }, task: 'embed', owner: 'o', alone: true, waits: true, prompt_ms: 2,
    });
    for (const run of [plain(), full, plain(), plain({ key: 'e', model: ECHO })]) {
        assert.deepEqual(engine.complete(passed(link.shorten(run))), run);
    }
});

test('a model is told once, again when anything of it is another, and after it was unloaded', () => {
    const [link, engine] = [new ToldModels(), new ToldModels()];
    const files = (url) => [{ path: 'a', url, bytes: 1, hash: 'h' }];
    const isTold = (one) => {
        const brief = link.shorten(plain({ model: one }));
        assert.deepEqual(engine.complete(passed(brief)).model, one);
        return brief.model !== undefined;
    };
    const first = { ...model('m'), files: files('/1') };
    assert.deepEqual([isTold(first), isTold({ ...first, files: files('/1') })], [true, false]);
    assert.deepEqual([isTold({ ...first, files: files('/2') }), isTold(first)], [true, true], 'other files');
    assert.deepEqual([isTold({ ...first, spec_url: '/s' }), isTold(first)], [true, true], 'one member more or less');
    assert.deepEqual([isTold({ ...first, files: {} }), isTold({ ...first, files: [] })], [true, true], 'no files, said otherwise');
    isTold(first);
    for (const end of [link, engine]) end.forget('m@h');
    assert.deepEqual([isTold(first), isTold(first)], [true, false]);
});

test('both ends remember as many models, those that every node has among them', () => {
    const [link, engine] = [new ToldModels(), new ToldModels()];
    const pass = (name) => engine.complete(passed(link.shorten(plain({ key: `${name}@h`, model: model(name) })))).model.name;
    for (let i = 0; i < 1000; i++) assert.equal(pass(`m${i % 300}`), `m${i % 300}`);
    const echo = plain({ key: 'e', model: ECHO });
    assert.deepEqual([link.shorten(echo).model, link.shorten(echo).model], [ECHO, undefined]);
});

const entry = (name, offset = 0) => ({ name, datatype: 'FP32', shape: [1], offset, byte_length: 4 });

test('tensors and where they lie are told where they are not those of the task before', () => {
    const [link, engine] = [new ToldModels(), new ToldModels()];
    const told = (more) => {
        const run = plain({ from: 'n1', section: 8, tensors: [entry('x')], ...more });
        const brief = passed(link.shorten(run));
        assert.deepEqual(engine.complete({ ...brief }), run);
        return ['model', 'from', 'section', 'tensors'].filter((name) => name in brief);
    };
    assert.deepEqual([told(), told()], [['model', 'from', 'section', 'tensors'], []]);
    assert.deepEqual([told({ section: 16 }), told({ section: 16 }), told()], [['section'], [], ['section']]);
    assert.deepEqual([told({ tensors: [entry('y')] }), told({ tensors: [entry('x'), entry('z', 8)] })], [['tensors'], ['tensors']]);
    assert.deepEqual([told({ tensors: [] }), told({ tensors: [] }), told()], [['tensors'], [], ['tensors']]);
    assert.deepEqual([told({ from: 'n2' }), told({ from: 'n2' })], [['from'], []]);
    assert.deepEqual([told({ key: 'other@h' }), told({ from: 'n2' })], [['model', 'from', 'section', 'tensors'], []]);
    const many = { tensors: Array.from({ length: 17 }, (_, i) => entry(`t${i}`, 8 * i)) };
    for (let i = 0; i < 2; i++) assert.deepEqual(told({ key: 'many@h', ...many }).slice(-1), ['tensors']);
});

test('a worker is told of a model with its first task, after that was unloaded or evicted, and after another worker', () => {
    const { world, dispatcher } = setUp();
    dispatcher.configure({ credential: '', threads: 1, max_frame: 1000 }, 15);
    const told = (id, name = 'm') => {
        world.request(id, { model: model(name) });
        const { model: said } = world.ports.wasm.posted.filter(({ attempt }) => attempt === id).at(-1);
        if (said) world.tell('wasm', { type: 'model', key: `${name}@h`, state: 'loaded', load_ms: 1, memory: 10 });
        world.answer('wasm', id);
        return said !== undefined;
    };
    assert.deepEqual([told('a'), told('b')], [true, false]);
    dispatcher.unload('m');
    assert.deepEqual([told('c'), told('d')], [true, false]);
    assert.deepEqual([told('e', 'other'), told('f'), told('g')], [true, true, false], 'there is room for one of them');
    world.attach('wasm');
    assert.deepEqual([told('h'), told('i')], [true, false]);
});
