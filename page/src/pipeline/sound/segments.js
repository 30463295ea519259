/** What a Whisper says between its timestamps: `<|0.00|> text <|2.40|>`, one after the other. */

/** `start` and `end` in seconds. @typedef {{start: number, end: number, text: string}} Segment */
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
 * @returns {Segment[]} those with a text
 */
export function segmentsOf(tokens, { begin, precision, special, decode }, offset, length) {
    const timeOf = (/** @type {number} */ token) => Math.min(length, (token - begin) * precision);
    /** @type {Segment[]} */
    const segments = [];
    let start = 0;
    /** @type {number[]} */
    let said = [];
    const close = (/** @type {number} */ end) => {
        const text = said.length > 0 ? decode(said).trim() : '';
        if (text) segments.push({ start: rounded(offset + start), end: rounded(offset + Math.max(start, end)),
            text });
        said = [];
    };
    for (const token of tokens) {
        if (token >= begin) {
            close(timeOf(token));
            start = timeOf(token);
        } else if (!special.has(token)) {
            said.push(token);
        }
    }
    close(length);
    return segments;
}

/** Times are told to the hundredth. @param {number} seconds */
export const rounded = (seconds) => Math.round(seconds * 100) / 100;
