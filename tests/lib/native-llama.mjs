/**
 * What a language model's answer should be: the same file under llama.cpp as node-llama-cpp builds it for
 * this processor, greedily, with flash attention off.
 */
import { getLlama } from 'node-llama-cpp';

/** Where every greedy choice is so much likelier than the next (in nats), other builds choose the same. */
export const MARGIN = 0.5;

/** As the page loads a small model: keys and values in 32 bits, no flash attention. */
export const EXACT = { defaultContextFlashAttention: false, experimentalDefaultContextKvCacheKeyType: 'F32', experimentalDefaultContextKvCacheValueType: 'F32' };

export class NativeLlama {
    /** @param {string} file a GGUF @param {number} contextSize */
    static async open(file, contextSize) {
        const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 1 });
        const model = await llama.loadModel({ modelPath: file, gpuLayers: 0, ...EXACT });
        const context = await model.createContext({ contextSize, threads: 1, flashAttention: false });
        return new NativeLlama(llama, model, context.getSequence());
    }

    constructor(llama, model, sequence) {
        Object.assign(this, { llama, model, sequence });
    }

    /**
     * What it thinks of each token of `answer` behind `prompt`, from which its own start token is left out.
     * @returns {Promise<{id: number, logprob: number, margin: number}[]>} `margin`: in nats, from the best of
     *   the others; less than 0 where another one is likelier
     */
    async judge(prompt, answer) {
        const { model } = this;
        const before = [model.tokens.bos, ...model.tokenize(prompt, true)];
        const ids = [model.tokens.bos, ...model.tokenize(prompt + answer, true)];
        await this.sequence.clearHistory();
        const judged = await this.sequence.controlledEvaluate(ids.map((id, place) =>
            place >= before.length - 1 && place < ids.length - 1 ? [id, { generateNext: { logits: true } }] : id));
        return ids.slice(before.length).map((id, place) =>
            likelihood(judged[before.length - 1 + place].next.logits, id));
    }

    /** A prompt's tokens, with the start token before them, once. @param {string} text */
    prompt(text) {
        const { model, model: { tokens: { shouldPrependBosToken: begins, bos } } } = this;
        const ids = model.tokenize(text, true);
        return begins && ids[0] !== bos ? [bos, ...ids] : ids;
    }

    /**
     * What it writes behind these tokens, always the likeliest: until one ends it, there are `most`, or the next best is
     * nearly as good (`close`, in nats).
     * @param {number[]} before @param {number} most @param {number} [close]
     * @returns {Promise<{id: number, logprob: number}[]>}
     */
    async greedy(before, most, close = MARGIN / 10) {
        /** @type {{id: number, logprob: number}[]} */
        const made = [];
        const ids = [...before];
        await this.sequence.clearHistory();
        let fresh = ids;
        while (made.length < most) {
            const judged = await this.sequence.controlledEvaluate(fresh.map((id, at) =>
                (at === fresh.length - 1 ? [id, { generateNext: { logits: true } }] : id)));
            const { logits } = judged.at(-1).next;
            const [id] = [...logits].reduce((best, one) => (one[1] > best[1] ? one : best));
            const { logprob, margin } = likelihood(logits, id);
            if (margin < close || this.model.isEogToken(id)) break;
            made.push({ id, logprob });
            fresh = [id];
        }
        return made;
    }

    async close() {
        await this.model.dispose();
        await this.llama.dispose();
    }
}

/** @param {Map<number, number>} logits @param {number} id */
function likelihood(logits, id) {
    const own = logits.get(id);
    const best = Math.max(...[...logits].filter(([other]) => other !== id).map(([, logit]) => logit));
    const all = [...logits.values()];
    const highest = Math.max(own, best);
    const sum = all.reduce((total, logit) => total + Math.exp(logit - highest), 0);
    return { id, logprob: own - highest - Math.log(sum), margin: own - best };
}
