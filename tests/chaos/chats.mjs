/**
 * The language models among the load: answers of the sample chat model, and long ones of a model that
 * says the same letters round and round, as streams. What they must be is asked of every kind of
 * browser before anything breaks; afterwards each must come out the same, letter for letter, wherever
 * it was begun and wherever it went on.
 */
import { openEvents } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { PartClient } from '../lib/part-client.mjs';

/** The sample, and the one that talks for long. */
export const MODEL = 'finch';
const LETTERS = 'letters';

/** Puts the model of letters into a store. */
export const putLetters = (store) => putGguf(store, LETTERS, { follow: 'abcdefgh' });

const user = (content) => [{ role: 'user', content }];
const STORY = user('Tell me a story.');
const CLOCK = { type: 'function', function: { name: 'get_time', description: 'Tells the time.',
    parameters: { type: 'object', properties: {} } } };
const SUM = [...user('My name is Ada.'), { role: 'assistant', content: 'Nice to meet you, Ada.' },
    ...user('What is 47 + 38?')];
/** What is asked of the sample. */
const QUESTIONS = [
    { what: 'a story', messages: STORY, options: { temperature: 0 } },
    { what: 'a story by lot', messages: STORY, options: { temperature: 0.4, seed: 7 } },
    { what: 'two stories by lot', messages: STORY, options: { temperature: 0.4, seed: 7, n: 2 } },
    { what: 'a story by a grammar', messages: STORY,
        options: { temperature: 0, grammar: 'root ::= [a-zA-Z ,.]+' } },
    { what: 'a sum', messages: SUM, options: { temperature: 0 } },
    { what: 'a call', messages: user('What time is it?'),
        options: { temperature: 0, tools: [CLOCK] } },
    { what: 'an answer with a tool at hand', messages: user('Who are you?'),
        options: { temperature: 0, tools: [CLOCK] } },
].map(({ messages, ...question }) => ({ model: `${MODEL}:F32`, inputs: { messages }, ...question }));
/** What takes seconds: there is always an answer that a fault can interrupt. */
const LONG = [
    { what: 'letters', options: { temperature: 0 } },
    { what: 'letters by lot', options: { temperature: 0.5, seed: 3 } },
    { what: 'two lots of letters', options: { temperature: 0.5, seed: 3, n: 2 } },
].map(({ options, ...question }) => ({ model: LETTERS, inputs: 'abc', ...question,
    options: { ...options, max_tokens: 1500 } }));

const callsOf = (calls) => calls.map(({ function: { name, arguments: text } }) => [name, text]);

/** The answers of a result: most have one. */
const answersOf = ({ choices, ...only }) => choices ?? [only];

const toldOf = ({ text, tool_calls: calls = [], finish_reason: reason }) => ({ text, calls: callsOf(calls), reason });

/** A question's answers as they come, held against the undisturbed ones. */
export class Chat extends PartClient {
    #answers;
    #tokens = 0;

    constructor(daemon, question, head) {
        const { model, inputs, options, expected } = question;
        super(daemon, { model_name: model, inputs, options, ...head });
        this.question = question;
        this.options = { count: expected?.usage.completion_tokens ?? 1 };
        this.#answers = answersOf(expected).map(() => ({ text: '', tool_calls: [] }));
    }

    checkPart({ index, text = '', tokens = [], result }) {
        const answer = this.#answers[index];
        if (!answer) return void this.wrong.push(`a part of answer ${index}`);
        if (answer.finish_reason) this.wrong.push(`a part of answer ${index} after its end`);
        answer.text += text;
        answer.finish_reason = result?.finish_reason;
        this.#tokens += tokens.length;
        for (const call of result?.tool_calls ?? []) addCall(answer.tool_calls, call);
        if (!answersOf(this.question.expected)[index].text.startsWith(answer.text))
            this.wrong.push(`"${answer.text}" is not how it begins`);
    }

    checkEnd({ result }) {
        const { expected } = this.question;
        const ends = answersOf(result).map(({ finish_reason: reason }) => reason);
        const got = { answers: this.#answers.map(toldOf), ends, used: result.usage.completion_tokens };
        const answers = answersOf(expected).map(toldOf);
        const wanted = { answers, ends: answers.map(({ reason }) => reason), used: expected.usage.completion_tokens };
        if (JSON.stringify(got) !== JSON.stringify(wanted))
            this.wrong.push(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
        if (this.#tokens > wanted.used) this.wrong.push(`${this.#tokens} tokens came`);
    }
}

/** A question that Ollama's clients can ask: one answer, and no grammar. */
export const isForLines = ({ inputs, options: { n, grammar } }) => inputs.messages && !n && !grammar;

/** As an error with a code: its text says the cause of the one that may come. */
const errorOf = (detail) =>
    ({ detail, ...detail.includes('ran only this job') && { code: 'attempts_exhausted' } });

/** The same of a client of Ollama's, whose stream is of lines, without places to come back to. Calls
 * come whole. */
export class LineChat {
    parts = 0;
    gaps = 0;
    repeated = 0;
    wrong = [];
    done = null;
    error = null;
    #text = '';
    #calls = [];

    constructor(daemon, question) {
        const { model, inputs: { messages }, options: { tools, ...options }, expected } = question;
        Object.assign(this, { daemon, question,
            options: { count: expected.usage.completion_tokens },
            body: { model, messages, options, ...tools && { tools } } });
    }

    get id() { return this.stream?.headers.location?.split('/').pop(); }

    /** Sends the request; false where the answer is no stream, which `error` then tells. */
    async open() {
        this.stream = await openEvents(`${this.daemon.url}/api/chat`,
            { body: this.body, headers: { Accept: 'application/x-ndjson' } });
        if (this.stream.status !== 200) this.error = { status: this.stream.status, ...errorOf(this.stream.problem.error) };
        return this.stream.status === 200;
    }

    /** Takes lines until the last one, or until `enough` says so or the connection ends. */
    async read({ enough = () => false } = {}) {
        for await (const { json } of this.stream) {
            if (this.done || this.error) this.wrong.push('a line after the end');
            else if (json.error) this.error = errorOf(json.error);
            else if (json.done) this.#end(json);
            else this.#book(json.message);
            if (await enough(this)) return;
        }
    }

    #book({ content, tool_calls: calls = [] }) {
        this.parts++;
        this.#text += content;
        this.#calls.push(...calls);
        if (!this.question.expected.text.startsWith(this.#text))
            this.wrong.push(`"${this.#text}" is not how it begins`);
    }

    #end(line) {
        const { text, tool_calls: calls = [], finish_reason: reason, usage } = this.question.expected;
        this.done = line;
        const got = { text: this.#text, reason: line.done_reason, used: line.eval_count,
            calls: this.#calls.map(({ function: { name, arguments: given } }) => [name, given]) };
        const wanted = { text, reason: reason === 'length' ? reason : 'stop', used: usage.completion_tokens,
            calls: calls.map(({ function: { name, arguments: given } }) => [name, JSON.parse(given)]) };
        if (JSON.stringify(got) !== JSON.stringify(wanted))
            this.wrong.push(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
    }

    explain() {
        const { body: { options }, parts, wrong, error, done } = this;
        return JSON.stringify({ options, parts, wrong, error, done });
    }
}

function addCall(calls, { index, function: { name, arguments: more = '' } }) {
    const call = calls[index] ??= { function: { name, arguments: '' } };
    call.function.arguments += more;
}

/** The questions, short and long, with the answers that every one of these kinds of browser gives,
 * undisturbed. */
export async function questions(daemon, kinds) {
    return { short: await answered(daemon, kinds, QUESTIONS), long: await answered(daemon, kinds, LONG) };
}

async function answered(daemon, kinds, list) {
    const asked = [];
    for (const question of list) {
        const { what, model, inputs, options } = question;
        const answers = [];
        for (const browser of kinds)
            answers.push((await daemon.answer({ model_name: model, browser, options, inputs })).result);
        const said = (result) => JSON.stringify(answersOf(result).map(toldOf));
        if (new Set(answers.map(said)).size > 1)
            throw new Error(`${what} differs from browser to browser: ${answers.map(said)}`);
        asked.push({ ...question, expected: answers[0] });
    }
    return asked;
}
