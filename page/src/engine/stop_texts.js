/** Where an answer ends at a text of the request's, which no client sees. */

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
