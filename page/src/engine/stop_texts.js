/** Ends an answer at a stop text of the request, which the client does not get. */

/** Lets text through but for what may be the beginning of a stop. */
export class StopTexts {
    /** @param {readonly string[]} stops none of them empty */
    constructor(stops) {
        this._stops = stops;
        this._held = '';
        /** The one that has come; nothing behind it counts. @type {string | null} */
        this.found = null;
    }

    get isFound() {
        return this.found !== null;
    }

    /** @param {string} text @returns {string} what is certain to be none */
    push(text) {
        if (this.isFound) return '';
        const all = this._held + text;
        const [first] = this._stops.map((stop) => ({ stop, at: all.indexOf(stop) })).filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
        this.found = first?.stop ?? null;
        const end = first?.at ?? all.length - this._mayBegin(all);
        this._held = first ? '' : all.slice(end);
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
