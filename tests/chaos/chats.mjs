/**
 * The language model among the load: answers of the sample chat model, as streams. What they must be
 * is asked of every kind of browser before anything breaks; afterwards each must come out the same,
 * letter for letter, wherever it was begun and wherever it went on.
 */
import { PartClient } from '../lib/part-client.mjs';

export const MODEL = 'finch';
const VARIANT = `${MODEL}:F32`;

const user = (content) => [{ role: 'user', content }];
const STORY = user('Tell me a story.');
const CLOCK = { type: 'function', function: { name: 'get_time', description: 'Tells the time.',
    parameters: { type: 'object', properties: {} } } };
const SUM = [...user('My name is Ada.'), { role: 'assistant', content: 'Nice to meet you, Ada.' },
    ...user('What is 47 + 38?')];
/** What is asked. The first is long: there is nearly always one that a fault can interrupt. */
const QUESTIONS = [
    { what: 'a story', messages: STORY, options: { temperature: 0 } },
    { what: 'a story by lot', messages: STORY, options: { temperature: 0.4, seed: 7 } },
    { what: 'a story by a grammar', messages: STORY,
        options: { temperature: 0, grammar: 'root ::= [a-zA-Z ,.]+' } },
    { what: 'a sum', messages: SUM, options: { temperature: 0 } },
    { what: 'a call', messages: user('What time is it?'),
        options: { temperature: 0, tools: [CLOCK] } },
    { what: 'an answer with a tool at hand', messages: user('Who are you?'),
        options: { temperature: 0, tools: [CLOCK] } },
];
const TIMEOUT_MS = 120_000;

const callsOf = (calls) => calls.map(({ function: { name, arguments: text } }) => [name, text]);

/** One answer, held against the undisturbed one. */
export class Chat extends PartClient {
    #text = '';
    #tokens = 0;
    #calls = [];

    constructor(daemon, question, head) {
        const { messages, options } = question;
        super(daemon, { model_name: VARIANT, inputs: { messages }, options,
            timeout_ms: TIMEOUT_MS, ...head });
        this.question = question;
        this.options = { count: question.expected?.usage.completion_tokens ?? 1 };
    }

    checkPart({ index, text = '', tokens = [], result }) {
        this.#text += text;
        this.#tokens += tokens.length;
        for (const call of result?.tool_calls ?? []) this.#addCall(call);
        if (index !== 0) this.wrong.push(`a part of answer ${index}`);
        if (!this.question.expected.text.startsWith(this.#text))
            this.wrong.push(`"${this.#text}" is not how it begins`);
    }

    #addCall({ index, function: { name, arguments: more = '' } }) {
        const call = this.#calls[index] ??= { function: { name, arguments: '' } };
        call.function.arguments += more;
    }

    checkEnd({ result: { finish_reason: reason, usage } }) {
        const { expected } = this.question;
        const got = { text: this.#text, calls: callsOf(this.#calls), reason, used: usage.completion_tokens };
        const wanted = { text: expected.text, calls: callsOf(expected.tool_calls ?? []),
            reason: expected.finish_reason, used: expected.usage.completion_tokens };
        if (JSON.stringify(got) !== JSON.stringify(wanted))
            this.wrong.push(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
        if (this.#tokens > wanted.used) this.wrong.push(`${this.#tokens} tokens came`);
    }
}

/** The questions with the answers that every one of these kinds of browser gives, undisturbed. */
export async function questions(daemon, kinds) {
    const asked = [];
    for (const question of QUESTIONS) {
        const { what, messages, options } = question;
        const answers = [];
        for (const browser of kinds)
            answers.push((await daemon.answer({ model_name: VARIANT, browser, options,
                inputs: { messages } })).result);
        const said = ({ text, tool_calls: calls = [] }) => JSON.stringify([text, callsOf(calls)]);
        if (new Set(answers.map(said)).size > 1)
            throw new Error(`${what} differs from browser to browser: ${answers.map(said)}`);
        asked.push({ ...question, expected: answers[0] });
    }
    return asked;
}
