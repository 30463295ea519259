/**
 * Who answers: webinfer, llama.cpp in a page of its own, and native llama.cpp. Each has
 *
 *   load(name)               a shape, in the place of the one before
 *   complete(texts, tokens)  all texts at once, each answered with so many tokens; gives for each
 *                            {first, last, text}: ms until its first and its last token
 */
import http from 'node:http';
import { EventReader } from '../../lib/events.mjs';
import { ask } from '../ask.mjs';
import { fileOf, shapes } from './shapes.mjs';

/** Conversations at a time, in all of them. */
export const SLOTS = 4;
/** Tokens of a prompt that are computed together, as @wllama/wllama's users have them. */
const BATCH = 64;

export class Webinfer {
    name = 'webinfer';

    /** @param {import('../../lib/daemon.mjs').Daemon} daemon @param {object} [where] of the request: platform, fallback … */
    constructor(daemon, where = {}) {
        this.where = where;
        this.url = `${daemon.url}/v1/infer`;
        this.agent = new http.Agent({ keepAlive: true, maxSockets: SLOTS });
    }

    async load(name) {
        this.model = name;
        await this.complete(['.'], 1);
    }

    complete(texts, tokens, options = {}) {
        return Promise.all(texts.map((text) => this.stream(text, { max_tokens: tokens, ...options })));
    }

    /** An answer to a text or to messages; `result`: what the stream's end says. */
    async stream(inputs, options) {
        const reader = new EventReader(), began = performance.now();
        const got = { first: 0, last: 0, text: '', result: null };
        let rest = '';
        const body = { model_name: this.model, ...this.where, inputs, stream: true, options: { temperature: 0, ...options } };
        const status = await ask(this.url, this.agent, body, { Accept: 'text/event-stream' }, (chunk) => {
            rest = chunk;
            for (const { event, data } of reader.read(chunk)) {
                const { text, result } = JSON.parse(data);
                if (event === 'done') got.result = result;
                if (event !== 'part' || !text) continue;
                got.last = performance.now() - began;
                got.first ||= got.last;
                got.text += text;
            }
        });
        if (!got.result) throw new Error(`webinfer: ${status} ${rest.slice(-1000)}`);
        return got;
    }

    stop() { this.agent.destroy(); }
}

/** The page llama.html in a browser with the daemon's flags. */
export class BarePage {
    name = 'bare';

    async start(browser, pages) {
        this.pages = pages;
        this.page = await browser.newPage();
        await this.page.goto(`${pages.url}/llama.html`);
        await this.page.waitForFunction(() => document.title === 'ready');
        return this;
    }

    async load(name) {
        await this.page.evaluate(([url, settings]) => window.load(url, settings),
            [fileOf(`${this.pages.url}/models`, name), {
                n_ctx: shapes[name].context * SLOTS, n_batch: BATCH, n_ubatch: BATCH, n_parallel: SLOTS, n_threads: 1,
                n_gpu_layers: 0, kv_unified: false, flash_attn: false }]);
        await this.complete(['.'], 1);
    }

    complete(texts, tokens) {
        return this.page.evaluate(([prompts, options]) => window.complete(prompts, options),
            [texts, { max_tokens: tokens, temperature: 0, cache_prompt: false }]);
    }
}

/** llama.cpp as node-llama-cpp builds it for this processor, with one thread as well. */
export class Native {
    name = 'native';

    /** `gpu`: which one it may use, or "auto" for any. */
    async start(store, { gpu = false } = {}) {
        this.store = store;
        this.layers = gpu ? undefined : 0; // undefined: as many as fit
        const { getLlama } = await import('node-llama-cpp'); // which need not be there for the others
        this.llama = await getLlama({ gpu, build: 'never', logLevel: 'error', maxThreads: 1 });
        return this;
    }

    async load(name) {
        await this.model?.dispose();
        this.model = await this.llama.loadModel({ modelPath: fileOf(this.store, name), gpuLayers: this.layers });
        this.context = await this.model.createContext({ contextSize: shapes[name].context, sequences: SLOTS,
            batchSize: BATCH, threads: 1, flashAttention: false });
        this.sequences = Array.from({ length: SLOTS }, () => this.context.getSequence());
        await this.complete(['.'], 1);
    }

    complete(texts, tokens) {
        const began = performance.now();
        return Promise.all(texts.map((text, index) => this.#one(this.sequences[index], text, tokens, began)));
    }

    async #one(sequence, text, tokens, began) {
        await sequence.clearHistory();
        const prompt = [this.model.tokens.bos, ...this.model.tokenize(text)];
        const made = [];
        let first = 0;
        for await (const token of sequence.evaluate(prompt, { temperature: 0 })) {
            made.push(token);
            first ||= performance.now() - began;
            if (made.length === tokens) break;
        }
        return { first, last: performance.now() - began, text: this.model.detokenize(made) };
    }

    stop() { return this.llama.dispose(); }
}
