/** A client of builtin/count that holds every part against what it must be. */
import { openEvents } from './events.mjs';

export class Counting {
    /** Parts that came; how many were missing before one that came; how many came again. */
    parts = 0;
    gaps = 0;
    repeated = 0;
    /** What was wrong in content: sentences. */
    wrong = [];
    /** The data of the last event: a `done` or an `error`; {status, …} where no stream began. */
    done = null;
    error = null;
    #next = 0;
    #lastId;
    #place;

    /**
     * @param {import('./daemon.mjs').Daemon} daemon
     * @param {{count: number, interval_ms?: number, bytes?: number}} options of the model
     * @param {object} head what else the request says
     */
    constructor(daemon, options, head = {}) {
        Object.assign(this, { daemon, options, head });
    }

    /** Sends the request; false where the answer is no stream, which `error` then tells. */
    async open({ signal } = {}) {
        const body = { model_name: 'builtin/count', inputs: [], options: this.options, stream: true,
            ...this.head };
        return this.#take(await openEvents(`${this.daemon.url}/v1/infer`,
            { method: 'POST', body, signal }));
    }

    /** Comes back for what follows the last part that it has. */
    async resume() {
        const headers = this.#lastId === undefined ? {} : { 'Last-Event-ID': this.#lastId };
        return this.#take(await openEvents(new URL(this.#place, this.daemon.url), { headers }));
    }

    #take({ status, headers, stream, text }) {
        this.stream = stream;
        this.#place = headers.location ?? this.#place;
        if (!stream) this.error = { status, ...JSON.parse(text) };
        return Boolean(stream);
    }

    /** Takes events until the last one, or until `enough` says so or the connection ends. */
    async read({ enough = () => false } = {}) {
        for await (const { event, id, data } of this.stream) {
            if (this.done || this.error) this.wrong.push(`${event} after the end`);
            else if (event === 'part') this.#book(id, data);
            else if (event === 'done') this.#end(data);
            else if (event === 'error') this.error = data;
            else if (event !== 'progress') this.wrong.push(`an event ${event}`);
            if (await enough(this)) return;
        }
    }

    #book(id, { seq, index, text, tokens }) {
        const { bytes = 0 } = this.options;
        this.#lastId = id;
        this.parts++;
        if (seq < this.#next) {
            this.repeated++;
            return;
        }
        this.gaps += seq - this.#next;
        this.#next = seq + 1;
        if (id !== String(seq) || index !== 0 || text !== `${seq} `.padEnd(bytes) ||
            tokens.length !== 1 || tokens[0] !== seq)
            this.wrong.push(`part ${id}: ${JSON.stringify({ seq, index, tokens })} ${text.trim()}`);
    }

    #end(data) {
        const { count } = this.options;
        this.done = data;
        this.gaps += count - this.#next;
        if (data.parts !== count || data.result?.count !== count)
            this.wrong.push(`the end says ${data.parts} parts and ${JSON.stringify(data.result)}`);
    }

    /** All of it, in one go. */
    async run() {
        if (await this.open()) await this.read();
        return this;
    }

    /** Every part came once, in order and right, and nothing else. */
    get isWhole() {
        return Boolean(this.done) && !this.gaps && !this.repeated && !this.wrong.length;
    }

    explain() {
        const { parts, gaps, repeated, wrong, error, options } = this;
        return JSON.stringify({ options, parts, gaps, repeated, wrong, error, done: this.done });
    }
}
