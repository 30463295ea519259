/** Text and tokens of a stream that goes on, which come as tensors where they are many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTask } from '../../page/src/link/attempt.js';
import { unpackAnswers, unpackContinuation, unpackInput } from '../../page/src/link/continuation.js';
import { decode, encode } from '../../page/src/link/frame.js';

const words = 'Grüße, '.repeat(40_000);
const numbers = [0, 1, 2 ** 53 - 1];
const x = { name: 'x', datatype: 'UINT8', shape: [3], bytes: Uint8Array.of(1, 2, 3) };
const text = { name: 'text', datatype: 'UINT8', shape: [1], bytes: new TextEncoder().encode(words) };
const tokens = { name: 'tokens', datatype: 'INT64', shape: [3],
    bytes: new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer) };

/** What becomes of a task with these tensors. */
function unpack(from, tensors) {
    const frame = encode({ id: 's1', type: 'task_request', from: 'service', timestamp: 0, data: {
        attempt_id: 'a', model: { name: 'builtin/count', hash: '', url: null, bytes: 0 }, platforms: ['wasm'], deadline_ms: 5,
        continue: from } }, tensors);
    const { message, section } = decode(frame);
    return unpackContinuation(message, frame, section);
}

test('text and tokens that are tensors become a string and a list, and the inputs stay', () => {
    const { data } = unpack({ seq: 7, text: { tensor: 1 }, tokens: { tensor: 2 } }, [x, text, tokens]);
    assert.deepEqual(data.continue, { seq: 7, text: words, tokens: numbers });
    assert.deepEqual(data.tensors.map(({ name }) => name), ['x']);
    assert.deepEqual(unpack({ seq: 7, tokens: { tensor: 0 } }, [tokens]).data.continue,
        { seq: 7, text: undefined, tokens: numbers });
    assert.deepEqual(unpack({ seq: 7, text: { tensor: 0 } }, [text]).data.tensors, []);
    const plain = { seq: 7, text: 'a', tokens: [1] };
    assert.deepEqual(unpack(plain, [x]).data.continue, plain);
    assert.equal(unpack(plain, [x]).data.tensors.length, 1);
});

test('what is not so is the fault of the task', () => {
    for (const [from, tensors] of [
        [{ seq: 7, text: { tensor: 0 } }, [text, x]], // not the last
        [{ seq: 7, text: { tensor: 1 }, tokens: { tensor: 0 } }, [tokens, text]],
        [{ seq: 7, text: { tensor: 2 } }, [text]],
        [{ seq: 7, text: { tensor: -1 } }, [text]],
        [{ seq: 7, text: { tensor: 0 } }, [tokens]],
        [{ seq: 7, tokens: { tensor: 0 } }, [text]],
        [{ seq: 7, text: { tensor: 0 } }, [{ ...text, bytes: Uint8Array.of(0xff) }]],
        [{ seq: 7, text: {} }, [text]],
    ]) assert.equal(checkTask(unpack(from, tensors))?.field, 'continue', JSON.stringify(from));
});

test('text and tokens are divided into those of several answers', () => {
    const told = (from) => checkTask(unpackAnswers(unpack(from, [])))?.field ?? unpackAnswers(unpack(from, [])).data.continue;
    const answers = [{ text_bytes: 3, tokens: 2 }, { text_bytes: 0, tokens: 0, ended: true, finish_reason: 'stop' }, { text_bytes: 4, tokens: 1 }];
    const from = { seq: 7, text: 'aöz€', tokens: [1, 2, 3] };
    assert.deepEqual(told({ ...from, answers }).answers, [{ text: 'aö', tokens: [1, 2], ended: false },
        { text: '', tokens: [], ended: true, finish_reason: 'stop' }, { text: 'z€', tokens: [3], ended: false }]);
    assert.deepEqual(told({ seq: 7, answers: [{ text_bytes: 0, tokens: 0, ended: true }] }).answers, [{ text: '', tokens: [], ended: true }]);
    assert.deepEqual(told(from), from);
    const [first, , last] = answers;
    for (const wrong of [[], {}, 7, [first], [first, last, last], [{ text_bytes: 2, tokens: 2 }, { text_bytes: 5, tokens: 1 }],
        [{ text_bytes: 7 }], [{ text_bytes: 7, tokens: -3 }], [first, { ...last, ended: 'stop' }], [first, { ...last, finish_reason: 1 }], [null]]) {
        assert.equal(told({ ...from, answers: wrong }), 'continue', JSON.stringify(wrong));
    }
});

test('a long input is read from the last tensor that is no continuation\'s', () => {
    const input = { messages: [{ role: 'user', content: words }] };
    const json = { name: 'input', datatype: 'UINT8', shape: [1], bytes: new TextEncoder().encode(JSON.stringify(input)) };
    const given = (place, tensors, from) => {
        const frame = encode({ id: 's1', type: 'task_request', from: 'service', timestamp: 0, data: {
            attempt_id: 'a', input: { json: { tensor: place } }, ...from && { continue: from } } }, tensors);
        const { message, section } = decode(frame);
        return unpackInput(unpackContinuation(message, frame, section), frame, section).data;
    };
    const { input: read, tensors } = given(1, [x, json]);
    assert.deepEqual([read, tensors.map(({ name }) => name)], [input, ['x']]);
    const both = given(0, [json, text, tokens], { seq: 7, text: { tensor: 1 }, tokens: { tensor: 2 } });
    assert.deepEqual([both.input, both.continue.text, both.tensors], [input, words, []]);
    for (const [place, list] of [[0, [json, x]], [2, [x, json]], [0, [tokens]], [0, [text]]])
        assert.deepEqual(given(place, list).input, { json: { tensor: place } });
});
