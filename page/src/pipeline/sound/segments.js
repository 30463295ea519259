/** The texts of a Whisper between its timestamps: `<|0.00|> text <|2.40|>`, one after the other. */

/** @import { Measures } from './measures.js' */
/** `start` and `end` in seconds. @typedef {{start: number, end: number, text: string} & Partial<Measures>} Segment */
/** A segment with its tokens' places among those of the window, its times' included.
 * @typedef {{segment: Segment, places: number[]}} Placed */
/**
 * How tokens are read: those from `begin` on are times, in steps of `precision` seconds; `special` ones
 * are nothing.
 * @typedef {object} Reader
 * @property {number} begin
 * @property {number} precision
 * @property {ReadonlySet<number>} special
 * @property {(tokens: number[]) => string} decode
 */

/**
 * @param {readonly number[]} tokens of one window @param {Reader} reader
 * @param {number} offset when the window begins
 * @param {number} length of the window in seconds: a text that no time ends, or a time behind it, ends there
 * @returns {Placed[]} those with a text
 */
export function placedOf(tokens, { begin, precision, special, decode }, offset, length) {
    const timeOf = (/** @type {number} */ token) => Math.min(length, (token - begin) * precision);
    /** @type {Placed[]} */
    const segments = [];
    let start = 0;
    /** @type {number[]} */
    let places = [];
    const close = (/** @type {number} */ end) => {
        const said = places.map((place) => tokens[place]).filter((token) => token < begin);
        const text = said.length > 0 ? decode(said).trim() : '';
        const segment = { start: rounded(offset + start), end: rounded(offset + Math.max(start, end)), text };
        if (text) segments.push({ segment, places });
    };
    for (const [place, token] of tokens.entries()) {
        if (special.has(token) && token < begin) continue;
        places.push(place);
        if (token < begin) continue;
        close(timeOf(token));
        start = timeOf(token);
        places = [place];
    }
    close(length);
    return segments;
}

/** The same without places. @type {(...given: Parameters<typeof placedOf>) => Segment[]} */
export const segmentsOf = (...given) => placedOf(...given).map(({ segment }) => segment);

/** Times are told to the hundredth. @param {number} seconds */
export const rounded = (seconds) => Math.round(seconds * 100) / 100;
