// tier: quick
/** What a model writes, taken apart while it comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMATS } from '../../page/src/chat/formats.js';
import { OutputParser } from '../../page/src/chat/parser.js';

const NAMES = ['get_time', 'add'];

/** All that came, joined. */
function read(how, pieces) {
    const parser = new OutputParser({ names: NAMES, ...how });
    const deltas = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
    const whole = { text: '', reasoning: '', calls: [] };
    for (const { text = '', reasoning = '', tool_calls: calls = [] } of deltas) {
        whole.text += text;
        whole.reasoning += reasoning;
        for (const { index, id, type, function: { name, arguments: given = '' } } of calls) {
            if (name !== undefined) {
                assert.equal(index, whole.calls.length, 'a call begins once, in order');
                assert.equal(type, 'function');
                whole.calls.push([name, '', id]);
            }
            whole.calls[index][1] += given;
        }
    }
    assert.equal(parser.calledTools, whole.calls.length > 0);
    return whole;
}

/** The same whole, however the text is cut. */
function expect(how, output, { text = '', reasoning = '', calls = [] }) {
    const wanted = { text, reasoning, calls: calls.map(([name, given], i) => [name, given, `call_${i}`]) };
    const cuts = [[output], [...output]];
    for (let i = 1; i < output.length; i++) cuts.push([output.slice(0, i), output.slice(i)]);
    for (let step = 2; step < 8; step++) cuts.push(output.match(new RegExp(`[^]{1,${step}}`, 'g')) ?? []);
    for (const pieces of cuts) assert.deepEqual(read(how, pieces), wanted, JSON.stringify(pieces));
}

const { hermes, mistral, llama3, generic, args, functions, pairs } = FORMATS;
const ALL = [null, ...Object.values(FORMATS)];
const SCHEMAS = new Map([['add', { type: 'object', properties: { a: { type: 'integer' }, text: { type: 'string' } } }]]);

test('text is passed on as it is', () => {
    for (const format of ALL) {
        for (const text of ['Hello.', ' \n leading and trailing \n', 'a < b <tool and [x] <|y|> {"name": 1}', '😀 <think>no</think>', '']) {
            expect({ format }, text, { text });
        }
    }
    expect({ format: null }, '<tool_call>{"name": "add", "arguments": {}}</tool_call>', { text: '<tool_call>{"name": "add", "arguments": {}}</tool_call>' });
    expect({ format: hermes }, 'ends with <tool_ca', { text: 'ends with <tool_ca' });
    expect({ format: generic }, 'Not at the beginning: {"name": "add", "arguments": {}}', { text: 'Not at the beginning: {"name": "add", "arguments": {}}' });
});

test('only what may be the beginning of a mark is held back', () => {
    const parser = new OutputParser({ format: hermes, names: NAMES });
    assert.deepEqual(parser.push('Hello'), [{ text: 'Hello' }]);
    assert.deepEqual(parser.push(' <tool'), [{ text: ' ' }]);
    assert.deepEqual(parser.push('s>'), [{ text: '<tools>' }]);
    assert.deepEqual(parser.push('<tool_call>\n{"name": "add"'), [{ tool_calls: [{ index: 0, id: 'call_0', type: 'function', function: { name: 'add', arguments: '' } }] }]);
    assert.deepEqual(parser.push(', "arguments": {"a": '), [{ tool_calls: [{ index: 0, function: { arguments: '{"a": ' } }] }]);
    assert.deepEqual(parser.push('12'), [{ tool_calls: [{ index: 0, function: { arguments: '12' } }] }]);
    assert(parser.calledTools);
    assert.deepEqual(parser.push('}}</tool_call>'), [{ tool_calls: [{ index: 0, function: { arguments: '}' } }] }]);
    assert.deepEqual(parser.end(), []);
});

test('calls in marks of their own', () => {
    const call = (name, given) => `<tool_call>\n{"name": "${name}", "arguments": ${given}}\n</tool_call>`;
    expect({ format: hermes }, call('get_time', '{}'), { calls: [['get_time', '{}']] });
    expect({ format: hermes }, `\n\n${call('add', '{"a": [1, {"b": "}\\"<tool_call>"}], "é": -1.5e3}')}\n`, { calls: [['add', '{"a": [1, {"b": "}\\"<tool_call>"}], "é": -1.5e3}']] });
    expect({ format: hermes }, `I add.\n${call('add', '{"a":1}')}\n${call('get_time', '{}')}`, { text: 'I add.\n', calls: [['add', '{"a":1}'], ['get_time', '{}']] });
    expect({ format: hermes }, `${call('add', '{}')} Done.`, { text: ' Done.', calls: [['add', '{}']] });
    expect({ format: hermes }, '<tool_call>{"arguments": {"a": 1}, "name": "add"}</tool_call>', { calls: [['add', '{"a": 1}']] });
    expect({ format: hermes }, '<tool_call>{"id": 7, "name": "add", "extra": [true, null]}</tool_call>', { calls: [['add', '{}']] });
    expect({ format: hermes }, '<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>', { calls: [['add', '{"a": 1}']] });
    expect({ format: hermes }, '<tool_call>{"name": "add", "arguments": null}', { calls: [['add', '{}']] });
    expect({ format: hermes }, '<tool_call>{"name": "add", "arguments": {"a": 1', { calls: [['add', '{"a": 1']] });
    expect({ format: hermes }, '<tool_call>{"name": "add", "arguments": {}}</tool_c', { calls: [['add', '{}']] });
});

test('a call that is none is text', () => {
    for (const text of ['<tool_call>{"name": "other", "arguments": {}}</tool_call>', '<tool_call>{}</tool_call>', '<tool_call>{"name": 7}</tool_call>',
        '<tool_call>{name: "add"}</tool_call>', '<tool_call>["add"]</tool_call>', '<tool_call>{"arguments": [1], "name": "add"}</tool_call>',
        '<tool_call>{"arguments": {}, "arguments": {}}', '<tool_call>{"id": 01, "name": "add"}</tool_call>', '<tool_call>{"x": "\n"}', '<tool_call>{"x": "\\u12"',
        '<tool_call>{"x": nul}', '<tool_call>{"x": 1.}', '<tool_call>{"x": "\\q"}', '<tool_call>{"x": [1,]}', '<tool_call>{"x": {"y" 1}}'])
    {
        expect({ format: hermes }, text, { text });
        expect({ format: hermes }, `${text}<tool_call>{"name": "add"}</tool_call>`, { text, calls: [['add', '{}']] });
    }
    for (const text of ['<tool_call>', '<tool_call>\n{"na', ' <tool_call>{"arguments": {"a": 1}']) expect({ format: hermes }, text, { text });
    // One that breaks off when it has been given in part.
    expect({ format: hermes }, '<tool_call>{"name": "add", "arguments": {"a": oh}} and so on', { text: 'oh}} and so on', calls: [['add', '{"a": ']] });
    expect({ format: hermes }, '<tool_call>{"name": "add", "name": "add"}', { text: '": "add"}', calls: [['add', '']] });
});

test('calls in a list', () => {
    expect({ format: mistral }, '[TOOL_CALLS][{"name": "add", "arguments": {"a": "]"}}]', { calls: [['add', '{"a": "]"}']] });
    expect({ format: mistral }, 'So: [TOOL_CALLS] [ {"name": "add", "arguments": {}, "id": "123456789"} , {"name": "get_time"} ] .', { text: 'So:  .', calls: [['add', '{}'], ['get_time', '{}']] });
    expect({ format: mistral }, '[TOOL_CALLS]{"name": "add", "arguments": {}}', { calls: [['add', '{}']] });
    expect({ format: mistral }, '[TOOL_CALLS][]', { text: '[TOOL_CALLS][]' });
    expect({ format: mistral }, '[TOOL_CALLS][{"name": "add"}, nothing]', { text: ' nothing]', calls: [['add', '{}']] });
    expect({ format: mistral }, '[TOOL_CALLS][{"name": "other"}]', { text: '[TOOL_CALLS][{"name": "other"}]' });
});

test('calls without marks, at the beginning of an answer', () => {
    expect({ format: llama3 }, '{"name": "add", "parameters": {"a": 1}}', { calls: [['add', '{"a": 1}']] });
    expect({ format: llama3 }, '<|python_tag|>{"type": "function", "name": "add", "parameters": {}}; {"name": "get_time", "parameters": {}}', { calls: [['add', '{}'], ['get_time', '{}']] });
    expect({ format: llama3 }, 'First.<|python_tag|>{"name": "add", "parameters": {}}', { text: 'First.', calls: [['add', '{}']] });
    expect({ format: llama3 }, '<|python_tag|>print(1)', { text: '<|python_tag|>print(1)' });
    expect({ format: generic }, '\n{"name": "add", "arguments": {"a": 1}}\n{"name": "add", "arguments": {"a": 2}}\n', { calls: [['add', '{"a": 1}'], ['add', '{"a": 2}']] });
    expect({ format: generic }, ' {"answer": 42}', { text: ' {"answer": 42}' });
    expect({ format: generic }, '{"name": "Ann", "age": 7}', { text: '{"name": "Ann", "age": 7}' });
    expect({ format: generic }, '{"name": "add"} is how it is called', { text: ' is how it is called', calls: [['add', '{}']] });
});

test('thoughts, before text and calls', () => {
    expect({ thinking: 'maybe' }, '<think>\nIs it?\n\nIt is. </think>\n\nYes. <think>not here</think>', { reasoning: 'Is it?\n\nIt is.', text: 'Yes. <think>not here</think>' });
    expect({ thinking: 'maybe' }, '\n <think></think>Yes.', { text: 'Yes.' });
    expect({ thinking: 'maybe' }, ' <thin', { text: ' <thin' });
    expect({ thinking: 'maybe' }, '\nYes <think>', { text: '\nYes <think>' });
    expect({ thinking: 'maybe' }, '  \n', { text: '  \n' });
    expect({ thinking: 'open' }, '\nHm, a < b.\n</think>\nYes.\n', { reasoning: 'Hm, a < b.', text: 'Yes.\n' });
    expect({ thinking: 'open' }, 'cut off </thi', { reasoning: 'cut off </thi' });
    expect({ thinking: 'open' }, 'only thoughts </think> \n', { reasoning: 'only thoughts' });
    expect({ thinking: 'none' }, '<think>a</think>b', { text: '<think>a</think>b' });
    expect({ thinking: 'open', format: hermes }, 'I call <tool_call>.</think>\n<tool_call>{"name": "add", "arguments": {}}</tool_call>', { reasoning: 'I call <tool_call>.', calls: [['add', '{}']] });
    expect({ thinking: 'maybe', format: generic }, '<think>a</think>\n{"name": "add", "arguments": {}}', { reasoning: 'a', calls: [['add', '{}']] });
});

test('calls whose name stands before their arguments', () => {
    const how = { format: args, schemas: SCHEMAS };
    expect(how, '[TOOL_CALLS]add[ARGS]{"a": "}]"}', { calls: [['add', '{"a": "}]"}']] });
    expect(how, 'So: [TOOL_CALLS]add[CALL_ID]x1[ARGS] {"a": [1]}[TOOL_CALLS]get_time[ARGS]{} .', { text: 'So:  .', calls: [['add', '{"a": [1]}'], ['get_time', '{}']] });
    for (const text of ['[TOOL_CALLS]', '[TOOL_CALLS]other[ARGS]{}', '[TOOL_CALLS]add', '[TOOL_CALLS][{"name": "add"}]']) expect(how, text, { text });
    expect(how, '[TOOL_CALLS]add[ARGS]{"a": 1', { calls: [['add', '{"a": 1']] });
    expect(how, '[TOOL_CALLS]add[ARGS] none', { text: 'none', calls: [['add', '']] });
});

test('calls whose arguments stand in marks, as texts or as JSON by their schema', () => {
    const how = { format: functions, schemas: SCHEMAS };
    const call = (...given) => `<tool_call>\n<function=add>\n${given.map(([key, value]) => `<parameter=${key}>\n${value}\n</parameter>\n`).join('')}</function>\n</tool_call>`;
    expect(how, call(['a', '7'], ['text', '7\n<b> "x"'], ['other', '[1, {"c": 2}]'], ['more', 'and so on']),
        { calls: [['add', '{"a": 7, "text": "7\\n<b> \\"x\\"", "other": [1,{"c":2}], "more": "and so on"}']] });
    expect(how, `First.\n${call()}\n<tool_call><function=get_time></function></tool_call>`, { text: 'First.\n', calls: [['add', '{}'], ['get_time', '{}']] });
    for (const text of ['<tool_call>\n<function=other>', '<tool_call>{"name": "add"}', '<tool_call>\n<func', '<tool_call><function=add']) expect(how, text, { text });
    expect(how, '<tool_call><function=add><parameter=a>1</parameter>oh', { text: 'oh', calls: [['add', '{"a": 1']] });
    const glm = { format: pairs, schemas: SCHEMAS };
    const key = (name, value) => `<arg_key>${name}</arg_key>\n<arg_value>${value}</arg_value>\n`;
    expect(glm, `<tool_call>add\n${key('a', '1')}${key('text', ' 2\n')}</tool_call>\n<tool_call>get_time</tool_call>!`,
        { text: '!', calls: [['add', '{"a": 1, "text": " 2\\n"}'], ['get_time', '{}']] });
    expect(glm, `<tool_call>add<arg_key>a</arg_key><arg_value>x</arg_value></tool_call>`, { calls: [['add', '{"a": "x"}']] });
    for (const text of ['<tool_call>nothing\n', '<tool_call>', '<tool_call>ad']) expect(glm, text, { text });
});

test('made at random, every output is the same whole however it is cut', () => {
    const parts = ['<tool_call>', '</tool_call>', '{"name": "add", "arguments": {"a": 1}}', '{"name": "x"}', '[TOOL_CALLS]', '[', ']', ', ', '\n', ' ', ';', '<think>', '</think>',
        'word', '{', '}', '"', '\\', '<', '<tool', '<|python_tag|>', '"name"', ':', '"add"', 'null', '12', '"arguments": "{}"', '[ARGS]', 'add', '<function=add>', '<parameter=a>', '</parameter>', '</function>', '<arg_key>', '</arg_key>',
        '<arg_value>', '</arg_value>', '>'];
    let seed = 11;
    const random = (below) => { seed = (seed * 48271) % 0x7fffffff; return seed % below; };
    for (let i = 0; i < 1500; i++) {
        const output = Array.from({ length: 1 + random(9) }, () => parts[random(parts.length)]).join('');
        const how = { format: ALL[random(ALL.length)], thinking: ['none', 'maybe', 'open'][random(3)] };
        const whole = read(how, [output]);
        assert.deepEqual(read(how, [...output]), whole, JSON.stringify([how, output]));
        for (let k = 0; k < 4; k++) {
            const [a, b] = [random(output.length + 1), random(output.length + 1)].sort((x, y) => x - y);
            assert.deepEqual(read(how, [output.slice(0, a), output.slice(a, b), output.slice(b)]), whole, JSON.stringify([how, output, a, b]));
        }
    }
});
