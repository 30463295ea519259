/** Brings a language model up: a module of llama.cpp with the model in it, and what is known of both. */
import { Failure, throwIfCancelled } from './failure.js';
import { ActionError } from './llama_failure.js';
import { Pieces } from './llama_pieces.js';
import { Prefixes } from './llama_prefixes.js';
import { Slots } from './llama_slots.js';
import { Tokenizer } from './llama_tokens.js';
import { PromptChunk } from './prompt_chunk.js';

/** @import { Head } from './gguf.js' */
/** @import { LlamaModule } from './llama_module.js' */
/** @import { Plan } from './llama_plan.js' */
/** `apart`: see Plan; `tokens`: how many its vocabulary has; `ends`: those added before and after every text.
 * @typedef {{key: string, module: LlamaModule, slots: Slots, prefixes: Prefixes, head: Head, context: number,
 *   makes: 'text' | 'vectors' | 'scores', apart: boolean, tokenizer: Tokenizer, pieces: Pieces, tokens: number, bos: string, eos: string,
 *   addsStart: boolean, ends: {before: number[], after: number[]}, quantization: string | null}} Loaded */

/** The meaning of general.file_type in a GGUF file. */
const FILE_TYPES = Object.freeze({
    0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 7: 'Q8_0', 8: 'Q5_0', 9: 'Q5_1', 10: 'Q2_K', 11: 'Q3_K_S',
    12: 'Q3_K_M', 13: 'Q3_K_L', 14: 'Q4_K_S', 15: 'Q4_K_M', 16: 'Q5_K_S', 17: 'Q5_K_M', 18: 'Q6_K',
    24: 'IQ1_S',
    25: 'IQ4_NL', 30: 'IQ4_XS', 32: 'BF16',
});

/**
 * @param {LlamaModule} module not started; ended where this fails
 * @param {{key: string, head: Head, plan: Plan, flash: boolean, changed: () => void, lives: (ms: number) => void,
 *   starts: (up: boolean) => void, fetches: (loaded: number, total: number) => void}} model `flash`: with
 *   flash attention, if the GPU has a kernel for it; `changed`, `lives`: see Slots; `starts`: told when the module
 *   begins to come up, its binary being there, and when it has or cannot; `fetches`: told how much of the binary is there
 * @param {AbortSignal} signal ends it between its steps
 * @returns {Promise<Loaded>} @throws {Failure | import('./engine.js').EngineFault}
 */
export async function bringUp(module, { key, head, plan, flash, changed, lives, starts, fetches }, signal) {
    try {
        await module.fetch(fetches);
        throwIfCancelled(signal);
        starts(false);
        await module.start().finally(() => starts(true));
        throwIfCancelled(signal);
        const said = await load(module, plan, flash);
        throwIfCancelled(signal);
        const chunk = plan.chunk > 0 ? new PromptChunk(plan.chunk, plan.batch) : null;
        const slots = new Slots(module, plan.slots, plan.context + 1000, changed, lives, chunk);
        return {
            key, module, head, context: plan.context, makes: plan.makes, apart: plan.apart, slots, prefixes: new Prefixes(),
            tokenizer: new Tokenizer(slots, head), pieces: new Pieces(head, said.list_tokens_eog), tokens: said.n_vocab,
            bos: head.vocabulary.text(said.token_bos) ?? '', eos: head.vocabulary.text(said.token_eos) ?? '',
            addsStart: said.add_bos_token,
            ends: {
                before: said.add_bos_token ? [said.token_bos] : [],
                after: said.add_eos_token ? [said.token_eos] : [],
            },
            quantization: FILE_TYPES[/** @type {0} */ (head.values.get('general.file_type'))] ?? null,
        };
    } catch (thrown) {
        module.end();
        throw thrown;
    }
}

/** Flash attention rounds to 16 bits, which moves log-probabilities by up to 0.007. Where a GPU has no kernel for it, such as a
 * software adapter in Firefox, llama.cpp turns it off itself, and a step has one more dispatch for each layer.
 * @param {LlamaModule} module @param {Plan} plan @param {boolean} flash @returns {Promise<any>} what llama.cpp says of the model */
async function load(module, plan, flash) {
    const said = await module.action('load', {
        _name: 'load_req', model_paths: module.paths(), n_ctx_auto: false, use_mmap: false, use_mlock: false,
        n_gpu_layers: plan.layers, n_ctx: plan.context * plan.slots, n_threads: module.threads, n_parallel: plan.slots,
        cache_type_k: plan.cache, cache_type_v: plan.cache, kv_unified: false, log_level: 2,
        n_batch: plan.batch, n_ubatch: plan.batch, flash_attn: flash,
        embeddings: true, pooling_type: plan.pooling, warmup: false,
        chat_template: 'chatml', // it is given none to render: one that it cannot read must not keep it from loading
    }).catch((error) => {
        throw error instanceof ActionError ? refused(module.cause || error.message) : error;
    });
    if (!said.success) throw refused(module.cause || 'it does not say why');
    if (plan.layers > 0 && module.weightsOnGpu === 0) {
        throw new Failure('platform_unsupported', 'llama.cpp found no GPU that it can use, and put the whole model into other memory');
    }
    return said;
}

/** @param {string} why */
const refused = (why) => new Failure('model_invalid', `llama.cpp cannot load it: ${why}`);
