/** Unigram: of all ways to cut a text into pieces of the vocabulary, the one whose scores' sum is greatest (Kudo, 2018). */

/** So much less than the least of all scores is that of a character that no piece has. */
const PENALTY = 10;

/** A trie: `edges` leads from a node, times a power of two, plus a character, to the next; node 0 is its root. `scores` by node, NaN:
 * no piece ends there; `least`: the least of all scores.
 * @typedef {{edges: Map<number, number>, scores: number[], least: number}} Pieces */

const EDGE = 2 ** 21; // more than there are characters

/** @param {readonly [string, number][]} vocab @returns {Pieces} */
export function piecesOf(vocab) {
    /** @type {Map<number, number>} */
    const edges = new Map();
    const scores = [NaN];
    let least = Infinity;
    for (const [piece, score] of vocab) {
        let node = 0;
        for (const character of piece) {
            const edge = node * EDGE + /** @type {number} */ (character.codePointAt(0));
            node = edges.get(edge) ?? scores.push(NaN) - 1;
            edges.set(edge, node);
        }
        scores[node] = score;
        least = Math.min(least, score);
    }
    scores[0] = NaN; // an empty piece is none
    return { edges, scores, least };
}

/** @param {string} text @param {Pieces} pieces @param {boolean} fuses unknown characters that follow each other are one piece
 * @returns {string[]} */
export function bestPath(text, { edges, scores, least }, fuses) {
    const characters = [...text], { length } = characters, codes = characters.map((one) => /** @type {number} */ (one.codePointAt(0)));
    /** The best path to each position: its score, where its last piece begins, and whether that piece is unknown. */
    const sums = new Float64Array(length + 1), starts = new Int32Array(length + 1).fill(-1), isUnknown = new Uint8Array(length + 1);
    const offer = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ score, /** @type {number} */ unknown) => {
        const sum = sums[from] + score;
        if (starts[to] >= 0 && sum <= sums[to]) return;
        sums[to] = sum;
        starts[to] = from;
        isUnknown[to] = unknown;
    };
    for (let from = 0; from < length; from++) {
        let hasSingle = false;
        for (let to = from, node = edges.get(codes[to]); node !== undefined; node = edges.get(node * EDGE + codes[to])) {
            to++;
            if (Number.isNaN(scores[node])) continue;
            offer(from, to, scores[node], 0);
            hasSingle ||= to === from + 1;
        }
        if (!hasSingle) offer(from, from + 1, least - PENALTY, 1);
    }
    /** @type {string[]} */
    const path = [];
    for (let end = length, wasUnknown = 0; end > 0;) {
        const piece = characters.slice(starts[end], end).join('');
        if (fuses && isUnknown[end] && wasUnknown) path[path.length - 1] = piece + path[path.length - 1];
        else path.push(piece);
        wasUnknown = isUnknown[end];
        end = starts[end];
    }
    return path.reverse();
}
