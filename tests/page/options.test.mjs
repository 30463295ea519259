// tier: quick
/** What requests may ask of tasks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions } from '../../page/src/engine/options.js';
import { FOLDER_RULES } from '../../page/src/engine/task_rules.js';
import { TASKS, taskOf } from '../../page/src/pipeline/tasks.js';

test('options are checked by rules, and unknown ones refused by name', () => {
    const rules = {
        top: { least: 1, most: 10, whole: true }, truncate: 'flag', pooling: { among: ['mean', 'cls'] }, template: { bytes: 5 },
        labels: { texts: 2, bytes: 3 }, format: 'object', tools: { items: 1 }, bias: 'biases',
    };
    const all = { top: 3, truncate: false, pooling: 'cls', template: 'x {}', labels: ['a', 'b'], format: {}, tools: [{}], bias: { 3: -100 } };
    assert.deepEqual(checkOptions('t', rules, { ...all, none: null }), all);
    for (const [name, value, expected] of [
        ['top', 1.5, 'a whole number from 1 to 10'], ['top', '3', 'a whole number from 1 to 10'], ['truncate', 1, 'true or false'],
        ['pooling', 'max', 'one of mean, cls'], ['template', '', 'a text of 1 to 5 bytes'], ['template', 'äöü', 'a text of 1 to 5 bytes'],
        ['labels', ['a', 'b', 'c'], 'at most 2 texts of 1 to 3 bytes'], ['format', [], 'an object'], ['tools', [1, 2], 'a list of at most 1'], ['bias', { x: 1 }, 'at most 1024 token ids, each with a number from -100 to 100'],
        ['other', 1, `one of ${Object.keys(rules).join(', ')}`],
        ['constructor', 1, `one of ${Object.keys(rules).join(', ')}`],
    ]) assert.throws(() => checkOptions('t', rules, { [name]: value }), { code: 'input_invalid', field: `options.${name}`, expected });
    assert.throws(() => checkOptions('t', {}, { top: 1 }), { code: 'input_invalid', expected: 'no options' });
});

test('the page computes the tasks that the service knows, by its rules', () => {
    assert.deepEqual(Object.keys(TASKS).sort(), Object.keys(FOLDER_RULES).sort());
    const check = (task, options) => checkOptions(task, taskOf(task).options, options);
    const refused = (task, options, field) => assert.throws(() => check(task, options), { code: 'input_invalid', field });
    check('question-answering', { top: 1000 });
    refused('question-answering', { top: 1001 }, 'options.top');
    check('complete', { n: 1, temperature: 2, stop: ['x'.repeat(256)], response_format: { type: 'text' } });
    refused('complete', { n: 2 }, 'options.n');
    refused('complete', { temperature: 2.5 }, 'options.temperature');
    refused('complete', { stop: ['x'.repeat(257)] }, 'options.stop');
    refused('complete', { grammar: 'root ::= "x"' }, 'options.grammar');
    refused('complete', { tools: [] }, 'options.tools');
    check('chat', { tools: Array(128).fill({}) });
    refused('chat', { tools: Array(129).fill({}) }, 'options.tools');
    refused('translation', { json_schema: {} }, 'options.json_schema');
    refused('token-classification', { ignore_labels: [''] }, 'options.ignore_labels');
});
