// tier: quick
/** From a conversation to prompt, grammar and parser, with four templates of different style. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareChat } from '../../page/src/chat/chat.js';
import { TemplateError } from '../../page/src/chat/jinja/errors.js';
import { brackets, chatml, headers, render, thinking } from './support/chat_templates.mjs';
import { matcher } from './support/gbnf.mjs';

const tool = (name, parameters) => ({ type: 'function', function: { name, description: `It does ${name}.`, ...parameters ? { parameters } : {} } });
const ADD = tool('add', { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['a', 'b'] });
const TIME = tool('get_time');
const ASK = [{ role: 'user', content: 'What time is it?' }];
const asked = (id, name, given) => ({ role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name, arguments: given } }] });

const prepare = (template, messages = ASK, options = {}, more = {}) => prepareChat({ template, bos: '<s>', eos: '</s>', messages, options, render, ...more });
const refused = (promise, field, message = /./) => assert.rejects(promise, (error) => {
    assert.equal(error.code, 'input_invalid', String(error.stack));
    assert.equal(error.field, field);
    assert.match(error.message, message);
    return true;
});
/** What a client gets of an output. */
const read = ({ parser }, output) => [...parser.push(output), ...parser.end()];

test('prompts: ChatML, headers, brackets, thoughts', async () => {
    const talk = [{ role: 'system', content: 'Be brief.' }, ...ASK, { role: 'assistant', content: 'Noon.' }, { role: 'user', content: [{ type: 'text', text: 'Are' }, { type: 'text', text: 'you sure?' }] }];
    const { prompt, grammar, stop, preserved, warning } = await prepare(chatml, talk);
    assert.equal(prompt, '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat time is it?<|im_end|>\n<|im_start|>assistant\nNoon.<|im_end|>\n'
        + '<|im_start|>user\nAre\nyou sure?<|im_end|>\n<|im_start|>assistant\n');
    assert.deepEqual([grammar, stop, preserved, warning], [null, ['<|im_end|>'], [], undefined]);
    assert.equal((await prepare(headers, talk, { chat_template_kwargs: { date: 'Monday' } })).prompt,
        '<s><|start_header_id|>system<|end_header_id|>\n\nToday is Monday. Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat time is it?<|eot_id|>'
        + '<|start_header_id|>assistant<|end_header_id|>\n\nNoon.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAre\nyou sure?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n');
    assert.equal((await prepare(brackets, talk.slice(1))).prompt, '<s>[INST] What time is it? [/INST] Noon.</s>[INST] Are\nyou sure? [/INST]');
    const thought = { role: 'assistant', content: 'Noon.', reasoning_content: 'easy' };
    assert.equal((await prepare(thinking, [...ASK, thought, ...ASK])).prompt,
        '<|user|>\nWhat time is it?<|end|>\n<|assistant|>\nNoon.<|end|>\n<|user|>\nWhat time is it?<|end|>\n<|assistant|>\n');
});

test('what the assistant has begun is gone on with', async () => {
    const begun = (more) => [...ASK, { role: 'assistant', ...more }];
    const turn = '<|im_start|>user\nWhat time is it?<|im_end|>\n<|im_start|>assistant\n';
    assert.equal((await prepare(chatml, begun({ content: 'It is ' }))).prompt, `${turn}It is `);
    assert.equal((await prepare(chatml, begun({ content: [{ type: 'text', text: 'It' }] }))).prompt, `${turn}It`);
    assert.equal((await prepare(chatml, begun({ content: '' }))).prompt, turn, 'nothing was begun');
    assert.match((await prepare(chatml, begun({ content: 'It' }), { tools: [TIME] })).prompt, /get_time[^]*assistant\nIt$/);
    const call = asked('c', 'get_time', '{}');
    assert.match((await prepare(chatml, [...ASK, call], { tools: [TIME] })).prompt, /<\/tool_call><\|im_end\|>\n<\|im_start\|>assistant\n$/);
    await refused(prepare(chatml, [{ role: 'assistant', content: 'It' }]), 'inputs.messages', /has no message before it/);
    // Thoughts come before words, and a word ends them.
    const after = async (more, kwargs) => {
        const prepared = await prepare(thinking, begun(more), { chat_template_kwargs: kwargs });
        const reasons = read(prepared, 'so</think>on').some(({ reasoning }) => reasoning);
        return [prepared.prompt.split('<|assistant|>\n')[1], reasons];
    };
    assert.deepEqual(await after({ content: 'Noon' }, {}), ['Noon', false]);
    assert.deepEqual(await after({ content: 'Noon' }, { always_thinking: true }), ['<think>\n\n</think>\n\nNoon', false]);
    assert.deepEqual(await after({ content: 'Noon', reasoning_content: 'easy' }, {}), ['<think>\neasy\n</think>\n\nNoon', false]);
    assert.deepEqual(await after({ content: '', reasoning_content: 'easy' }, { always_thinking: true }), ['<think>\neasy', true]);
    assert.deepEqual(await after({ content: 'Noon', reasoning_content: 'easy' }, { enable_thinking: false }), ['<think>\n\n</think>\n\nNoon', false]);
});

test('without a template ChatML is used, and said', async () => {
    for (const none of [null, undefined, '']) {
        const { prompt, stop, warning } = await prepare(none, [{ role: 'developer', content: 'Hm' }]);
        assert.equal(prompt, '<|im_start|>system\nHm<|im_end|>\n<|im_start|>assistant\n');
        assert.deepEqual(stop, ['<|im_end|>']);
        assert.match(warning, /no chat template/);
    }
});

test('tools in each style: shown, called, and their results told', async () => {
    const tools = [ADD, TIME];
    const done = [...ASK, asked('abcdefgh1', 'add', '{"a": 1, "b": 2}'), { role: 'tool', tool_call_id: 'abcdefgh1', content: '3' }];
    const cases = [
        [chatml, /Functions, one a line.*\n\{"type": "function", "function": \{"name": "add"/, '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>3</tool_response>',
            'Sure.<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>', ['<tool_call>', '</tool_call>'], 'Sure.'],
        [headers, /to call one of:\n+\{\n {4}"type": "function"/, '{"name": "add", "parameters": {"a": 1, "b": 2}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>\n\n3<|eot_id|>',
            '{"name": "add", "parameters": {"a": 1, "b": 2}}', ['<|python_tag|>'], undefined],
        [brackets, /\[AVAILABLE_TOOLS\]\[\{"type"/, '[TOOL_CALLS][{"name": "add", "arguments": {"a": 1, "b": 2}, "id": "abcdefgh1"}]</s>[TOOL_RESULTS]3[/TOOL_RESULTS]',
            '[TOOL_CALLS][{"name": "add", "arguments": {"a": 1, "b": 2}}]', ['[TOOL_CALLS]'], undefined],
        [thinking, /You can call these functions:\n\{"name":"add"/, '{"name": "add", "arguments": {"a": 1, "b": 2}}<|end|>\n<|user|>\nadd returned: 3<|end|>',
            '{"name": "add", "arguments": {"a": 1, "b": 2}}', ['<think>', '</think>'], undefined],
    ];
    for (const [template, shown, told, output, preserved, text] of cases) {
        const prepared = await prepare(template, done, { tools, chat_template_kwargs: { date: '' } });
        assert.match(prepared.prompt, shown);
        assert(prepared.prompt.includes(told), prepared.prompt);
        assert.equal(prepared.grammar, null);
        assert.deepEqual(prepared.preserved, preserved);
        const deltas = read(prepared, output);
        assert.equal(deltas.map((delta) => delta.text).find(Boolean), text);
        const [{ tool_calls: [call] }] = deltas.slice(-1);
        assert.deepEqual(call, { index: 0, id: call.id, type: 'function', function: { name: 'add', arguments: '{"a": 1, "b": 2}' } });
        assert.match(call.id, template === brackets ? /^[0-9a-z]{9}$/ : /^call_[0-9a-z]{9}$/);
        // Not shown, and not looked for.
        const none = await prepare(template, ASK, { tools, tool_choice: 'none' });
        assert(!none.prompt.includes('It does add'));
        assert.deepEqual(read(none, output).map((delta) => delta.text).join(''), output);
    }
});

test('ids of calls are the same when an answer is made once more, and others elsewhere', async () => {
    const idOf = (parser) => parser.push('<tool_call>{"name": "add"')[0].tool_calls[0].id;
    const [one, again, other] = [await prepare(chatml, ASK, { tools: [ADD] }), await prepare(chatml, ASK, { tools: [ADD] }), await prepare(chatml, [{ role: 'user', content: 'x' }], { tools: [ADD] })];
    const ids = [one.parser, again.parser, other.parser, one.makeParser(1)].map(idOf);
    assert.equal(ids[0], ids[1]);
    assert.equal(new Set(ids).size, 3);
});

test('a call that is required, in the form of the model', async () => {
    const tools = [ADD, TIME];
    for (const [template, good, bad] of [
        [chatml, ['<tool_call>\n{"name": "add", "arguments": {"a":1,"b":-2}}\n</tool_call>', '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'],
            ['Sure.', '<tool_call>\n{"name": "add", "arguments": {"a":1}}\n</tool_call>', '<tool_call>\n{"name": "other", "arguments": {}}\n</tool_call>']],
        [headers, ['{"name": "add", "parameters": {"a":1,"b":2}}'], ['{"name": "add", "arguments": {"a":1,"b":2}}', 'x']],
        [brackets, ['[TOOL_CALLS][{"name": "get_time", "arguments": {}}, {"name": "add", "arguments": {"a": 1, "b": 2}}]'], ['[TOOL_CALLS][]', '[]']],
        [thinking, ['{"name": "get_time", "arguments": {}}', '<think>\nI </thi do.</think>\n\n{"name": "get_time", "arguments": {}}'], ['<think>I', '<think></think></think>{"name": "get_time", "arguments": {}}']],
    ]) {
        const prepared = await prepare(template, ASK, { tools, tool_choice: 'required' });
        const isIt = matcher(prepared.grammar);
        for (const text of good) {
            assert(isIt(text), text);
            const parser = prepared.makeParser(0);
            assert.deepEqual([...parser.push(text), ...parser.end()].map((delta) => delta.text ?? '').join(''), '');
            assert(parser.calledTools, text);
        }
        for (const text of bad) assert(!isIt(text), text);
        const named = matcher((await prepare(template, ASK, { tools, tool_choice: { type: 'function', function: { name: 'get_time' } } })).grammar);
        for (const text of good) assert.equal(named(text), text.split('get_time').length === 2 && !text.includes('"add"'), text);
    }
});

test('the form of an answer: JSON, a schema, a grammar, or a call beside it', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const isIt = async (options, template = chatml) => matcher((await prepare(template, ASK, options)).grammar);
    const object = await isIt({ response_format: { type: 'json_object' } });
    assert(object('{"a": [1]}') && !object('[1]') && !object('text'));
    for (const options of [{ response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } } }, { json_schema: schema }]) {
        const take = await isIt(options);
        assert(take('{"ok": true}') && !take('{"ok": 1}') && !take('{}'));
    }
    assert.equal((await prepare(chatml, ASK, { grammar: 'root ::= "x"' })).grammar, 'root ::= "x"');
    assert.equal((await prepare(chatml, ASK, { response_format: { type: 'text' }, grammar: null })).grammar, null);
    const both = await isIt({ json_schema: schema, tools: [TIME] });
    assert(both('{"ok": true}') && both('<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>') && !both('text'));
    const required = await isIt({ json_schema: schema, tools: [TIME], tool_choice: 'required' });
    assert(!required('{"ok": true}'));
    const thoughtful = await isIt({ json_schema: schema }, thinking);
    assert(thoughtful('{"ok": true}') && thoughtful('\n<think>a <</think>\n\n{"ok": true}') && !thoughtful('<think>{"ok": true}'));
});

test('thoughts: where the model may have them, has begun them, or is kept from them', async () => {
    const parts = async (kwargs, output, options = {}) => {
        const prepared = await prepare(thinking, ASK, { chat_template_kwargs: kwargs, ...options });
        return [prepared, read(prepared, output)];
    };
    const [maybe, deltas] = await parts({}, '<think>Hm.</think>Noon.');
    assert.deepEqual(deltas, [{ reasoning: 'Hm.' }, { text: 'Noon.' }]);
    assert.deepEqual(maybe.preserved, ['<think>', '</think>']);
    assert.deepEqual((await parts({ always_thinking: true }, 'Hm.\n</think>\n\nNoon.'))[1], [{ reasoning: 'Hm.' }, { text: 'Noon.' }]);
    const [off, text] = await parts({ enable_thinking: false }, 'Noon.');
    assert(off.prompt.endsWith('<think>\n\n</think>\n\n'));
    assert.deepEqual([text, off.preserved], [[{ text: 'Noon.' }], []]);
    const open = matcher((await parts({ always_thinking: true }, '', { json_schema: { const: 1 } }))[0].grammar);
    assert(open('Hm.</think>\n1') && !open('1'));
    const closed = matcher((await parts({ enable_thinking: false }, '', { json_schema: { const: 1 } }))[0].grammar);
    assert(closed('1') && !closed('<think></think>1'));
});

test('templates get calls and empty messages in the form that they ask for', async () => {
    const variables = async (template) => {
        let seen;
        await prepareChat({ template, messages: [...ASK, asked('1', 'add', '{"a": 1}')], render: async (_, given) => { seen = given; return ''; } });
        return seen.messages[1];
    };
    assert.deepEqual((await variables('{{ tools }}{{ call.arguments | tojson }}')).tool_calls[0].function.arguments, { a: 1 });
    assert.deepEqual((await variables('{{ tools }}{{ call["function"]["arguments"] }}')).tool_calls[0].function.arguments, '{"a": 1}');
    assert.equal((await variables('{{ tools }}{{ m.content }}')).content, '');
    assert.equal((await variables("{{ tools }}{% if m['content'] is none %}{% endif %}")).content, null);
});

test('templates of other languages than JSON: calls are required in their own', async () => {
    const options = { tools: [tool('add', { properties: { a: { type: 'integer' }, unit: { enum: ['m', 'km'] }, note: { type: 'string' } }, required: ['a'] })], tool_choice: 'required' };
    const marks = (text) => `{% for t in tools %}{{ t.function.name }}{% endfor %}{# ${text} #}`;
    const cases = [
        ['<tool_call><function=NAME><parameter=X>', ['<function=', '</parameter>'],
            '<tool_call>\n<function=add>\n<parameter=a>\n7\n</parameter>\n<parameter=unit>\nkm\n</parameter>\n<parameter=note>\n<b>\n</parameter>\n</function>\n</tool_call>'],
        ['<tool_call><arg_key><arg_value>', ['<arg_key>', '</arg_value>'],
            '<tool_call>add\n<arg_key>a</arg_key>\n<arg_value>7</arg_value>\n<arg_key>unit</arg_key>\n<arg_value>km</arg_value>\n<arg_key>note</arg_key>\n<arg_value><b></arg_value>\n</tool_call>'],
        ['[TOOL_CALLS]NAME[ARGS]', ['[ARGS]', '[CALL_ID]'], '[TOOL_CALLS]add[ARGS]{"a": 7, "unit": "km", "note": "<b>"}'],
    ];
    for (const [text, preserved, output] of cases) {
        const prepared = await prepare(marks(text), ASK, options);
        assert.equal(prepared.prompt, 'add', 'the template is shown the tools');
        for (const mark of preserved.filter((one) => !one.startsWith('<function'))) assert(prepared.preserved.includes(mark), mark);
        assert(matcher(prepared.grammar)(output), `${prepared.grammar}\n${output}`);
        assert(!matcher(prepared.grammar)(output.replace('km', 'mm')));
        const [{ tool_calls: [{ function: { name, arguments: given } }] }] = [...prepared.parser.push(output), ...prepared.parser.end()];
        assert.deepEqual([name, JSON.parse(given)], ['add', { a: 7, unit: 'km', note: '<b>' }]);
    }
});

test('a template that speaks of tools in a language other than JSON is not asked for them', async () => {
    const template = `${chatml}{# <function=NAME>{} #}`;
    const prepared = await prepare(template, ASK, { tools: [ADD] });
    assert.match(prepared.prompt, /You can call these functions/);
    assert(!prepared.prompt.includes('Functions, one a line'));
});

test('results that follow each other are one message where the template knows no tools', async () => {
    const { prompt } = await prepare(thinking, [{ role: 'system', content: 'Be brief.' }, ...ASK,
        { ...asked('1', 'add', '{}'), content: 'Two calls.' }, { role: 'tool', tool_call_id: '1', content: '3' }, { role: 'tool', tool_call_id: '2', name: 'get_time', content: 'noon' }], { tools: [ADD] });
    assert.match(prompt, /^<\|system\|>\nBe brief\.\n\nYou can call/);
    assert.match(prompt, /Two calls\.\n\{"name": "add", "arguments": \{\}\}<\|end\|>\n<\|user\|>\nadd returned: 3\nget_time returned: noon<\|end\|>/);
});

test('tools are told in the first message of the user where no system message is taken', async () => {
    const strict = `{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system message here.') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}`;
    const { prompt } = await prepare(strict, ASK, { tools: [ADD] });
    assert.match(prompt, /^<user>You can call these functions:[^]*\n\nWhat time is it\?$/);
    await assert.rejects(prepare(strict, [{ role: 'system', content: 'x' }, ...ASK], { tools: [ADD] }), /No system message here/);
});

test('a template that is too long is not even looked at', async () => {
    await assert.rejects(prepare(' '.repeat(65537)), { code: 'model_invalid', message: /65536 bytes/ });
});

test('what is wrong with messages is said with its place', async () => {
    const wrong = (messages, field, message) => refused(prepare(chatml, messages), field, message);
    await wrong([], 'inputs.messages');
    await wrong('Hi', 'inputs.messages');
    await wrong([null], 'inputs.messages[0].role');
    await wrong([...ASK, { role: 'robot', content: 'x' }], 'inputs.messages[1].role');
    await wrong([{ role: 'user' }], 'inputs.messages[0].content');
    await wrong([{ role: 'user', content: 7 }], 'inputs.messages[0].content');
    await wrong([{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'image_url', image_url: {} }] }], 'inputs.messages[0].content[1]', /pictures/);
    await wrong([{ role: 'user', content: [{ type: 'input_audio' }] }], 'inputs.messages[0].content[0]');
    await wrong([{ role: 'user', content: 'x', name: 3 }], 'inputs.messages[0].name');
    await wrong([{ ...asked('1', 'add', '{}'), role: 'user' }], 'inputs.messages[0].tool_calls');
    await wrong([asked('1', 'add', '{"a"')], 'inputs.messages[0].tool_calls[0].function.arguments');
    await wrong([asked('1', 'add', '[1]')], 'inputs.messages[0].tool_calls[0].function.arguments');
    await wrong([asked('1', undefined, '{}')], 'inputs.messages[0].tool_calls[0].function.name');
    await assert.rejects(prepare(brackets, [...ASK, ...ASK]), (error) => error instanceof TemplateError && error.kind === 'raised' && /the assistant must answer/.test(error.message));
});

test('what is wrong with options is said with its place', async () => {
    const wrong = (options, field, message) => refused(prepare(chatml, ASK, options), field, message);
    await wrong({ tools: {} }, 'options.tools');
    await wrong({ tools: [{ type: 'function', function: { name: 'f', description: 'x'.repeat(256 << 10) } }] }, 'options.tools', /large/);
    await wrong({ tools: [{ type: 'retrieval' }] }, 'options.tools[0]');
    await wrong({ tools: [TIME, tool('two words')] }, 'options.tools[1].function.name');
    await wrong({ tools: [TIME, TIME] }, 'options.tools[1].function.name', /another/);
    await wrong({ tools: [tool('f', [])] }, 'options.tools[0].function.parameters');
    await wrong({ tools: [tool('f', { type: 'string' })] }, 'options.tools[0].function.parameters');
    await wrong({ tools: [tool('f', { description: 'x'.repeat(70000) })] }, 'options.tools[0].function.parameters', /large/);
    await wrong({ tools: [TIME, tool('f', { not: {} })], tool_choice: 'required' }, 'options.tools[1].function.parameters', /"not"/);
    assert.equal((await prepare(chatml, ASK, { tools: [tool('f', { not: {} })] })).grammar, null);
    await wrong({ tool_choice: 'required' }, 'options.tool_choice');
    await wrong({ tools: [TIME], tool_choice: 'always' }, 'options.tool_choice');
    await wrong({ tools: [TIME], tool_choice: { type: 'function', function: { name: 'add' } } }, 'options.tool_choice');
    await wrong({ tools: [TIME], grammar: 'root ::= "x"' }, 'options.grammar', /tools/);
    await wrong({ grammar: 'x' }, 'options.grammar');
    await wrong({ grammar: 'root ::= "x"', json_schema: {} }, 'options.json_schema', /cannot be combined with options.grammar/);
    await wrong({ response_format: { type: 'xml' } }, 'options.response_format.type');
    await wrong({ response_format: 'json' }, 'options.response_format.type');
    await wrong({ response_format: { type: 'json_schema' } }, 'options.response_format.json_schema');
    await wrong({ response_format: { type: 'json_schema', json_schema: { schema: { not: {} } } } }, 'options.response_format.json_schema.schema', /"not"/);
    await wrong({ chat_template_kwargs: [] }, 'options.chat_template_kwargs');
    await wrong({ chat_template_kwargs: { messages: [] } }, 'options.chat_template_kwargs.messages');
    await wrong({ chat_template_kwargs: { raise_exception: 1 } }, 'options.chat_template_kwargs.raise_exception');
    await wrong({ chat_template_kwargs: { 'a-b': 1 } }, 'options.chat_template_kwargs');
});
