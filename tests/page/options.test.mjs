/** What requests may ask of tasks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions } from '../../page/src/engine/options.js';

test('options are checked by rules, and unknown ones refused by name', () => {
    const rules = {
        top: { least: 1, most: 10, whole: true }, truncate: 'flag', pooling: { among: ['mean', 'cls'] }, template: { text: 5 },
        labels: { texts: 2, length: 3 }, grammar: 'text', bias: 'biases',
    };
    const all = { top: 3, truncate: false, pooling: 'cls', template: 'x {}', labels: ['a', 'b'], grammar: '', bias: { 3: -100 } };
    assert.deepEqual(checkOptions('t', rules, { ...all, none: null }), all);
    for (const [name, value, expected] of [
        ['top', 1.5, 'a whole number from 1 to 10'], ['top', '3', 'a whole number from 1 to 10'], ['truncate', 1, 'true or false'],
        ['pooling', 'max', 'one of mean, cls'], ['template', '', 'a text of 1 to 5 characters'],
        ['labels', ['a', 'b', 'c'], 'at most 2 texts of 1 to 3 characters'], ['grammar', 1, 'a text'], ['bias', { x: 1 }, 'at most 1024 token ids, each with a number from -100 to 100'],
        ['other', 1, `one of ${Object.keys(rules).join(', ')}`],
        ['constructor', 1, `one of ${Object.keys(rules).join(', ')}`],
    ]) assert.throws(() => checkOptions('t', rules, { [name]: value }), { code: 'input_invalid', field: `options.${name}`, expected });
    assert.throws(() => checkOptions('t', {}, { top: 1 }), { code: 'input_invalid', expected: 'no options' });
});
