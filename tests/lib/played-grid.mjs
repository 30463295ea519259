/** The hub of a Selenium Grid without browsers: what its browsers are told to open, a test opens. */
import { once } from 'node:events';
import http from 'node:http';

export class PlayedGrid {
    /** The page of each session, by its id. @type {Map<string, string>} */
    pages = new Map();
    started = 0;

    /** @param {number} room for so many browsers @param {(url: string) => void} open a session is told to */
    constructor(room, open) {
        Object.assign(this, { room, open });
        this.server = http.createServer(async (asked, answer) => {
            let body = '';
            for await (const piece of asked) body += piece;
            answer.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' });
            answer.end(JSON.stringify({ value: this.#answer(`${asked.method} ${asked.url}`, body) ?? null }));
        });
    }

    async start() {
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    #answer(what, body) {
        const [, method, id] = what.match(/^(\w+) \/session\/([^/]+)/) ?? [];
        if (what === 'GET /status') return this.#status();
        if (what === 'POST /session') return this.#begin();
        if (what === `POST /session/${id}/url`) return this.#show(id, JSON.parse(body).url);
        if (what === `GET /session/${id}/url`) return this.pages.get(id);
        if (method === 'DELETE') this.pages.delete(id);
        return null;
    }

    #status() {
        const slots = Array.from({ length: this.room }, (_, at) => {
            const sessionId = [...this.pages.keys()][at];
            return { stereotype: { browserName: 'chrome' }, session: sessionId ? { sessionId } : null };
        });
        return { ready: true, message: 'a hub', nodes: [{ uri: 'http://192.0.2.1:5555', availability: 'UP', maxSessions: this.room, slots }] };
    }

    #begin() {
        const sessionId = `session-${++this.started}`;
        this.pages.set(sessionId, 'data:,');
        return { sessionId, capabilities: { browserName: 'chrome', browserVersion: '156.0.0.0' } };
    }

    #show(id, url) {
        this.pages.set(id, url);
        if (url.includes('#token=')) this.open(url);
    }

    stop() {
        this.server.closeAllConnections();
        this.server.close();
    }
}
