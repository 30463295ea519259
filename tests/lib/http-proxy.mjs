/** An HTTP proxy before a daemon, which tells of each request, and may be led to the daemon that comes after it. */
import { once } from 'node:events';
import http from 'node:http';

/**
 * @typedef {{method: string, path: string, asked: Buffer, began: number}} Asked `began`: when it came
 * @typedef {Asked & {answered: Buffer, ended: number}} Answered
 */

const bodyOf = async (stream) => Buffer.concat(await stream.toArray());

export class HttpProxy {
    /** @type {http.Agent | undefined} */
    #agent;
    /** @type {string | null} */
    target = null;
    #server = http.createServer((request, response) => void this.#serve(request, response));

    /** @param {{asked?: (request: Asked) => unknown, handed?: (request: Asked) => unknown, answered?: (request: Answered) => unknown}} told
     * what is called, and waited for: `asked`: the daemon does not know of the request; `handed`: it has it; `answered`: it has
     * answered, and the client does not know yet. Where `asked` or `answered` gives false, it goes no further, and the client is cut off. */
    constructor({ asked = () => {}, handed = () => {}, answered = () => {} }) {
        this.told = { asked, handed, answered };
    }

    /** @param {string} url the daemon's */
    async listen(url) {
        this.to(url);
        this.#server.listen(0, '127.0.0.1');
        await once(this.#server, 'listening');
        this.url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}`;
        return this;
    }

    /** @param {string | null} url null: there is none now, and requests get no answer */
    to(url) {
        this.#agent?.destroy();
        this.#agent = new http.Agent({ keepAlive: true });
        this.target = url;
    }

    close() {
        this.#agent?.destroy();
        this.#server.close();
        this.#server.closeAllConnections();
    }

    async #serve(request, response) {
        const asked = await bodyOf(request).catch(() => null); // the client went
        if (!asked) return;
        const { host: _, ...headers } = request.headers;
        const told = { method: request.method, path: request.url, asked, began: performance.now() };
        if (await this.told.asked(told) === false || !this.target) return void response.destroy();
        const call = http.request(this.target + request.url, { method: request.method, headers, agent: this.#agent });
        call.on('error', () => response.destroy());
        response.on('close', () => call.destroy());
        call.on('finish', () => this.told.handed(told));
        call.on('response', async (answer) => {
            const answered = await bodyOf(answer).catch(() => null); // the daemon went
            if (!answered) return void response.destroy();
            if (await this.told.answered({ ...told, answered, ended: performance.now() }) === false) return void response.destroy();
            response.writeHead(answer.statusCode, answer.headers);
            response.end(answered);
        });
        call.end(asked);
    }
}
