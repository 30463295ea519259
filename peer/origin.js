/**
 * The page's origin for browsers that cannot reach the daemon: what they get comes from the bridge, the page and its policy
 * included, so that both are those of that daemon. A page that is opened without endpoints is told to connect through this
 * peer, at the addresses that the daemon lists.
 */
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';

/** What is passed on: files of models and of the page, whose names need no escaping. For the bridge this program is a client of its
 * own machine: published content, which such a client may have, is not passed on, and neither is what leads to other origins. */
const PASSED = /^\/(?:models\/[\w.@=~,/-]+|[\w.-]*)$/;
const KEPT_BACK = new Set(['/node', '/content', '/endpoints', '/devices', '/ipfs']);
/** The only query that is passed on: for the list of a model file's blocks, perhaps with the page's id among peers. */
const BLOCKS = /^\/models\/[^?]*(\?blocks(?:=\w+)?)$/;
/** Headers that are passed on, either way. */
const ASKED = ['accept-encoding', 'authorization', 'if-none-match', 'if-range', 'range'];
const ANSWERED = [
    'accept-ranges', 'cache-control', 'content-encoding', 'content-length', 'content-range', 'content-security-policy', 'content-type',
    'cross-origin-embedder-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy', 'etag', 'permissions-policy',
    'referrer-policy', 'retry-after', 'vary', 'www-authenticate', 'x-content-type-options', 'x-webinfer-ticket',
];
/** Connections to the bridge at a time: for it they are of one address. */
const SOCKETS_MAX = 32;
const CLIENTS_MAX = 1024;
/** An answer or a client that stands still for so long is given up. */
const STILL_MS = 30_000;
const NO_ANSWER = 'the service does not answer';

/** @param {Record<string, any>} headers @param {string[]} names @returns {Record<string, string>} */
const only = (headers, names) =>
    Object.fromEntries(names.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]));

/** @param {http.ServerResponse} response @param {number} status @param {string} text @param {http.OutgoingHttpHeaders} [more] */
function say(response, status, text, more = {}) {
    response.writeHead(status, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff', ...more }).end(`${text}\n`);
}

/** Of what the bridge has answered, the headers that are passed on. @param {http.IncomingMessage} found */
export const answered = ({ headers }) => only(headers, ANSWERED);

/** What is passed on of a request's URL: its path, and that query; "": nothing is. @param {string} url */
export function passedOf(url) {
    const [path] = url.split('?'), isPassed = PASSED.test(path) && !/\/\.\.?(?:\/|$)/.test(path) && !KEPT_BACK.has(path);
    return isPassed ? path + (BLOCKS.exec(url)?.[1] ?? '') : '';
}

/** Sends a page that was opened to itself, with the peer's addresses. A browser keeps the fragment, which has the token.
 * @param {string} bridge @param {string} id the peer's @param {http.ServerResponse} response */
async function redirect(bridge, id, response) {
    const said = await fetch(`${bridge}/peers`, { signal: AbortSignal.timeout(STILL_MS) }).then((found) => found.json()).catch(() => null);
    const addresses = said?.peers?.filter(({ peer }) => peer === id).map(({ address }) => address) ?? [];
    if (!said) return say(response, 502, NO_ANSWER);
    if (addresses.length === 0) return say(response, 503, 'the service does not list this peer: its operator adds it to [bridge] peers');
    const location = `/?node_endpoints=${addresses.join(',')}`;
    say(response, 302, 'this page connects through a peer', { location, 'cache-control': 'no-store' });
}

/** What asks the bridge for a path that is passed on, with those of the headers that are; it is given up if it stands still.
 * @param {string} bridge its origin @returns {(method: string, pathname: string, headers: Record<string, any>) => http.ClientRequest} */
export function makeAsking(bridge) {
    const client = bridge.startsWith('https:') ? https : http, agent = new client.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
    return (method, pathname, headers) => {
        const asked = client.request(bridge + pathname, { method, agent, headers: only(headers, ASKED), timeout: STILL_MS });
        return asked.on('timeout', () => asked.destroy(new Error(NO_ANSWER)));
    };
}

/** @param {string} bridge its origin @param {string} id the peer's @param {{cert: Buffer, key: Buffer} | null} tls
 * @returns {http.Server} */
export function makeOrigin(bridge, id, tls) {
    const ask = makeAsking(bridge);
    /** @type {http.RequestListener} */
    const answer = (request, response) => {
        const { method = '', url = '/' } = request, path = passedOf(url), [, query = ''] = url.split('?');
        if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'only GET and HEAD are served', { allow: 'GET, HEAD' });
        if (!path) return say(response, 404, 'there is nothing at this path');
        if (method === 'GET' && path === '/' && !new URLSearchParams(query).has('node_endpoints') && isNavigation(request))
            return redirect(bridge, id, response);
        const passed = ask(method, path, request.headers);
        passed.on('response', (found) => {
            response.writeHead(found.statusCode ?? 502, answered(found));
            pipeline(found, response, () => {}); // whichever ends first ends the other
        });
        passed.on('error', () => (response.headersSent ? response.destroy() : say(response, 502, NO_ANSWER)));
        response.on('close', () => passed.destroy());
        passed.end();
    };
    const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
    server.setTimeout(STILL_MS);
    server.maxConnections = CLIENTS_MAX;
    return server;
}

/** The page itself asks for / as well, to see whether it is still the same. @param {http.IncomingMessage} request */
const isNavigation = ({ headers }) => headers['sec-fetch-mode'] === undefined || headers['sec-fetch-mode'] === 'navigate';
