/** Where an answer ends: at a text of the request's, which no client sees, or at a token of the model's. */

/** Lets text through but for what may be the beginning of a stop. */
export class StopTexts {
    /** @param {readonly string[]} stops none of them empty */
    constructor(stops) {
        this._stops = stops;
        this._held = '';
        /** Whether one has come; nothing behind it counts. */
        this.isFound = false;
    }

    /** @param {string} text @returns {string} what is certain to be none */
    push(text) {
        if (this.isFound) return '';
        const all = this._held + text;
        const found = this._stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
        this.isFound = found.length > 0;
        const end = this.isFound ? Math.min(...found) : all.length - this._mayBegin(all);
        this._held = this.isFound ? '' : all.slice(end);
        return all.slice(0, end);
    }

    /** There is no more text. @returns {string} what was held back */
    end() {
        const rest = this._held;
        this._held = '';
        return rest;
    }

    /** How many characters at the end may be the beginning of a stop. @param {string} text */
    _mayBegin(text) {
        let most = 0;
        for (const stop of this._stops) {
            for (let length = Math.min(stop.length - 1, text.length); length > most; length--) {
                if (text.endsWith(stop.slice(0, length))) most = length;
            }
        }
        return most;
    }
}

/**
 * The tokens that end an answer: those that the model's files name, and those of `texts` that are one added token each, which then
 * never come as text.
 * @param {{tokenizer: any, words: import('./tokenizer/tokenizer.js').Tokenizer | null, model: any}} loaded
 * @param {readonly string[]} texts @returns {Set<number>}
 */
export function endTokens({ tokenizer, words, model }, texts) {
    const { eos_token_id: end } = model._prepare_generation_config(null, {});
    const ids = [end, tokenizer.eos_token_id, ...texts.map((text) => words?.addedOf(text))].flat();
    return new Set(ids.filter((id) => typeof id === 'number'));
}
