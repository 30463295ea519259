/** One who takes GET /v1/events, and knows by them what there is. */
import { EventClient } from './events.mjs';
import { until } from './wait.mjs';

export class Watcher {
    #applied = 0;
    #objects = new Map();

    /** @param {import('./daemon.mjs').Daemon} daemon
     *  @param {{query?: string, token?: string, lastId?: string, paused?: boolean}} [options] */
    constructor(daemon, { query = '', token, lastId, ...more } = {}) {
        const headers = { ...token && { Authorization: `Bearer ${token}` },
            ...lastId !== undefined && { 'Last-Event-ID': lastId } };
        this.client = new EventClient(`${daemon.url}/v1/events${query}`, { headers, ...more });
    }

    /** Waits until its answer has begun. */
    async begun() {
        await this.client.begun();
        return this;
    }

    /** Waits for the first event. */
    async up() {
        await until(() => this.events.length > 0 || this.client.over, { what: 'the first event' });
        if (this.client.over) throw new Error(`no events: ${this.client.status} ${this.client.text}`);
        return this;
    }

    get events() { return this.client.events; }
    get last() { return this.client.last; }

    /** What there is as far as it was told, by key. */
    get objects() {
        for (const { event, json } of this.events.slice(this.#applied)) {
            if (event === 'snapshot') this.#objects.clear();
            if (event !== 'log')
                for (const [key, object] of Object.entries(json))
                    if (object === null) this.#objects.delete(key);
                    else this.#objects.set(key, object);
        }
        this.#applied = this.events.length;
        return this.#objects;
    }

    get(key) { return this.objects.get(key); }

    /** Those of a kind, by id. */
    all(kind) {
        return Object.fromEntries([...this.objects].filter(([key]) => key.startsWith(`${kind}/`))
            .map(([key, object]) => [key.slice(kind.length + 1), object]));
    }

    /** Every key that it was ever told of. */
    get keys() { return [...new Set(this.events.flatMap(({ json }) => Object.keys(json)))].sort(); }

    /** Waits until what it knows is so. @param {(watcher: Watcher) => any} condition */
    sees(condition, what) {
        return until(() => condition(this), { what: `a watcher to see ${what}` });
    }

    leave() { return this.client.leave(); }
}
