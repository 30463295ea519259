/**
 * The `llama` engine: one GGUF model through llama.cpp in WASM, or on a GPU if requested, which computes several
 * requests at a time. llama_slots.js decides how many requests it gets, llama_body.js builds the requests, and
 * llama_answer.js handles the tokens.
 */
import { plain } from './answer.js';
import { Failure, throwIfCancelled } from './failure.js';
import { readHead } from './gguf.js';
import { optionsOf, taskOf } from './llama_body.js';
import { bringUp } from './llama_bring.js';
import { LlamaFiles, weightsOf } from './llama_files.js';
import { generate } from './llama_generation.js';
import { Loads } from './loads.js';
import { planOf } from './llama_plan.js';
import { embed, rerank } from './llama_vectors.js';
import { warmUp } from './llama_warmup.js';
import { wasmMemory } from './memory.js';
import { promptsOf } from './options.js';
import { profileOfTimings } from './profile.js';
import { LIKELY } from './raw.js';
import { Store } from './store.js';
import { LLAMA } from '../shared/messages.js';

/** @import { EngineSettings, RunMessage } from '../shared/messages.js' */
/** @import { Outcome } from './engine.js' */
/** @import { Loaded } from './llama_bring.js' */
/** @import { LlamaModule } from './llama_module.js' */
/** @import { Parser } from './answer.js' */
/** @import { Run } from './run.js' */
/** @import { Cost, Prompt } from './llama_generation.js' */
/** @typedef {Record<string, any>} Options */
/** The chat's part: templates, tools, grammars (page/src/chat).
 * @typedef {object} Chat
 * @property {(chat: {template: string | null, bos: string, eos: string, messages: any, options: Options,
 *   picture?: string}) => Promise<{prompt: string, grammar: string | null, stop: string[], preserved: string[],
 *   makeParser: (choice: number) => Parser}>} prepare
 * @property {(options: Options) => string | null} grammarOf a text's, of `grammar` or `json_schema`
 * @property {(grammar: string) => Cost} costOf of one of theirs, along one answer
 */

/** llama.cpp's threads wait for each other by spinning, many times for each token: with more threads than this, or on
 * all cores, the core of one of them usually has other work to do. */
const THREADS_MOST = 4;
/** The shortest interval between reports of the slots' sizes. */
const SLOTS_EVERY_MS = 500;
/** The shortest interval between signs of life. */
const LIFE_EVERY_MS = 1000;

export class LlamaEngine {
    /** @param {string} version
     * @param {(files: LlamaFiles, threads: number) => LlamaModule} makeModule @param {Chat} chat
     * @param {boolean} [onGpu] whether models are put on a GPU, or refused */
    constructor(version, makeModule, chat, onGpu = false) {
        this.name = 'llama';
        this.version = version;
        this.info = LLAMA;
        this.steps = true;
        this._makeModule = makeModule;
        this._chat = chat;
        this._onGpu = onGpu;
        /** @type {import('../shared/messages.js').Credential} */
        this._credential = '';
        this._store = new Store();
        /** @type {import('../shared/messages.js').LanguageModels} */
        this._models = { context: 0, slots: LLAMA.slots, warmup: false, flash: false, threads: 1, budget: Infinity };
        /** @type {Loaded | null} */
        this._loaded = null;
        this._share = 1; /* of the machine's cores */
        this._warming = new AbortController(); /* ends the warm-up */
        this._loads = new Loads();
        /** @type {(message: import('../shared/messages.js').EngineNews) => void} */
        this.tell = () => {};
        this._tells = false; /* the slots' sizes are to be told soon */
        this._lived = -Infinity; /* when it was last told that it comes on */
    }

    /** @param {EngineSettings} settings @param {import('./other_pages.js').Others} [others] */
    configure({ credential, models, threads, keep }, others) {
        this._credential = credential;
        this._store = new Store(keep, others);
        this._models = models ?? this._models;
        this._share = threads;
    }

    /** The number of threads for a model. On a GPU one is enough, because it only waits. */
    get _threads() {
        if (this._onGpu) return 1;
        return this._models.threads || Math.max(1, Math.min(this._share - 1, THREADS_MOST));
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
        return wasmMemory() + (this._loaded?.module.onGpu ?? 0);
    }

    /** The worker that holds it is ended with it. */
    async unload() {
        this._warming.abort();
        this._loaded?.module.end();
        this._loaded = null;
    }

    // --- loading -------------------------------------------------------------------------------------

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress
     * @param {AbortSignal} cancelled ends one caller's wait; the load ends with the last of them */
    load(task, onProgress, cancelled) {
        return this._loads.join((report, signal) => this._load(task, report, signal), onProgress, cancelled);
    }

    /** @param {RunMessage} task
     * @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} signal */
    async _load({ key, model, options, task, load_only: isForNobody, prompt_ms: promptMs = 0 }, onProgress, signal) {
        const weights = weightsOf(model);
        const lives = (/** @type {number} */ ms = 0) => this._lives(ms);
        const files = new LlamaFiles(weights, this._credential, onProgress, signal, lives, this._store);
        await files.bring();
        const head = await readHead((size) => files.beginning(size));
        const { context: wanted } = optionsOf(taskOf(task ?? 'complete'), task ? options : {});
        const slotsMost = Math.min(this._models.slots || LLAMA.slots, LLAMA.slots);
        const plan = planOf(head, files.total, wanted ?? this._models.context, slotsMost, promptMs, this._models.budget,
            this._onGpu);
        const loaded = this._loaded = await bringUp(this._makeModule(files, this._threads), {
            key, head, plan, flash: this._onGpu && this._models.flash, changed: () => this._noteSlots(), lives, starts: (up) => this.tell({ type: 'start', up }), fetches: onProgress,
        }, signal);
        if (isForNobody && this._models.warmup && plan.makes === 'text') this._warmUp(loaded);
    }

    /** @param {Loaded} loaded */
    async _warmUp({ key, slots }) {
        const { signal } = this._warming = new AbortController();
        // The next task will meet the fault, if there is one.
        const speed = await warmUp(slots, signal).catch(() => null);
        if (speed) this.tell({ type: 'speed', key, speed });
    }

    /** It comes on with what it was given. @param {number} stepMs what a step took, 0: it was none */
    _lives(stepMs) {
        const now = performance.now();
        if (now - this._lived < LIFE_EVERY_MS) return;
        this._lived = now;
        this.tell({ type: 'lives', step_ms: stepMs });
    }

    /** Requests have begun or ended. */
    _noteSlots() {
        if (this._tells) return;
        this._tells = true;
        setTimeout(() => {
            this._tells = false;
            if (!this._loaded) return;
            const { key, slots, context } = this._loaded;
            const sizes = slots.sizes();
            const cached = Math.min(sizes.cached_tokens, sizes.count * context);
            this.tell({ type: 'slots', key, slots: { ...sizes, cached_tokens: cached, context } });
        }, SLOTS_EVERY_MS);
    }

    // --- running -------------------------------------------------------------------------------------

    /** @param {RunMessage} task @param {Run} run @returns {Promise<Outcome>} */
    async run(task, run) {
        const loaded = /** @type {Loaded} */ (this._loaded);
        this._warming.abort();
        const kind = taskOf(task.task);
        const options = optionsOf(kind, task.options);
        if (task.benchmark) options.deterministic = true; // it reads its prompt each time
        if (run.raw) Object.assign(options, { logprobs: true, top_logprobs: LIKELY });
        if (options.context > loaded.context) {
            throw new Failure('input_invalid',
                `the model is loaded with a context of ${loaded.context} tokens`,
                { field: 'options.context', expected: `at most ${loaded.context}` });
        }
        checkUse(kind, loaded.makes);
        const { module: { threads, build }, quantization } = loaded;
        return { ...await this._runTask(kind, loaded, task, options, run), build: build.name, threads, quantization };
    }

    /** @type {NonNullable<import('./engine.js').Engine['profile']>} */
    async profile(_task, profiling) {
        return profileOfTimings(profiling);
    }

    /** @param {import('./llama_body.js').TextTask} kind @param {Loaded} loaded @param {RunMessage} task
     * @param {Options} options @param {Run} run @returns {Promise<Outcome>} */
    async _runTask(kind, loaded, { input, ...task }, options, run) {
        const { slots, apart } = loaded;
        const alone = task.alone === true || options.deterministic === true;
        const terms = { owner: task.owner ?? null, alone, steady: options.deterministic === true && !task.benchmark };
        switch (kind) {
        case 'embed': return embed(slots, textsOf(input?.texts, 'texts'), options, alone || apart, run);
        case 'rerank': return rerank(slots, textOf(input?.query, 'query'),
            textsOf(input?.documents, 'documents'), alone || apart, run);
        case 'tokenize': return this._tokenize(loaded, input, options, alone, run);
        case 'complete': return generate(loaded, this._completions(loaded, input, options), options, terms, run);
        default: return generate(loaded, [await this._conversation(loaded, input, options, run)], options,
            terms, run);
        }
    }

    /** A text, or a conversation as the model would read it.
     * @param {Loaded} loaded @param {any} input @param {Options} options @param {boolean} alone
     * @param {Run} run @returns {Promise<Outcome>} */
    async _tokenize(loaded, input, options, alone, run) {
        if (input?.messages) {
            const { text } = await this._conversation(loaded, input, options, run);
            return tokenize(loaded, text, true, alone, run);
        }
        const text = textOf(input?.text, 'text'), isWhole = input?.add_special === true;
        return tokenize(loaded, isWhole ? withoutStart(loaded, text) : text, isWhole, alone, run);
    }

    /** @param {Loaded} loaded @param {any} input @param {Options} options @returns {Prompt[]} */
    _completions(loaded, input, options) {
        const grammar = this._chat.grammarOf(options);
        return promptsOf(input).map((prompt) => {
            const text = textOf(prompt, 'prompt');
            return this._prompt(loaded, { text, grammar, stop: options.stop ?? [], preserved: [], parser: plain });
        });
    }

    /** @param {Loaded} loaded
     * @param {any} input @param {Options} options @param {Run} run @returns {Promise<Prompt>} */
    async _conversation(loaded, input, options, run) {
        const { bos, eos, head } = loaded;
        const template = head.values.get('tokenizer.chat_template');
        const { prompt: text, grammar, stop, preserved, makeParser: parser } = await this._chat.prepare({
            template: typeof template === 'string' ? template : null, bos, eos,
            messages: input?.messages, options,
        });
        throwIfCancelled(run.signal);
        return this._prompt(loaded, { text, grammar, stop: [...options.stop ?? [], ...stop], preserved, parser });
    }

    /** @param {Loaded} loaded @param {Omit<Prompt, 'cost'>} prompt its text may have the start token @returns {Prompt} */
    _prompt(loaded, prompt) {
        const { text, grammar } = prompt;
        return { ...prompt, text: withoutStart(loaded, text), cost: () => (grammar === null ? null : this._chat.costOf(grammar)) };
    }
}

/** A prompt's text for the tokenizer, which adds the start token itself. @param {Loaded} loaded @param {string} text */
const withoutStart = ({ addsStart, bos }, text) => (addsStart && bos && text.startsWith(bos) ? text.slice(bos.length) : text);

/** @param {Loaded} loaded @param {string} text @param {boolean} special whether with the tokens that are
 *   added before and after every text @param {boolean} alone @param {Run} run @returns {Promise<Outcome>} */
async function tokenize({ tokenizer, ends }, text, special, alone, run) {
    const [ids] = await tokenizer.ids([text],
        { alone, signal: run.signal, onStep: (ms) => run.stepTook(ms) });
    return { tensors: [], result: { tokens: special ? [...ends.before, ...ids, ...ends.after] : ids } };
}

/** A model that makes vectors writes nothing, and only one that is made for it ranks.
 * @param {import('./llama_body.js').TextTask} kind @param {Loaded['makes']} makes */
function checkUse(kind, makes) {
    const fits = kind === 'rerank' ? makes === 'scores'
        : kind === 'embed' ? makes !== 'scores' : makes === 'text';
    if (!fits) {
        throw new Failure('input_invalid', `the model makes ${makes}: it has no task "${kind}"`,
            { field: 'inputs' });
    }
}

/** @param {any} text @param {string} name */
function textOf(text, name) {
    if (typeof text === 'string') return text;
    throw new Failure('input_invalid', `the task has no ${name}`,
        { field: `inputs.${name}`, expected: 'a text' });
}

/** @param {any} texts @param {string} name @returns {string[]} */
function textsOf(texts, name) {
    const isList = Array.isArray(texts) && texts.length > 0
        && texts.every((text) => typeof text === 'string' && text !== '');
    if (isList) return texts;
    throw new Failure('input_invalid', `the task has no ${name}`,
        { field: `inputs.${name}`, expected: 'a list of texts that are not empty' });
}
