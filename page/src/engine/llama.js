/**
 * The `llama` engine: one GGUF model through llama.cpp in WASM, which computes several requests at a
 * time. How many it is given, and of what, is llama_slots.js; what it is asked, llama_body.js; what
 * becomes of its tokens, llama_answer.js.
 */
import { Failure, throwIfCancelled } from './failure.js';
import { readHead } from './gguf.js';
import { plain } from './llama_answer.js';
import { checkOptions, completionBody, taskOf } from './llama_body.js';
import { LlamaFiles, weightsOf } from './llama_files.js';
import { generate } from './llama_generation.js';
import { Loads } from './llama_loading.js';
import { ActionError } from './llama_module.js';
import { planOf } from './llama_plan.js';
import { Prefixes } from './llama_prefixes.js';
import { Slots } from './llama_slots.js';
import { Tokenizer } from './llama_tokens.js';
import { embed, rerank } from './llama_vectors.js';
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
/** @typedef {import('./llama_generation.js').Prompt} Prompt */
/** The chat's part: templates, tools, grammars (page/src/chat).
 * @typedef {object} Chat
 * @property {(chat: {template: string | null, bos: string, eos: string, messages: any, options: Options}) =>
 *   Promise<{prompt: string, grammar: string | null, stop: string[], preserved: string[], makeParser: (choice: number) => Parser}>} prepare
 * @property {(options: Options) => string | null} grammarOf a text's, of `grammar` or `json_schema`
 */
/** `tokens`: how many its vocabulary has; `ends`: those that stand before and behind every text.
 * @typedef {{key: string, module: LlamaModule, slots: Slots, prefixes: Prefixes, head: Head, context: number,
 *   makes: 'text' | 'vectors' | 'scores', tokenizer: Tokenizer, tokens: number, bos: string, eos: string,
 *   addsStart: boolean, ends: {before: number[], after: number[]}, quantization: string | null}} Loaded */

/** What general.file_type of a GGUF file stands for. */
const FILE_TYPES = Object.freeze({
    0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 7: 'Q8_0', 8: 'Q5_0', 9: 'Q5_1', 10: 'Q2_K', 11: 'Q3_K_S', 12: 'Q3_K_M', 13: 'Q3_K_L',
    14: 'Q4_K_S', 15: 'Q4_K_M', 16: 'Q5_K_S', 17: 'Q5_K_M', 18: 'Q6_K', 24: 'IQ1_S', 25: 'IQ4_NL', 30: 'IQ4_XS', 32: 'BF16',
});
/** What is computed for nobody. */
const WARM_UP = Object.freeze({ text: '0 1 2 3 4 5 6 7 8 9', tokens: 8 });
/** The slots' sizes are told no more often. */
const SLOTS_EVERY_MS = 500;
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
        /** @type {import('../shared/messages.js').LanguageModels} */
        this._models = { context: 0, slots: LLAMA.slots, warmup: false };
        /** @type {Loaded | null} */
        this._loaded = null;
        this._loads = new Loads();
        /** Told when it begins to come up, and when it has. @type {(up: boolean) => void} */
        this.onStart = () => {};
        /** @type {(key: string, slots: import('../shared/messages.js').SlotSizes) => void} */
        this.onSlots = () => {};
        this._tells = false; /* the slots' sizes are to be told soon */
    }

    /** @param {EngineSettings} settings */
    configure({ credential, models }) {
        this._credential = credential;
        this._models = models ?? this._models;
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
    load(task, onProgress, cancelled) {
        return this._loads.join((report, signal) => this._load(task, report, signal), onProgress, cancelled);
    }

    /** @param {RunMessage} task @param {(loaded: number, total: number) => void} onProgress @param {AbortSignal} signal */
    async _load({ key, model, options, task, load_only: isForNobody }, onProgress, signal) {
        const files = new LlamaFiles(weightsOf(model), this._credential, onProgress, signal);
        const head = await readHead((size) => files.beginning(size));
        const { context: wanted } = checkOptions(taskOf(task ?? 'complete'), task ? options : {});
        const slotsMost = Math.min(this._models.slots || LLAMA.slots, LLAMA.slots);
        const plan = planOf(head, files.total, wanted ?? this._models.context, slotsMost);
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
        const slots = new Slots(module, plan.slots, plan.context + 1000, () => this._noteSlots());
        this._loaded = {
            key, module, head, context: plan.context, makes: plan.makes, slots, prefixes: new Prefixes(),
            tokenizer: new Tokenizer(slots, head), tokens: said.n_vocab,
            bos: head.token(said.token_bos) ?? '', eos: head.token(said.token_eos) ?? '', addsStart: said.add_bos_token,
            ends: { before: said.add_bos_token ? [said.token_bos] : [], after: said.add_eos_token ? [said.token_eos] : [] },
            quantization: FILE_TYPES[/** @type {0} */ (head.values.get('general.file_type'))] ?? null,
        };
        if (isForNobody && this._models.warmup && plan.makes === 'text') this._warmUp(slots);
    }

    /** Computes a few tokens, beside whatever comes: browsers compile well what has run some times.
     * @param {Slots} slots */
    _warmUp(slots) {
        const body = completionBody(WARM_UP.text, { max_tokens: WARM_UP.tokens }, { grammar: null, stop: [], preserved: [], cache: false, choice: 0 });
        const request = { action: /** @type {const} */ ('completion'), body, signal: new AbortController().signal, onStep() {}, onResult() {} };
        slots.run(request).catch(() => {}); // whoever comes next finds the engine broken
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
            this.onSlots(key, { ...sizes, cached_tokens: Math.min(sizes.cached_tokens, sizes.count * context), context });
        }, SLOTS_EVERY_MS);
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
    async _runTask(kind, loaded, { input, ...task }, options, run) {
        const { slots } = loaded;
        const alone = task.alone === true || options.deterministic === true;
        const terms = { owner: task.owner ?? null, alone };
        switch (kind) {
        case 'embed': return embed(slots, textsOf(input?.texts, 'texts'), options, alone, run);
        case 'rerank': return rerank(slots, textOf(input?.query, 'query'), textsOf(input?.documents, 'documents'), alone, run);
        case 'tokenize': return tokenize(loaded, textOf(input?.text, 'text'), input?.add_special === true, alone, run);
        case 'complete': return generate(loaded, this._completion(input, options), options, terms, run);
        default: return generate(loaded, await this._conversation(loaded, input, options, run), options, terms, run);
        }
    }

    /** @param {any} input @param {Options} options @returns {Prompt} */
    _completion(input, options) {
        const grammar = this._chat.grammarOf(options);
        return { text: textOf(input?.prompt, 'prompt'), grammar, stop: options.stop ?? [], preserved: [], parser: plain };
    }

    /** @param {Loaded} loaded @param {any} input @param {Options} options @param {Run} run @returns {Promise<Prompt>} */
    async _conversation({ bos, eos, head }, input, options, run) {
        const template = head.values.get('tokenizer.chat_template');
        const { prompt: text, grammar, stop, preserved, makeParser: parser } = await this._chat.prepare({
            template: typeof template === 'string' ? template : null, bos, eos, messages: input?.messages, options,
        });
        throwIfCancelled(run.signal);
        return { text, grammar, stop: [...options.stop ?? [], ...stop], preserved, parser };
    }
}

/** @param {Loaded} loaded @param {string} text @param {boolean} special whether with the tokens that stand
 *   before and behind every text @param {boolean} alone @param {Run} run @returns {Promise<Outcome>} */
async function tokenize({ tokenizer, ends }, text, special, alone, run) {
    const [ids] = await tokenizer.ids([text], { alone, signal: run.signal, onStep: (ms) => run.stepTook(ms) });
    return { tensors: [], result: { tokens: special ? [...ends.before, ...ids, ...ends.after] : ids } };
}

/** A model that makes vectors writes nothing, and only one that is made for it ranks.
 * @param {import('./llama_body.js').TextTask} kind @param {Loaded['makes']} makes */
function checkUse(kind, makes) {
    const fits = kind === 'rerank' ? makes === 'scores' : kind === 'embed' ? makes !== 'scores' : makes === 'text';
    if (!fits) throw new Failure('input_invalid', `The model makes ${makes}: it has no task "${kind}".`, { field: 'inputs' });
}

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
