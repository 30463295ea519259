/**
 * The `llama` engine: one GGUF model through llama.cpp in WASM, which computes several requests at a
 * time. How many it is given, and of what, is llama_slots.js; what it is asked, llama_body.js; what
 * becomes of its tokens, llama_answer.js.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { readHead } from './gguf.js';
import { Answer, plain, Sent } from './llama_answer.js';
import { checkOptions, completionBody, taskOf } from './llama_body.js';
import { LlamaFiles, weightsOf } from './llama_files.js';
import { Loading } from './llama_loading.js';
import { ActionError } from './llama_module.js';
import { planOf } from './llama_plan.js';
import { Prefixes } from './llama_prefixes.js';
import { Slots } from './llama_slots.js';
import { wasmMemory } from './memory.js';
import { LLAMA } from '../shared/messages.js';

/** @typedef {import('../shared/messages.js').EngineSettings} EngineSettings */
/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('./engine.js').Outcome} Outcome */
/** @typedef {import('./gguf.js').Head} Head */
/** @typedef {import('./llama_module.js').LlamaModule} LlamaModule */
/** @typedef {import('./llama_answer.js').Parser} Parser */
/** @typedef {import('./run.js').Run} Run */
/** @typedef {Record<string, any>} Options */
/** A prompt as llama.cpp is to complete it; `preserved` are special tokens that come out as text.
 * @typedef {{text: string, grammar: string | null, stop: readonly string[], preserved: readonly string[],
 *   parser: (choice: number) => Parser}} Prompt */
/** The chat's part: templates, tools, grammars (page/src/chat).
 * @typedef {object} Chat
 * @property {(chat: {template: string | null, bos: string, eos: string, messages: any, options: Options}) =>
 *   Promise<{prompt: string, grammar: string | null, stop: string[], preserved: string[], makeParser: (choice: number) => Parser}>} prepare
 * @property {(options: Options) => string | null} grammarOf a text's, of `grammar` or `json_schema`
 */
/** @typedef {{key: string, module: LlamaModule, slots: Slots, prefixes: Prefixes, head: Head, context: number,
 *   makes: 'text' | 'vectors' | 'scores', bos: string, eos: string,
 *   addsStart: boolean, quantization: string | null}} Loaded */

/** What general.file_type of a GGUF file stands for. */
const FILE_TYPES = Object.freeze({
    0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 7: 'Q8_0', 8: 'Q5_0', 9: 'Q5_1', 10: 'Q2_K', 11: 'Q3_K_S', 12: 'Q3_K_M', 13: 'Q3_K_L',
    14: 'Q4_K_S', 15: 'Q4_K_M', 16: 'Q5_K_S', 17: 'Q5_K_M', 18: 'Q6_K', 24: 'IQ1_S', 25: 'IQ4_NL', 30: 'IQ4_XS', 32: 'BF16',
});
const THREADS = 1; // more than idle cores cost twenty times what they bring

export class LlamaEngine {
    /** @param {string} version @param {(files: LlamaFiles) => LlamaModule} makeModule @param {Chat} chat */
    constructor(version, makeModule, chat) {
        this.name = 'llama';
        this.version = version;
        this.info = LLAMA;
        this.steps = true;
        this._makeModule = makeModule;
        this._chat = chat;
        this._credential = '';
        /** @type {Loaded | null} */
        this._loaded = null;
        /** @type {Loading | null} */
        this._loading = null;
        /** Told when it begins to come up, and when it has. @type {(up: boolean) => void} */
        this.onStart = () => {};
    }

    /** @param {EngineSettings} settings */
    configure({ credential }) {
        this._credential = credential;
    }

    /** @param {string} key */
    has(key) {
        return this._loaded?.key === key;
    }

    get loadedCount() {
        return this._loaded ? 1 : 0;
    }

    async start() {}

    memory() {
        return wasmMemory();
    }

    /** The worker that holds it is ended with it. */
    async unload() {
        this._loaded = null;
    }

    // --- loading -------------------------------------------------------------------------------------

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled one who no longer waits; the load ends with the last of them */
    async load(task, onProgress, cancelled) {
        this._loading ??= new Loading((report, signal) =>
            this._load(task, report, signal).finally(() => { this._loading = null; }));
        await this._loading.wait(onProgress, cancelled);
        throwIfCancelled(cancelled);
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} signal */
    async _load({ key, model, options, task }, onProgress, signal) {
        const files = new LlamaFiles(weightsOf(model), this._credential, onProgress, signal);
        const head = await readHead((size) => files.beginning(size));
        const { context: wanted } = checkOptions(taskOf(task ?? 'complete'), task ? options : {});
        const plan = planOf(head, files.total, wanted);
        const module = this._makeModule(files);
        await module.start();
        throwIfCancelled(signal);
        const said = await module.action('load', {
            _name: 'load_req', model_paths: module.paths(), n_ctx_auto: false, use_mmap: false, use_mlock: false, n_gpu_layers: 0,
            n_ctx: plan.context * plan.slots, n_threads: THREADS, n_parallel: plan.slots, kv_unified: false, log_level: 2,
            n_batch: plan.batch, n_ubatch: plan.batch, flash_attn: false, embeddings: true,
            pooling_type: plan.pooling, warmup: false,
        }).catch((error) => {
            throw error instanceof ActionError ? new Failure('model_invalid', `llama.cpp cannot load it: ${error.message}`) : error;
        });
        throwIfCancelled(signal);
        if (!said.success) throw new Failure('model_invalid', `llama.cpp cannot load it: ${module.lastError || 'it does not say why'}`);
        this._loaded = {
            key, module, head, context: plan.context, makes: plan.makes, prefixes: new Prefixes(),
            slots: new Slots(module, plan.slots, plan.context + 1000),
            bos: head.token(said.token_bos) ?? '', eos: head.token(said.token_eos) ?? '', addsStart: said.add_bos_token,
            quantization: FILE_TYPES[/** @type {0} */ (head.values.get('general.file_type'))] ?? null,
        };
    }

    // --- running -------------------------------------------------------------------------------------

    /** @param {RunMessage} task @param {Run} run @returns {Promise<Outcome>} */
    async run(task, run) {
        const loaded = /** @type {Loaded} */ (this._loaded);
        const kind = taskOf(task.task);
        const options = checkOptions(kind, task.options);
        if (options.context > loaded.context) {
            throw new Failure('input_invalid', `The model is loaded with a context of ${loaded.context} tokens.`,
                { field: 'options.context', expected: `at most ${loaded.context}` });
        }
        checkUse(kind, loaded.makes);
        const outcome = await this._runTask(kind, loaded, task, options, run);
        return { ...outcome, build: loaded.module.build.name, threads: THREADS, quantization: loaded.quantization };
    }

    /** @param {import('./llama_body.js').TextTask} kind @param {Loaded} loaded @param {RunMessage} task
     * @param {Options} options @param {Run} run @returns {Promise<Outcome>} */
    _runTask(kind, loaded, task, options, run) {
        switch (kind) {
        case 'embed': return embed(loaded, textsOf(task.input?.texts, 'texts'), options, run);
        case 'rerank': return rerank(loaded, textOf(task.input?.query, 'query'), textsOf(task.input?.documents, 'documents'), run);
        case 'tokenize':
            throw new Failure('operator_unsupported', 'llama.cpp in a page has no way to tell the tokens of a text.');
        case 'complete': return this._generate(loaded, this._completion(task.input, options), task, options, run);
        default: return this._converse(loaded, task, options, run);
        }
    }

    /** @param {any} input @param {Options} options @returns {Prompt} */
    _completion(input, options) {
        const grammar = this._chat.grammarOf(options);
        return { text: textOf(input?.prompt, 'prompt'), grammar, stop: options.stop ?? [], preserved: [], parser: plain };
    }

    /** @param {Loaded} loaded @param {RunMessage} task @param {Options} options @param {Run} run */
    async _converse(loaded, task, options, run) {
        const { bos, eos, head } = loaded;
        const template = head.values.get('tokenizer.chat_template');
        const { prompt: text, grammar, stop, preserved, makeParser: parser } = await this._chat.prepare({
            template: typeof template === 'string' ? template : null, bos, eos, messages: task.input?.messages, options,
        });
        throwIfCancelled(run.signal);
        const prompt = { text, grammar, stop: [...options.stop ?? [], ...stop], preserved, parser };
        return this._generate(loaded, prompt, task, options, run);
    }

    /** @param {Loaded} loaded @param {Prompt} prompt @param {RunMessage} task @param {Options} options @param {Run} run
     * @returns {Promise<Outcome>} */
    async _generate(loaded, prompt, task, options, run) {
        const { slots, bos, addsStart } = loaded;
        const count = options.n ?? 1;
        if (count > slots.count) {
            throw new Failure('input_invalid', `The model gives at most ${slots.count} answers at a time here.`,
                { field: 'options.n', expected: `at most ${slots.count}` });
        }
        // llama.cpp adds the start token itself.
        if (addsStart && bos && prompt.text.startsWith(bos)) prompt = { ...prompt, text: prompt.text.slice(bos.length) };
        const generation = new Generation(loaded, prompt, options, task.owner ?? null, run);
        const answers = count === 1 ? [await generation.only()]
            : await Promise.all(Array.from({ length: count }, (_, index) => generation.one(index)));
        return { tensors: [], result: resultOf(answers) };
    }
}

/** A model that makes vectors writes nothing, and only one that is made for it ranks.
 * @param {import('./llama_body.js').TextTask} kind @param {Loaded['makes']} makes */
function checkUse(kind, makes) {
    const fits = kind === 'rerank' ? makes === 'scores' : kind === 'embed' ? makes !== 'scores' : makes === 'text';
    if (!fits) throw new Failure('input_invalid', `The model makes ${makes}: it has no task "${kind}".`, { field: 'inputs' });
}

/** @param {Answer[]} answers */
function resultOf(answers) {
    const [first] = answers;
    const usage = { ...first.usage, completion_tokens: answers.reduce((sum, { usage: { completion_tokens: more } }) => sum + more, 0) };
    const { timings } = first;
    if (answers.length === 1) return { ...first.result(), usage, timings };
    return { choices: answers.map((answer, index) => ({ index, ...answer.result() })), usage, timings };
}

/** What one task asks to be generated. */
class Generation {
    /** @param {Loaded} loaded @param {Prompt} prompt @param {Options} options @param {string | null} owner @param {Run} run */
    constructor(loaded, prompt, options, owner, run) {
        this._loaded = loaded;
        this._prompt = prompt;
        this._options = options;
        this._owner = owner;
        this._run = run;
    }

    /** The task's only answer, which another node may have begun. */
    only() {
        const { from } = this._run;
        if (!from || !(from.text || from.tokens?.length)) return this.one(0);
        return this._isGreedy && from.text && from.tokens?.length ? this._goOn(from.text, from.tokens) : this.one(0, new Sent(from));
    }

    /** @param {number} index @param {Sent | null} [sent] what the client of it has already */
    async one(index, sent = null) {
        const answer = this._answer(index, this._prompt.parser(index), sent);
        await this._complete(this._prompt.text, this._options, index, (data) => answer.take(data));
        return answer;
    }

    /** Whether the next token depends on nothing but those before it. */
    get _isGreedy() {
        const { temperature, logprobs, tools } = this._options;
        return temperature === 0 && !logprobs && !tools && !this._prompt.grammar;
    }

    /**
     * Goes on after a text that was sent, if that is read as as many tokens as it was made of: else from
     * the start.
     * @param {string} text @param {number[]} tokens
     */
    async _goOn(text, tokens) {
        const { max_tokens: most = Infinity } = this._options;
        const before = await this._lengthOf(this._prompt.text);
        const all = await this._lengthOf(this._prompt.text + text);
        if (all - before !== tokens.length || tokens.length >= most) return this.one(0, new Sent({ text, tokens }));
        const parser = this._prompt.parser(0);
        parser.push(text);
        const answer = this._answer(0, parser, null);
        const options = most < Infinity ? { ...this._options, max_tokens: most - tokens.length } : this._options;
        await this._complete(this._prompt.text + text, options, 0, (data) => answer.take(data));
        answer.usage.prompt_tokens = before;
        answer.usage.completion_tokens += tokens.length;
        return answer;
    }

    /** Tokens of a prompt, which then lies in the cache. @param {string} text */
    async _lengthOf(text) {
        let length = 0;
        await this._complete(text, { max_tokens: 0 }, 0, ({ prompt_progress: progress, __verbose: said }) => {
            length = progress?.total ?? said?.tokens_evaluated ?? length;
        });
        return length;
    }

    /** @param {number} index @param {Parser} parser @param {Sent | null} sent */
    _answer(index, parser, sent) {
        const { logprobs = false, top_logprobs: topLogprobs = 0 } = this._options;
        return new Answer(this._run, index, parser, { logprobs, topLogprobs }, sent);
    }

    /** @param {string} prompt @param {Options} options @param {number} choice @param {(data: any) => void} onResult */
    async _complete(prompt, options, choice, onResult) {
        const { slots, prefixes } = this._loaded;
        const { grammar, stop, preserved } = this._prompt;
        const alone = this._options.deterministic === true;
        const cache = !alone && prefixes.mayUse(this._owner, prompt);
        let text = prompt;
        await slots.run({
            action: 'completion', body: completionBody(prompt, options, { grammar, stop, preserved, cache, choice }), alone, signal: this._run.signal,
            onStep: (ms) => this._run.stepTook(ms),
            onResult: (data) => {
                text += data.choices?.[0]?.text ?? '';
                onResult(data);
            },
        }).catch((thrown) => {
            throw failureOf(thrown, grammar);
        }).finally(() => prefixes.add(this._owner, text));
    }
}

/** What llama.cpp says of a request that it does not take. @param {unknown} thrown @param {string | null} grammar */
function failureOf(thrown, grammar) {
    const message = thrown instanceof Error ? thrown.message : '';
    if (grammar && /sampler|grammar/i.test(message)) {
        return new Failure('input_invalid', `The grammar cannot be used: ${message.slice(0, 300)}`, { field: 'options.grammar' });
    }
    if (!(thrown instanceof ActionError)) return thrown;
    return /UTF-8/i.test(message) ? new Failure('inference_failed', 'The model has made bytes that are no text.')
        : new Failure('inference_failed', message.slice(0, 500));
}

// --- embeddings ----------------------------------------------------------------------------------------

/** @param {Loaded} loaded @param {string[]} texts @param {Options} options @param {Run} run @returns {Promise<Outcome>} */
async function embed(loaded, texts, { dimensions, normalize = true }, run) {
    /** @type {number[][]} */
    const rows = [];
    let tokens = 0;
    for (const text of texts) {
        await loaded.slots.run({
            action: 'embedding', body: { input: text, embd_normalize: normalize ? 2 : -1 }, signal: run.signal,
            onStep: (ms) => run.stepTook(ms),
            onResult: (data) => {
                rows.push(cut(data.data[0].embedding, dimensions, normalize));
                tokens += data.usage?.prompt_tokens ?? 0;
            },
        }).catch((thrown) => {
            throw failureOf(thrown, null);
        });
        run.progress('prompt', rows.length, texts.length);
    }
    const width = rows[0]?.length ?? 0;
    const values = new Float32Array(rows.length * width);
    rows.forEach((row, index) => values.set(row, index * width));
    return {
        tensors: [{ name: 'embeddings', datatype: 'FP32', shape: [rows.length, width], bytes: new Uint8Array(values.buffer) }],
        result: { usage: usageOf(tokens) },
    };
}

/** @param {number[]} row @param {number | undefined} dimensions @param {boolean} normalize */
function cut(row, dimensions, normalize) {
    if (dimensions === undefined || dimensions === row.length) return row;
    if (dimensions > row.length) {
        throw new Failure('input_invalid', `The model's embeddings have ${row.length} dimensions.`,
            { field: 'options.dimensions', expected: `at most ${row.length}` });
    }
    const short = row.slice(0, dimensions);
    const length = Math.hypot(...short);
    return normalize && length > 0 ? short.map((value) => value / length) : short;
}

/** @param {Loaded} loaded @param {string} query @param {string[]} documents @param {Run} run @returns {Promise<Outcome>} */
async function rerank(loaded, query, documents, run) {
    /** @type {number[]} */
    const scores = [];
    let tokens = 0;
    for (const document of documents) {
        await loaded.slots.run({
            action: 'rerank', body: { query, document }, signal: run.signal, onStep: (ms) => run.stepTook(ms),
            onResult: (data) => {
                scores.push(data.score);
                tokens += data.tokens_evaluated ?? 0;
            },
        }).catch((thrown) => {
            throw failureOf(thrown, null);
        });
        run.progress('prompt', scores.length, documents.length);
    }
    return { tensors: [], result: { scores, usage: usageOf(tokens) } };
}

/** @param {number} tokens */
const usageOf = (tokens) => ({ prompt_tokens: tokens, completion_tokens: 0, cached_tokens: 0 });

/** @param {any} text @param {string} name */
function textOf(text, name) {
    if (typeof text === 'string') return text;
    throw new Failure('input_invalid', `The task has no ${name}.`, { field: `inputs.${name}`, expected: 'a text' });
}

/** @param {any} texts @param {string} name @returns {string[]} */
function textsOf(texts, name) {
    const isList = Array.isArray(texts) && texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '');
    if (isList) return texts;
    throw new Failure('input_invalid', `The task has no ${name}.`, { field: `inputs.${name}`, expected: 'a list of texts that are not empty' });
}
