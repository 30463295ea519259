// tier: full
/** The tasks with text that write none, in Node, against transformers.js' own pipelines on native onnxruntime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tolerances } from '../lib/oracle.mjs';
import { modelOf, oracle } from './support/families.mjs';
import { outcomeOf } from './support/library.mjs';

/** The same but for what is not compared and for numbers, which are near. */
function near(actual, expected, where = 'result') {
    if (typeof expected === 'number') return assert.ok(Math.abs(actual - expected) <= tolerances.fp32, `${where}: ${actual}, not ${expected}`);
    if (typeof expected !== 'object') return assert.equal(actual, expected, where);
    if (Array.isArray(expected)) assert.equal(actual?.length, expected.length, where);
    for (const [key, value] of Object.entries(expected)) near(actual?.[key], value, `${where}.${key}`);
}

const text = 'The red fox sees a small dog in the forest.';
const texts = [text, 'A dog.', 'The fox sees the old dog and the small fox in the forest.'];
const labels = ['a dog', 'a red fox', 'river'];

for (const [model, task, input, options = {}] of [
    ['bert', 'embed', { texts }], ['bert-cls', 'embed', { texts }, { pooling: 'cls' }], ['bert-external', 'embed', { texts: [text] }],
    ['bert-classes', 'text-classification', { texts }], ['bert-classes', 'text-classification', { pairs: [[text, 'a good dog'], ['a', 'b']] }],
    ['bert-pairs', 'rerank', { query: 'fox', documents: texts }], ['bert-nli', 'zero-shot-classification', { texts: [text], labels }],
    ['bert-nli', 'zero-shot-classification', { texts: [text], labels }, { multi_label: true, hypothesis_template: 'It is {}.' }],
    ['bert-tags', 'token-classification', { texts }], ['bert-mask', 'fill-mask', { texts: ['the [MASK] sees a dog', '[MASK] dog.'] }],
    ['bert-qa', 'question-answering', { question: 'who sees?', context: text }],
]) {
    test(`${task} by ${model}${Object.keys(options).length > 0 ? `, ${Object.keys(options)}` : ''}`, async () => {
        const expected = await oracle.answer(model, task, input, options);
        const { result, tensors } = await outcomeOf(await modelOf(model), task, input, options);
        if (expected.tensors) {
            const [{ shape, bytes }] = tensors;
            return near({ shape, values: [...new Float32Array(bytes.buffer)] }, expected.tensors.embeddings);
        }
        if (task === 'token-classification') for (const one of expected.result.results) one.entities.forEach((entity) => delete entity.word);
        if (task === 'question-answering') delete expected.result.answers[0].answer;
        near(result, expected.result);
    });
}
