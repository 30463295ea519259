/**
 * The likeliest text of a decoder by beam search: each beginning has a decoder, which continues from its own keys and values.
 */

/** @import { Beams } from './generation/beams.js' */
/** @import { Decoder } from './decoder.js' */
/** @import { KvCaches } from './kv_cache.js' */
/** A running beginning: what computes it, and the logits of its next token. @typedef {{decoder: Decoder, logits: Float32Array}} Row */

/**
 * @param {KvCaches} caches @param {Beams} beams @param {readonly number[]} before all tokens before the text
 * @param {Row} first which has read these; its decoder stays as it is
 * @param {{score: (tokens: readonly number[], logits: Float32Array) => Float32Array, note: (logits: Float32Array, token: number) => any}} rules
 *   `score` makes logarithms of probabilities of logits, which stay as they are; `note` is of a token that comes
 */
export async function searchText(caches, beams, before, first, { score, note }) {
    const decoders = new Decoders(caches, first.decoder);
    let rows = [first];
    try {
        for (;;) {
            const { running } = beams;
            beams.step(rows.map(({ logits }, at) => score([...before, ...running[at].tokens], logits)),
                (row, token) => note(rows[row].logits, token));
            if (beams.isOver) return beams.best;
            rows = await goOn(decoders, beams, before, rows);
        }
    } finally {
        decoders.keep([]);
    }
}

/** @param {Decoders} decoders @param {Beams} beams @param {readonly number[]} before @param {Row[]} rows
 * @returns {Promise<Row[]>} those of the beginnings that run now */
async function goOn(decoders, { running }, before, rows) {
    const own = await decoders.forEach(running.map(({ row }) => rows[row].decoder));
    decoders.keep(own);
    /** @type {Row[]} */
    const next = [];
    for (const [at, decoder] of own.entries()) {
        next.push({ decoder, logits: await decoder.read([...before, ...running[at].tokens]) });
    }
    return next;
}

/** The decoders of a search, whose keys and values count as long as they are in use. */
class Decoders {
    /** @param {KvCaches} caches @param {Decoder} root which is the caller's */
    constructor(caches, root) {
        this._caches = caches;
        this._root = root;
        /** @type {Set<Decoder>} */
        this._used = new Set();
    }

    /** A decoder for each of several beginnings. If several continue the same one, the last of them takes its decoder over.
     * @param {Decoder[]} from @returns {Promise<Decoder[]>} */
    async forEach(from) {
        const own = [];
        for (const [at, decoder] of from.entries()) {
            const isLast = decoder !== this._root && !from.includes(decoder, at + 1);
            own.push(isLast ? decoder : this._use(await decoder.fork()));
        }
        return own;
    }

    /** @param {Decoder} decoder */
    _use(decoder) {
        this._caches.hold(decoder);
        this._used.add(decoder);
        return decoder;
    }

    /** Lets go of all others. @param {readonly Decoder[]} kept */
    keep(kept) {
        for (const decoder of this._used) {
            if (kept.includes(decoder)) continue;
            this._used.delete(decoder);
            this._caches.letGo(decoder);
            this._caches.drop(decoder.cache);
        }
    }
}
