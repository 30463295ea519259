/** A client of builtin/count that holds every part against what it must be. */
import { PartClient } from './part-client.mjs';

/** So many parts of 60,000 bytes are not made for a client that reads nothing: its credit, the 64 KiB of
 * its socket and what the system takes in for it are about seven. With a socket of the system's own size,
 * which grows to 4 MiB, they would be over seventy. */
export const UNREAD_MAX = 40;

export class Counting extends PartClient {
    /**
     * @param {import('./daemon.mjs').Daemon} daemon
     * @param {{count: number, interval_ms?: number, bytes?: number}} options of the model
     * @param {object} head what else the request says
     */
    constructor(daemon, options, head = {}) {
        super(daemon, { model_name: 'builtin/count', inputs: [], options, ...head });
        this.options = options;
    }

    checkPart({ seq, index, text, tokens }) {
        const { bytes = 0 } = this.options;
        if (index !== 0 || text !== `${seq} `.padEnd(bytes) ||
            tokens.length !== 1 || tokens[0] !== seq)
            this.wrong.push(`part ${JSON.stringify({ seq, index, tokens })} ${text.trim()}`);
    }

    checkEnd({ parts, result }) {
        const { count } = this.options;
        this.gaps += count - this.next;
        if (parts !== count || result?.count !== count)
            this.wrong.push(`the end says ${parts} parts and ${JSON.stringify(result)}`);
    }
}
