/**
 * The same questions in the forms of other clients: Responses and Messages. Their streams have no
 * numbers to come back to, so that what they tell is put together and held against the answer that was
 * given undisturbed.
 */
import { PartClient } from '../lib/part-client.mjs';

const FORMS = {
    responses: {
        path: '/v1/responses',
        ask: ({ model, inputs: { messages }, options: { tools, ...options } }) => ({ model, ...options, input: messages,
            ...tools && { tools: tools.map(({ function: one }) => ({ type: 'function', ...one })) } }),
        events: {
            'response.output_text.delta': ({ delta }) => ({ text: delta }),
            'response.output_item.added': ({ item }) => item.type === 'function_call' && { call: item.name },
            'response.function_call_arguments.delta': ({ delta }) => ({ arguments: delta }),
            'response.completed': ({ response }) => ({ used: response.usage.output_tokens }),
            'response.incomplete': ({ response }) => ({ used: response.usage.output_tokens }), // by its length
            error: ({ code, message }) => ({ error: { code, detail: message } }),
        },
        isSilent: (event) => /^response\.(created|in_progress|content_part|output|function_call|failed)/.test(event),
    },
    messages: {
        path: '/v1/messages',
        ask: ({ model, inputs: { messages }, options: { tools, ...options } }) => ({ model, ...options, max_tokens: -1, messages,
            ...tools && { tools: tools.map(({ function: { parameters, ...one } }) => ({ ...one, input_schema: parameters })) } }),
        events: {
            content_block_start: ({ content_block: { type, name } }) => type === 'tool_use' && { call: name },
            content_block_delta: ({ delta: { text, partial_json: more } }) => ({ text, arguments: more }),
            message_delta: ({ usage }) => ({ used: usage.output_tokens }),
            error: ({ error }) => ({ error: told(error) }),
        },
        isSilent: (event) => /^(message_start|ping|content_block_stop|message_stop)$/.test(event),
    },
};
export const NAMES = Object.keys(FORMS);

/** Errors of Messages have no code: what they say tells which it is. */
const told = ({ code = 'attempts_exhausted', message }) => ({ code, detail: message });

/** Whether the forms have what a question asks for. */
export const isForAll = ({ options }) => options.n === undefined;

/** A question's answer as it comes in one of the forms. */
export class DialectChat extends PartClient {
    #form;
    #got = { text: '', calls: [] };
    #sequence = 0;

    constructor(daemon, question, name) {
        super(daemon, FORMS[name].ask(question));
        this.#form = FORMS[name];
        this.path = this.#form.path;
        this.question = question;
        this.options = { count: question.expected.usage.completion_tokens };
    }

    async open() {
        const isOpen = await super.open();
        if (this.error?.error) this.error = { status: this.error.status, ...told(this.error.error) };
        return isOpen;
    }

    async read({ enough = () => false } = {}) {
        for await (const { event, json: data } of this.stream) {
            if (data.sequence_number !== undefined && data.sequence_number !== this.#sequence++)
                this.wrong.push(`event ${this.#sequence - 1} is number ${data.sequence_number}`);
            const read = this.#form.events[event];
            if (!read && !this.#form.isSilent(event)) this.wrong.push(`an event ${event}`);
            this.#take(read?.(data) || {});
            if (await enough(this)) return;
        }
    }

    #take({ text = '', call, arguments: more = '', used, error }) {
        const { calls } = this.#got;
        this.#got.text += text;
        if (call) calls.push([call, '']);
        if (more) calls[calls.length - 1][1] += more;
        this.parts += Boolean(text || call || more);
        if (!this.question.expected.text.startsWith(this.#got.text))
            this.wrong.push(`"${this.#got.text}" is not how it begins`);
        if (error) this.error = error;
        if (used !== undefined) this.#end(used);
    }

    #end(used) {
        const { text, tool_calls: calls = [], usage } = this.question.expected;
        const wanted = { text, calls: calls.map(({ function: { name, arguments: given } }) => [name, given]), used: usage.completion_tokens };
        const got = { ...this.#got, used };
        this.done = got;
        if (JSON.stringify(got) !== JSON.stringify(wanted))
            this.wrong.push(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
    }
}
