// tier: quick
/** What of a task came as tensors: a long input, and the text and the tokens of a stream that goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTask } from '../../page/src/link/attempt.js';
import { unpack } from '../../page/src/link/unpack.js';
import { decode, encode } from '../../page/src/shared/frame.js';
import { builtin } from './support/models.mjs';

const words = 'Grüße, '.repeat(40_000);
const numbers = [0, 1, 2 ** 53 - 1];
const x = { name: 'x', datatype: 'UINT8', shape: [3], bytes: Uint8Array.of(1, 2, 3) };
const text = { name: 'text', datatype: 'UINT8', shape: [1], bytes: new TextEncoder().encode(words) };
const tokens = { name: 'tokens', datatype: 'INT64', shape: [3],
    bytes: new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer) };

/** What becomes of a task with these tensors. */
function told(tensors, more) {
    const frame = encode({ id: 's1', type: 'task_request', from: 'service', timestamp: 0, data: {
        attempt_id: 'a', model: builtin('count'), platforms: ['wasm'], deadline_ms: 5, ...more } }, tensors);
    const { message, section } = decode(frame);
    return unpack(message, typeof frame === 'string' ? null : frame, section);
}
const goesOn = (from, tensors) => told(tensors, { continue: from });

test('text and tokens that are tensors become a string and a list, and the inputs stay', () => {
    const { data } = goesOn({ seq: 7, text: { tensor: 1 }, tokens: { tensor: 2 } }, [x, text, tokens]);
    assert.deepEqual(data.continue, { seq: 7, text: words, tokens: numbers });
    assert.deepEqual(data.tensors.map(({ name }) => name), ['x']);
    assert.deepEqual(goesOn({ seq: 7, tokens: { tensor: 0 } }, [tokens]).data.continue,
        { seq: 7, text: undefined, tokens: numbers });
    assert.deepEqual(goesOn({ seq: 7, text: { tensor: 0 } }, [text]).data.tensors, []);
    assert.deepEqual(goesOn({ seq: 7 }, [x]).data.tensors.length, 1);
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
    ]) assert.equal(checkTask(goesOn(from, tensors))?.field, 'continue', JSON.stringify(from));
});

test('text and tokens are divided into those of several answers', () => {
    const said = (answers) => {
        const bytes = new TextEncoder().encode('aöz€'), ids = BigInt64Array.of(1n, 2n, 3n);
        const message = goesOn({ seq: 7, text: { tensor: 0 }, tokens: { tensor: 1 }, ...answers !== undefined && { answers } },
            [{ ...text, bytes }, { ...tokens, bytes: new Uint8Array(ids.buffer) }]);
        return checkTask(message)?.field ?? message.data.continue;
    };
    const answers = [{ text_bytes: 3, tokens: 2 }, { text_bytes: 0, tokens: 0, ended: true, finish_reason: 'stop' }, { text_bytes: 4, tokens: 1 }];
    assert.deepEqual(said(answers).answers, [{ text: 'aö', tokens: [1, 2], ended: false },
        { text: '', tokens: [], ended: true, finish_reason: 'stop' }, { text: 'z€', tokens: [3], ended: false }]);
    assert.deepEqual(goesOn({ seq: 7, answers: [{ text_bytes: 0, tokens: 0, ended: true }] }, []).data.continue.answers,
        [{ text: '', tokens: [], ended: true }]);
    assert.deepEqual(said(undefined), { seq: 7, text: 'aöz€', tokens: [1, 2, 3] });
    const [first, , last] = answers;
    for (const wrong of [[], {}, 7, [first], [first, last, last], [{ text_bytes: 2, tokens: 2 }, { text_bytes: 5, tokens: 1 }],
        [{ text_bytes: 7 }], [{ text_bytes: 7, tokens: -3 }], [first, { ...last, ended: 'stop' }], [first, { ...last, finish_reason: 1 }], [null]]) {
        assert.equal(said(wrong), 'continue', JSON.stringify(wrong));
    }
});

test('a long input is read from the last tensor that is no continuation\'s', () => {
    const input = { messages: [{ role: 'user', content: words }] };
    const json = { name: 'input', datatype: 'UINT8', shape: [1], bytes: new TextEncoder().encode(JSON.stringify(input)) };
    const given = (place, list, from) => told(list, { input: { tensor: place }, ...from && { continue: from } }).data;
    const { input: read, tensors: left } = given(1, [x, json]);
    assert.deepEqual([read, left.map(({ name }) => name)], [input, ['x']]);
    const both = given(0, [json, text, tokens], { seq: 7, text: { tensor: 1 }, tokens: { tensor: 2 } });
    assert.deepEqual([both.input, both.continue.text, both.tensors], [input, words, []]);
    const image = { image: { tensor: 0, media_type: 'image/png' } };
    assert.deepEqual(told([x], { input: image }).data.input, image);
    for (const [place, list] of [[0, [json, x]], [2, [x, json]], [0, [tokens]], [0, [text]]])
        assert.deepEqual(given(place, list).input, { tensor: place });
});
