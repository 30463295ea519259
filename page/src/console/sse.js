/** Reads server-sent events out of pieces of text that are cut anywhere (the HTML standard, 9.2.6). */

/** @typedef {{event: string, data: string, id: string}} ServerEvent */

/** Limit for one event; our daemon sends no longer one. */
const MOST_CHARACTERS = 64 << 20;

export class EventParser {
    #rest = '';
    /** @type {string[]} */
    #data = [];
    #size = 0;
    #event = '';
    #afterReturn = false;
    /** The last id that was given. */
    id = '';

    /** @param {string} text @returns {ServerEvent[]} those that are whole with it */
    push(text) {
        /** @type {ServerEvent[]} */
        const events = [];
        if (text === '') return events;
        const isSecondHalf = this.#afterReturn && text.startsWith('\n');
        this.#afterReturn = text.endsWith('\r');
        if (isSecondHalf) text = text.slice(1);
        const lines = (this.#rest + text).split(/\r\n|\r|\n/);
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#take(line, events);
        if (this.#size + this.#rest.length > MOST_CHARACTERS) throw new Error('an event of the daemon does not end');
        return events;
    }

    /** @param {string} line @param {ServerEvent[]} events */
    #take(line, events) {
        if (line === '') return this.#end(events);
        const colon = line.indexOf(':');
        if (colon === 0) return; // a comment
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
        if (field === 'data') {
            this.#data.push(value);
            this.#size += value.length;
        } else if (field === 'event') {
            this.#event = value;
        } else if (field === 'id' && !value.includes('\0')) {
            this.id = value;
        }
    }

    /** @param {ServerEvent[]} events */
    #end(events) {
        if (this.#data.length > 0)
            events.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.id });
        this.#data = [];
        this.#size = 0;
        this.#event = '';
    }
}
