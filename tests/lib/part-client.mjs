/** A client of a stream that holds every part against its place: none missing, none twice. */
import { openEvents } from './events.mjs';

export class PartClient {
    /** Parts that came; how many were missing before one that came; how many came again. */
    parts = 0;
    gaps = 0;
    repeated = 0;
    /** What was wrong in content: sentences. */
    wrong = [];
    /** The data of the last event: a `done` or an `error`; {status, …} where no stream began. */
    done = null;
    error = null;
    /** The number of the part that is due. */
    next = 0;
    path = '/v1/infer';
    #lastId;
    #place;

    /** @param {import('./daemon.mjs').Daemon} daemon @param {object} body of a POST to `path` */
    constructor(daemon, body) {
        Object.assign(this, { daemon, body: { ...body, stream: true } });
    }

    /** For whoever knows what is to come: a part that was due, and the data of `done`. */
    checkPart() {}
    checkEnd() {}

    /** The job's, once the stream has begun. */
    get id() { return this.#place?.split('/').pop(); }

    /** Sends the request; false where the answer is no stream, which `error` then tells. */
    async open({ signal } = {}) {
        return this.#take(await openEvents(`${this.daemon.url}${this.path}`,
            { body: this.body, signal }));
    }

    /** Comes back for what follows the last part that it has. */
    async resume() {
        const headers = this.#lastId === undefined ? {} : { 'Last-Event-ID': this.#lastId };
        return this.#take(await openEvents(new URL(this.#place, this.daemon.url), { headers }));
    }

    #take(client) {
        this.stream = client;
        this.#place = client.headers.location ?? this.#place;
        if (client.status !== 200) this.error = { status: client.status, ...client.problem };
        return client.status === 200;
    }

    /** Takes events until the last one, or until `enough` says so or the connection ends. */
    async read({ enough = () => false } = {}) {
        for await (const { event, id, json: data } of this.stream) {
            if (this.done || this.error) this.wrong.push(`${event} after the end`);
            else if (event === 'part') this.#book(id, data);
            else if (event === 'done') this.#end(data);
            else if (event === 'error') this.error = data;
            else if (event !== 'progress') this.wrong.push(`an event ${event}`);
            if (await enough(this)) return;
        }
    }

    #book(id, part) {
        this.#lastId = id;
        this.parts++;
        if (part.seq < this.next) {
            this.repeated++;
            return;
        }
        this.gaps += part.seq - this.next;
        this.next = part.seq + 1;
        if (id !== String(part.seq)) this.wrong.push(`part ${part.seq} has the id ${id}`);
        this.checkPart(part);
    }

    #end(data) {
        this.done = data;
        if (data.parts !== this.next) this.wrong.push(`the end says ${data.parts} parts`);
        this.checkEnd(data);
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
        const { body: { options }, parts, gaps, repeated, wrong, error, done } = this;
        return JSON.stringify({ options, parts, gaps, repeated, wrong, error, done });
    }
}
