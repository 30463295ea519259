/**
 * Beam search for one text, as in transformers 4.57 (GenerationMixin._beam_search in generation/utils.py): the
 * likeliest beginnings continue side by side, and the finished text with the best mean score wins. The caller
 * provides the tokens' scores, and computes the beginnings.
 */
import { logarithmOfAll, mostLikely, noToken } from '../sampling.js';

/**
 * A text so far. `row` says which of the running beams it goes on from, `notes` what the caller noted of each token.
 * @typedef {{tokens: readonly number[], notes: readonly any[], score: number, row: number}} Beam
 */
/** A finished text; `mean` is its score divided by its length. @typedef {{beam: Beam, mean: number}} Ended */
/** `most`: tokens of a text, its end token among them; `early`: whether the first texts that have ended suffice.
 * @typedef {{beams: number, most: number, ends: ReadonlySet<number>, lengthPenalty: number, early: boolean | 'never'}} Search */

/** The most beams that a folder may ask for: each has keys and values of its own. */
export const BEAMS_MAX = 32;

/** @param {Record<string, any>} settings of generation @returns {Pick<Search, 'beams' | 'lengthPenalty' | 'early'>} */
export const beamsOf = ({ num_beams: beams, length_penalty: penalty, early_stopping: early }) =>
    ({ beams: beams ?? 1, lengthPenalty: penalty ?? 1, early: early ?? false });

export class Beams {
    /** @param {Search} search */
    constructor(search) {
        this._search = search;
        /** The best comes first. @type {Beam[]} */
        this.running = [{ tokens: [], notes: [], score: 0, row: 0 }];
        /** The best comes first. @type {Ended[]} */
        this._ended = [];
        /** Tokens of each running text. */
        this._made = 0;
        /** Whether a running text may yet become better than those that have ended. */
        this._canImprove = true;
        this._isOver = false;
    }

    get isOver() {
        return this._isOver;
    }

    /** The best of all, once the search is over. */
    get best() {
        return this._ended[0]?.beam ?? this.running[0];
    }

    /**
     * Gives the running beams their next tokens.
     * @param {readonly Float32Array[]} rows for each of `running`, the logarithm of each token's probability
     * @param {(row: number, token: number) => any} [note] what is to be noted of a token
     */
    step(rows, note = () => null) {
        const { beams, most, ends } = this._search;
        const candidates = this._candidates(rows, Math.max(2, 1 + ends.size) * beams);
        if (candidates.length === 0) throw noToken();
        this._made++;
        const hasEnded = (/** @type {Candidate} */ { token }) => this._made >= most || ends.has(token);
        const grown = (/** @type {Candidate} */ candidate) => this._grown(candidate, note);
        const ended = candidates.slice(0, beams).filter(hasEnded).map(grown);
        const running = candidates.filter((one) => !hasEnded(one)).slice(0, beams).map(grown);
        this._add(ended);
        this._isOver = running.length === 0 || !this._mayImprove(running[0]) || this._isFull();
        if (running.length > 0 || this._ended.length === 0) this.running = running;
    }

    /** The likeliest texts of one token more, the likeliest first.
     * @param {readonly Float32Array[]} rows @param {number} count @returns {Candidate[]} */
    _candidates(rows, count) {
        return rows.flatMap((row, at) => highestOf(row, count)
            .map((token) => ({ row: at, token, score: this.running[at].score + row[token] })))
            .sort((a, b) => b.score - a.score || a.row - b.row || a.token - b.token).slice(0, count);
    }

    /** @param {Candidate} candidate @param {(row: number, token: number) => any} note @returns {Beam} */
    _grown({ row, token, score }, note) {
        const { tokens, notes } = this.running[row];
        return { tokens: [...tokens, token], notes: [...notes, note(row, token)], score, row };
    }

    /** Texts that have ended with this token count as long as the search could still become better. @param {Beam[]} beams */
    _add(beams) {
        if (!this._canImprove || this._isFull()) return;
        const ended = beams.map((beam) => ({ beam, mean: this._mean(beam, this._made) }));
        this._ended = [...this._ended, ...ended].sort((a, b) => b.mean - a.mean).slice(0, this._search.beams);
    }

    /** Whether there are enough texts, where the first ones suffice. */
    _isFull() {
        return this._search.early === true && this._ended.length === this._search.beams;
    }

    /** @param {Beam} best of those that go on */
    _mayImprove(best) {
        const { beams, most, early, lengthPenalty } = this._search;
        const length = early === 'never' && lengthPenalty > 0 ? most : this._made;
        const worst = this._ended.length === beams ? this._ended[beams - 1].mean : -Infinity;
        this._canImprove &&= this._mean(best, length) > worst;
        return this._canImprove;
    }

    /** @param {Beam} beam @param {number} length */
    _mean({ score }, length) {
        return score / length ** this._search.lengthPenalty;
    }
}

/** A running beam and its next token. @typedef {{row: number, token: number, score: number}} Candidate */

/** The ids of the highest, which may come: none of them is -Infinity. @param {Float32Array} row @param {number} count
 * @returns {number[]} the highest first */
const highestOf = (row, count) => [...mostLikely(row, count).ids].filter((id) => row[id] > -Infinity);

/** Makes logarithms of probabilities of logits, in their place. @param {Float32Array} logits */
export function toLogarithms(logits) {
    const all = logarithmOfAll(logits, logits.reduce((most, one) => Math.max(most, one), -Infinity));
    for (let id = 0; id < logits.length; id++) logits[id] -= all;
}
