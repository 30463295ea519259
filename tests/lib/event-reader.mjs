/** Events of streams, out of the text in which they come: server-sent events, or lines of JSON. */

/** Takes the text of a stream apart into {event, id, data}, and counts comments. */
export class EventReader {
    comments = 0;
    #rest = '';

    /** @param {string} text what has come @returns {Generator<{event: string, id?: string, data: string}>} */
    *read(text) {
        const blocks = (this.#rest + text).split('\n\n');
        this.#rest = blocks.pop();
        for (const block of blocks) {
            const found = this.#parse(block);
            if (found) yield found;
        }
    }

    #parse(block) {
        const found = { event: 'message', id: undefined, data: undefined };
        for (const line of block.split('\n')) {
            const [, name, value] = line.match(/^([^:]*):? ?(.*)$/);
            if (name === '') this.comments += line.startsWith(':');
            else if (name === 'data' && found.data !== undefined) found.data += `\n${value}`;
            else found[name] = value;
        }
        return found.data === undefined ? null : found;
    }
}

/** The same of a stream of lines, each of which is an event "line". */
export class LineReader {
    #rest = '';

    /** @param {string} text what has come @returns {Generator<{event: string, data: string}>} */
    *read(text) {
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop();
        for (const data of lines) yield { event: 'line', data };
    }
}

const LINES = 'application/x-ndjson';

/** A reader for streams of that media type, or null where it is none of a stream.
 * @param {string} type */
export const readerOf = (type) => type === LINES ? new LineReader()
    : type === 'text/event-stream' ? new EventReader() : null;
