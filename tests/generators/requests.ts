// The main requests of each API, as a client's program has them. `Body` is what a generator made of the description.
import type { Body } from './bodies';

type Chat = Body<'/v1/chat/completions'>;

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const picture = 'data:image/png;base64,iVBORw0KGgo=';

export const tensors: Body<'/v1/infer'> = {
    model_name: 'digits', platform: 'auto', outputs: ['y', { name: 'z', parameters: { binary_data: true } }],
    inputs: [
        { name: 'x', datatype: 'FP32', shape: [2, 2], data: [[1, 2], [3, 4]] },
        { name: 'mask', datatype: 'BOOL', shape: [2], data: [true, 0] },
        { name: 'text', datatype: 'BYTES', shape: [2], data: ['a', 'b'] },
        { name: 'bytes', datatype: 'UINT8', shape: [4], parameters: { binary_data_size: 4 } },
    ],
};
export const task: Body<'/v1/infer'> = {
    model_name: 'bert', task: 'fill-mask', inputs: { texts: ['a [MASK]'], labels: ['a'] }, options: { top: 3 },
};
export const conversation: Body<'/v1/infer'> = {
    model_name: 'talker', inputs: { messages: [{ role: 'user', content: 'Hello' }] },
    options: { max_tokens: 8, stop: ['.'], logit_bias: { 17: -100 }, json_schema: schema, chat_template_kwargs: { a: [null] } },
};
export const kernel: Body<'/v1/compute'> = {
    kernel: 'reduce', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }], options: { operation: 'max' },
};
export const chat: Chat = {
    model: 'talker', max_tokens: 8, stop: '.', metadata: { any: ['thing'] },
    messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: [{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: picture } }] },
        { role: 'assistant', content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'look', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: '1', content: 'rain' },
    ],
    tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: schema, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'look' } },
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
};
export const vectors: Body<'/v1/embeddings'> = { model: 'vectors', input: ['a', 'b'], encoding_format: 'float' };
export const responses: Body<'/v1/responses'> = {
    model: 'talker', include: ['message.output_text.logprobs'], text: { format: { type: 'json_schema', name: 'answer', schema } },
    tools: [{ type: 'function', name: 'look', parameters: schema }], tool_choice: 'auto',
    input: [
        { role: 'user', content: [{ type: 'input_text', text: 'What?' }, { type: 'input_image', image_url: picture }] },
        { type: 'function_call', call_id: '1', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: '1', output: 'rain' },
    ],
};
export const message: Body<'/v1/messages'> = {
    model: 'talker', max_tokens: 8, system: [{ type: 'text', text: 'Be short.' }], stop_sequences: ['.'],
    messages: [
        { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'look', input: { city: 'Bern' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'rain' }] },
    ],
    tools: [{ name: 'look', input_schema: schema }], tool_choice: { type: 'tool', name: 'look' }, thinking: { type: 'disabled' },
};
export const ollama: Body<'/api/chat'> = {
    model: 'talker', format: schema, think: 'low', keep_alive: '5m', options: { num_predict: 8, temperature: 0, stop: ['.'] },
    messages: [
        { role: 'user', content: 'What?', images: ['iVBORw0KGgo='] },
        { role: 'assistant', tool_calls: [{ function: { name: 'look', arguments: { city: 'Bern' } } }] },
        { role: 'tool', tool_name: 'look', content: 'rain' },
    ],
};
export const kserve: Body<'/v2/models/{model}/infer'> = {
    id: '1', inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }], outputs: [{ name: 'y' }],
    parameters: { platform: 'wasm', priority: 1, top: 3 },
};
export const triton: Body<'/v2/models/{model}/generate'> = { text_input: 'One', parameters: { max_tokens: 8, stop: ['.'] } };
export const pull: Body<'/v1/models/pull'> = { model: 'org/talker', files: ['*.gguf'] };

/* What the service refuses does not compile. */

// @ts-expect-error data is a list
export const number: Body<'/v1/infer'> = { model_name: 'digits', inputs: [{ name: 'x', datatype: 'FP32', shape: [], data: 1 }] };
// @ts-expect-error there is no such option
export const option: Body<'/v1/infer'> = { model_name: 'bert', inputs: 'a', options: { warmth: 1 } };
// @ts-expect-error a picture is an image_url
export const part: Chat['messages'][number] = { role: 'user', content: [{ type: 'image', image: picture }] };
// @ts-expect-error a tool has a function
export const tool: NonNullable<Chat['tools']>[number] = { type: 'function' };
// @ts-expect-error arguments are JSON in a string
export const call: Chat['messages'][number] = { role: 'assistant', tool_calls: [{ function: { name: 'look', arguments: {} } }] };
// @ts-expect-error there is no such form
export const form: Chat['response_format'] = { type: 'xml' };
// @ts-expect-error num_predict is a number
export const predict: NonNullable<Body<'/api/chat'>['options']> = { num_predict: 'many' };
