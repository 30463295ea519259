/**
 * A hub of models on this machine, in the layout of the Hugging Face hub, with a second server to
 * which the redirects of large files lead, as that one has; and the same repositories once more as
 * plain folders with SHA256SUMS. It misbehaves on order.
 *
 *   const hub = await startHub();
 *   hub.push('org/model', { 'model-Q8_0.gguf': bytes, 'config.json': '{}' });
 *   hub.fail({ phase: 'content', path: 'gguf', cutAfter: 1000 });
 *   … hub.url, hub.plainUrl, hub.requests
 *
 * Phases: `revision`, `tree`, `resolve` (the answer of the hub itself to GET of a file, redirect or
 * content), `content` (of a redirected file), `sums` and `plain`.
 */
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

const LARGE = /\.(gguf|onnx|onnx_data|safetensors|bin)$/;
const PIECE = 256 * 1024;

/** Bytes that differ everywhere, the same for the same seed. */
export function content(size, seed = 'seed') {
    const key = crypto.createHash('md5').update(String(seed)).digest();
    return crypto.createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
export const gitSha1 = (bytes) => crypto.createHash('sha1').update(`blob ${bytes.length}\0`)
    .update(bytes).digest('hex');

/**
 * What goes wrong, with the next `times` requests (default 1) of that phase, and path if one is
 * given, after `skip` of them that go well. One of:
 * `status` with `headers` and `body`; `redirect` to a URL (a function gets the request's);
 * `drop` (no answer at all); `cutAfter` so many bytes of the body; `stallAfter` them (0: nothing
 * follows the head); `wrongByte` at that place of the file; `wrongLength`, by which the length that
 * is told differs; `noRanges` (200 and all of it); `garbage`, a body in the place of the right one;
 * `together`, how many requests of content are there before one is answered.
 * @typedef {{phase?: string, path?: string, times?: number, skip?: number, status?: number,
 *     headers?: Record<string, string>, body?: string, redirect?: string | ((url: string) => string),
 *     drop?: boolean, cutAfter?: number, stallAfter?: number, wrongByte?: number,
 *     wrongLength?: number, noRanges?: boolean, garbage?: string, together?: number,
 *     after?: () => Promise<any>}} Fault
 */

/**
 * @param {{pageSize?: number, token?: string, bytesPerSecond?: number, delay?: number,
 *     host?: string, tls?: {cert: Buffer, key: Buffer}}} options
 *   `token`: who is allowed to see private and gated repositories; `bytesPerSecond` limits each
 *   connection; `delay`: ms before each answer.
 */
export async function startHub(options = {}) {
    const hub = new Hub(options);
    await hub.start();
    return hub;
}

class Hub {
    /** What was asked: {server, phase, path, url, range, authorization, status, sent}. */
    requests = [];
    #repositories = new Map();
    #faults = [];
    #signature = 1;
    #gathering = [];

    constructor({ pageSize = 1000, token, bytesPerSecond = 0, delay = 0, host = '127.0.0.1', tls }) {
        Object.assign(this, { pageSize, token, bytesPerSecond, delay, host, tls });
    }

    async start() {
        this.#hubServer = await this.#listen('hub', (call) => this.#hub(call));
        this.#contentServer = await this.#listen('content', (call) => this.#signed(call));
        const scheme = this.tls ? 'https' : 'http';
        this.url = `${scheme}://${this.host}:${this.#hubServer.address().port}`;
        this.contentUrl = `${scheme}://${this.host}:${this.#contentServer.address().port}`;
        this.plainUrl = `${this.url}/plain`;
    }

    #hubServer;
    #contentServer;

    async #listen(name, handler) {
        const serve = (request, answer) => this.#serve(name, handler, request, answer);
        const server = this.tls ? https.createServer(this.tls, serve) : http.createServer(serve);
        server.keepAliveTimeout = 60_000;
        await new Promise((resolve) => server.listen(0, this.host, resolve));
        return server;
    }

    async close() {
        for (const server of [this.#hubServer, this.#contentServer]) {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        }
    }

    /**
     * Makes `files` (path → Buffer or text) the new state of a branch, and gives its commit.
     * @param {{revision?: string, private?: boolean, gated?: boolean,
     *     large?: (path: string) => boolean}} options
     */
    push(name, files, { revision = 'main', private: hidden = false, gated = false,
        large = (path) => LARGE.test(path) } = {}) {
        const repository = this.#repositories.get(name) ?? { branches: new Map(), commits: new Map() };
        this.#repositories.set(name, Object.assign(repository, { hidden, gated }));
        const entries = new Map();
        for (const [path, given] of Object.entries(files)) {
            const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given);
            entries.set(path, { path, bytes, size: bytes.length, sha1: gitSha1(bytes),
                sha256: sha256(bytes), large: large(path) });
        }
        const listing = [...entries.values()].map((one) => `${one.path}\0${one.sha1}`).join('\n');
        const commit = crypto.createHash('sha1').update(listing).digest('hex');
        repository.commits.set(commit, entries);
        repository.branches.set(revision, commit);
        return commit;
    }

    /** @param {Fault} fault */
    fail(fault) {
        this.#faults.push({ times: 1, skip: 0, ...fault });
    }

    /** From now on all goes well. */
    heal() {
        this.#faults = [];
    }

    /** The signed URLs that were given so far are refused from now on. */
    expire() {
        this.#signature++;
    }

    /** The requests of a phase, in their order. */
    asked(phase, path = '') {
        return this.requests.filter((one) => one.phase === phase && one.path.includes(path));
    }

    async #serve(server, handler, request, answer) {
        const { url, method, headers } = request;
        const entry = { server, phase: '', path: '', url, method, status: 0, sent: 0,
            range: headers.range, authorization: headers.authorization };
        const call = { entry, answer, url: new URL(url, 'http://hub') };
        this.requests.push(entry);
        answer.on('error', () => {}); // the client left
        if (this.delay) await new Promise((resolve) => setTimeout(resolve, this.delay));
        try {
            await handler(call);
        } catch (error) {
            console.error('hub:', error);
            answer.destroy();
        }
    }

    /** Notes what is asked for; whether a fault has answered in the place of the hub. */
    #enters(call, phase, path) {
        Object.assign(call.entry, { phase, path });
        const fault = this.#faults.find((one) => one.times > 0 && (one.phase ?? phase) === phase &&
            path.includes(one.path ?? '') && one.skip-- <= 0);
        call.fault = fault ?? {};
        if (!fault) return false;
        fault.times--;
        if (fault.drop) call.answer.destroy();
        else if (fault.redirect !== undefined)
            this.#send(call, 302, { Location: typeof fault.redirect === 'function'
                ? fault.redirect(call.entry.url) : fault.redirect });
        else if (fault.status) this.#send(call, fault.status, fault.headers, fault.body);
        else if (fault.garbage !== undefined) this.#send(call, 200, {}, fault.garbage);
        else return false;
        return true;
    }

    #send(call, status, headers = {}, body = '') {
        call.entry.status = status;
        const bytes = Buffer.from(body);
        call.answer.writeHead(status, { 'Content-Length': bytes.length, ...headers });
        if (call.fault?.cutAfter === undefined) return call.answer.end(bytes);
        call.answer.write(bytes.subarray(0, call.fault.cutAfter), () => call.answer.destroy());
    }

    #json(call, value, headers = {}) {
        this.#send(call, 200, { 'Content-Type': 'application/json; charset=utf-8', ...headers },
            JSON.stringify(value));
    }

    #refuse(call, status, code, message) {
        this.#send(call, status, { 'X-Error-Code': code, 'X-Error-Message': message,
            'Content-Type': 'application/json' }, JSON.stringify({ error: message }));
    }

    // --- the hub itself ---------------------------------------------------------------------

    async #hub(call) {
        const path = call.url.pathname;
        if (path.startsWith('/plain/')) return this.#plain(call, path.slice('/plain/'.length));
        const api = path.match(/^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/);
        const file = path.match(/^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/);
        if (!api && !file) return this.#send(call, 404, {}, 'Not Found');
        const [, name, phase] = api ?? [null, file[1], 'resolve'];
        if (this.#enters(call, phase, file ? decodeURIComponent(file[3]) : name)) return;
        const files = this.#find(call, name, decodeURIComponent(api ? api[3] : file[2]));
        if (!files) return;
        if (phase === 'revision')
            this.#json(call, { id: name, modelId: name, sha: files.commit, private: false,
                siblings: [...files.entries.keys()].map((rfilename) => ({ rfilename })) });
        else if (phase === 'tree') this.#tree(call, files);
        else await this.#resolve(call, files, decodeURIComponent(file[3]));
    }

    /** The files of a commit, branch or tag, for who may see them. */
    #find(call, name, revision) {
        const repository = this.#repositories.get(name);
        const known = this.token && call.entry.authorization === `Bearer ${this.token}`;
        if (!repository || (repository.hidden && !known)) {
            this.#refuse(call, call.entry.authorization ? 404 : 401, 'RepoNotFound',
                'Repository not found');
            return null;
        }
        if (repository.gated && !known && call.entry.phase === 'resolve') {
            this.#refuse(call, call.entry.authorization ? 403 : 401, 'GatedRepo',
                `Access to model ${name} is restricted`);
            return null;
        }
        const commit = repository.branches.get(revision) ?? revision;
        const entries = repository.commits.get(commit);
        if (!entries) this.#refuse(call, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
        return entries ? { name, commit, entries } : null;
    }

    #tree(call, { name, commit, entries }) {
        const folders = new Set([...entries.keys()].flatMap((path) => {
            const parts = path.split('/').slice(0, -1);
            return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
        }));
        const all = [
            ...[...folders].map((path) => ({ type: 'directory', oid: sha256(path).slice(0, 40),
                size: 0, path })),
            ...[...entries.values()].map((one) => this.#treeEntry(one))];
        const from = Number(call.url.searchParams.get('cursor') ?? 0);
        const next = from + this.pageSize;
        const link = `${this.url}/api/models/${name}/tree/${commit}?recursive=true&cursor=${next}`;
        this.#json(call, all.slice(from, next),
            next < all.length ? { Link: `<${link}>; rel="next"` } : {});
    }

    #treeEntry({ path, size, sha1, sha256: oid, large }) {
        const pointerSize = 134;
        return large ? { type: 'file', oid: sha256(oid).slice(0, 40), size, path,
            lfs: { oid, size, pointerSize } } : { type: 'file', oid: sha1, size, path };
    }

    async #resolve(call, { name, commit, entries }, path) {
        const entry = entries.get(path);
        if (!entry)
            return this.#refuse(call, 404, 'EntryNotFound', `${path} does not exist`);
        if (!entry.large)
            return this.#content(call, entry, { ETag: `"${entry.sha1}"`, 'X-Repo-Commit': commit });
        const query = new URLSearchParams({ repo: name, commit, path, Signature: this.#signature });
        this.#send(call, 302, { Location: `${this.contentUrl}/signed?${query}`,
            'X-Repo-Commit': commit, 'X-Linked-Size': entry.size,
            'X-Linked-ETag': `"${entry.sha256}"` });
    }

    // --- where the redirects lead ------------------------------------------------------------

    async #signed(call) {
        const { repo, commit, path, Signature } = Object.fromEntries(call.url.searchParams);
        if (this.#enters(call, 'content', path ?? '')) return;
        const entry = this.#repositories.get(repo)?.commits.get(commit)?.get(path);
        if (!entry || Number(Signature) !== this.#signature)
            return this.#send(call, 403, { 'Content-Type': 'application/xml' },
                '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>');
        if (call.fault.together) await this.#gather(call.fault.together);
        await call.fault.after?.();
        await this.#content(call, entry, { ETag: `"${entry.sha256}"` });
    }

    /** Waits until so many wait. */
    #gather(count) {
        return new Promise((resolve) => {
            this.#gathering.push(resolve);
            if (this.#gathering.length >= count)
                for (const go of this.#gathering.splice(0)) go();
        });
    }

    async #plain(call, path) {
        const name = [...this.#repositories.keys()].find((one) => path.startsWith(`${one}/`));
        const rest = path.slice((name?.length ?? 0) + 1);
        if (this.#enters(call, rest === 'SHA256SUMS' ? 'sums' : 'plain', rest)) return;
        const repository = this.#repositories.get(name);
        const entries = repository?.commits.get(repository.branches.get('main'));
        if (!entries) return this.#send(call, 404, {}, 'Not Found');
        if (rest === 'SHA256SUMS')
            return this.#send(call, 200, { 'Content-Type': 'text/plain' },
                [...entries.values()].map((one) => `${one.sha256}  ${one.path}\n`).join(''));
        const entry = entries.get(rest);
        if (!entry) return this.#send(call, 404, {}, 'Not Found');
        await this.#content(call, entry, {});
    }

    // --- bytes ---------------------------------------------------------------------------------

    /** All of a file or the range that was asked for, as slow and as wrong as was ordered. */
    async #content(call, { bytes }, headers) {
        const { fault, entry, answer } = call;
        const told = bytes.length + (fault.wrongLength ?? 0);
        const range = !fault.noRanges && entry.range?.match(/^bytes=(\d+)-(\d*)$/);
        const first = range ? Number(range[1]) : 0;
        if (range && first >= told)
            return this.#send(call, 416, { 'Content-Range': `bytes */${told}` });
        const last = range && range[2] ? Math.min(Number(range[2]), told - 1) : told - 1;
        entry.status = range ? 206 : 200;
        answer.writeHead(entry.status, { 'Content-Type': 'application/octet-stream',
            'Accept-Ranges': 'bytes', 'Content-Length': last + 1 - first, ...headers,
            ...(range ? { 'Content-Range': `bytes ${first}-${last}/${told}` } : {}) });
        await this.#body(call, bytes, first, last + 1);
    }

    async #body(call, bytes, first, told) {
        const { fault, entry, answer } = call;
        const end = Math.min(told, bytes.length);
        const stop = Math.min(end, first + (fault.cutAfter ?? fault.stallAfter ?? Infinity));
        const piece = this.bytesPerSecond ? Math.max(1, Math.ceil(this.bytesPerSecond / 50)) : PIECE;
        answer.flushHeaders();
        let due = performance.now();
        for (let at = first; at < stop && !answer.destroyed; at += piece) {
            const part = spoil(bytes.subarray(at, Math.min(at + piece, stop)), at, fault.wrongByte);
            entry.sent += part.length;
            if (!answer.write(part)) await drained(answer);
            due += this.bytesPerSecond ? (1000 * part.length) / this.bytesPerSecond : 0;
            const wait = due - performance.now();
            if (this.bytesPerSecond && wait > 0)
                await new Promise((resolve) => setTimeout(resolve, wait));
        }
        if (fault.stallAfter !== undefined) return;
        if (stop < told) answer.socket?.end(); // after what was written, and not as an answer's end
        else answer.end();
    }
}

function spoil(part, at, place) {
    if (place === undefined || place < at || place >= at + part.length) return part;
    const wrong = Buffer.from(part);
    wrong[place - at] ^= 0x20;
    return wrong;
}

export const drained = (answer) => new Promise((resolve) => {
    const done = () => {
        answer.off('drain', done);
        answer.off('close', done);
        resolve();
    };
    answer.on('drain', done);
    answer.on('close', done);
});
