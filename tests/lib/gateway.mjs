/**
 * A trustless gateway over blocks in memory, which misbehaves on order, and holds its answers until
 * the test lets them go.
 *
 *   const gateway = await startGateway(dag.blocks);
 *   gateway.fail({ what: 'wrong', cid, times: 1 });
 *   gateway.hold = true;  … gateway.waiting, gateway.release(3)
 *   … gateway.url, gateway.asked
 */
import http from 'node:http';
import https from 'node:https';

/**
 * What goes wrong with the next `times` requests (default: all of them) for `cid` (default: any),
 * after `skip` of them that go well:
 * `wrong`, a block with one bit flipped; `other`, of another length that is told; `html`, a page
 * with status 200; `gzip`; `cut` in its middle; `stall`, its head and no more; `trickle`, a byte now
 * and then; a number: that status, with `headers`.
 * @typedef {{what: string | number, cid?: string, times?: number, skip?: number,
 *     headers?: Record<string, string>}} Fault
 */

/**
 * @param {...Map<string, {cid: {toV1(): unknown}, bytes: Uint8Array}>} blocks as of makeDag
 */
export async function startGateway(...blocks) {
    const gateway = new Gateway(blocks);
    await gateway.start();
    return gateway;
}

export class Gateway {
    /** The CIDs that were asked for, in their order. @type {string[]} */
    asked = [];
    /** Those that were sent whole and right. @type {string[]} */
    sent = [];
    /** What is wrong with a request itself. @type {string[]} */
    odd = [];
    /** Whether answers wait for `release`. */
    hold = false;
    /** Those that wait. @type {{cid: string, go: () => void}[]} */
    waiting = [];
    #blocks = new Map();
    /** @type {Fault[]} */
    #faults = [];
    #host;
    #scheme;
    #server;

    /**
     * @param {Map<string, {cid: {toV1(): unknown}, bytes: Uint8Array}>[]} all
     * @param {{host?: string, tls?: import('node:tls').SecureContextOptions}} [where] with `tls` over https
     */
    constructor(all, { host = '127.0.0.1', tls } = {}) {
        const serve = (request, answer) => this.#serve(request, answer);
        this.#host = host;
        this.#scheme = tls ? 'https' : 'http';
        this.#server = tls ? https.createServer(tls, serve) : http.createServer(serve);
        for (const blocks of all) this.add(blocks);
    }

    /** Has these, too. */
    add(blocks) {
        for (const { cid, bytes } of blocks.values()) this.#blocks.set(String(cid.toV1()), Buffer.from(bytes));
    }

    /** Has them no longer; without an argument none. */
    lose(blocks) {
        if (!blocks) this.#blocks.clear();
        else for (const { cid } of blocks.values()) this.#blocks.delete(String(cid.toV1()));
    }

    async start() {
        this.#server.keepAliveTimeout = 60_000;
        await new Promise((resolve) => this.#server.listen(0, this.#host, resolve));
        this.port = this.#server.address().port;
        this.url = `${this.#scheme}://${this.#host}:${this.port}`;
    }

    async close() {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    /** @param {Fault} fault */
    fail(fault) {
        this.#faults.push({ times: Infinity, skip: 0, ...fault });
    }

    /** From now on all goes well, and nothing was asked yet. */
    heal() {
        this.#faults = [];
        this.asked = [];
        this.sent = [];
        this.hold = false;
        this.release();
    }

    /** Lets so many answers go that wait, the first first. */
    release(count = Infinity) {
        for (const { go } of this.waiting.splice(0, count)) go();
    }

    /** Lets the answers go that wait and name other blocks (DAG-PB, in base32 `bafybei…`), so that leaves can be asked for. */
    releaseBranches() {
        const branches = this.waiting.filter(({ cid }) => cid.startsWith('bafybei'));
        this.waiting = this.waiting.filter((one) => !branches.includes(one));
        for (const { go } of branches) go();
    }

    /** How many bytes of blocks were sent whole and right. */
    get bytes() {
        return this.sent.reduce((sum, cid) => sum + this.#blocks.get(cid).length, 0);
    }

    #fault(cid) {
        const fault = this.#faults.find((one) => one.times > 0 && (!one.cid || one.cid === cid));
        if (!fault) return undefined;
        if (fault.skip > 0) {
            fault.skip--;
            return undefined;
        }
        fault.times--;
        return fault;
    }

    #check({ method, url, headers }) {
        const { pathname, searchParams } = new URL(url, 'http://gateway');
        if (method !== 'GET' || searchParams.get('format') !== 'raw' || headers.accept !== 'application/vnd.ipld.raw' ||
            (headers['accept-encoding'] ?? 'identity') !== 'identity' || headers.range)
            this.odd.push(`${method} ${url} ${JSON.stringify(headers)}`);
        return pathname.match(/^\/ipfs\/([a-z2-7]+)$/)?.[1] ?? '';
    }

    async #serve(request, answer) {
        const cid = this.#check(request);
        this.asked.push(cid);
        if (this.hold) await new Promise((go) => this.waiting.push({ cid, go }));
        const bytes = this.#blocks.get(cid), fault = this.#fault(cid);
        if (fault) this.#misbehave(answer, fault, bytes ?? Buffer.alloc(1000));
        else if (bytes) this.#send(answer, cid, bytes);
        else answer.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here\n');
    }

    #head(length) {
        return { 'Content-Type': 'application/vnd.ipld.raw', 'Content-Length': length };
    }

    #send(answer, cid, bytes) {
        answer.once('finish', () => this.sent.push(cid));
        answer.writeHead(200, this.#head(bytes.length)).end(bytes);
    }

    #misbehave(answer, { what, headers }, bytes) {
        const wrong = Buffer.from(bytes);
        if (wrong.length > 0) wrong[wrong.length >> 1] ^= 1;
        if (typeof what === 'number') answer.writeHead(what, headers).end('no\n');
        else if (what === 'wrong') answer.writeHead(200, this.#head(bytes.length)).end(wrong);
        else if (what === 'other') answer.writeHead(200, this.#head(bytes.length - 1)).end(wrong.subarray(1));
        else if (what === 'html') answer.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>Welcome</p>\n');
        else if (what === 'gzip')
            answer.writeHead(200, { ...this.#head(bytes.length), 'Content-Encoding': 'gzip' }).end(bytes);
        else this.#begin(answer, what, bytes);
    }

    /** Sends the head and some of the block, and never all. */
    #begin(answer, what, bytes) {
        answer.writeHead(200, this.#head(bytes.length));
        if (what === 'cut') answer.write(bytes.subarray(0, bytes.length >> 1), () => answer.socket?.end());
        else answer.flushHeaders();
        if (what !== 'trickle') return;
        let at = 0;
        const timer = setInterval(() => answer.write(bytes.subarray(at, ++at)), 100);
        answer.once('close', () => clearInterval(timer));
    }
}
