/**
 * The page's origin for browsers that cannot reach the daemon: what they get comes from the bridge, the page and its policy
 * included, so that both are those of that daemon. A page that is opened without endpoints is told to connect through this
 * program.
 */
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';

/** What is not passed on: the node's WebSocket, published content, and what leads to other origins. */
const KEPT_BACK = /^\/(?:node|content|endpoints|devices|ipfs(?:\/.*)?)$/;
/** Headers that are passed on, either way. */
const ASKED = ['accept-encoding', 'authorization', 'if-none-match', 'if-range', 'range'];
const ANSWERED = [
    'accept-ranges', 'cache-control', 'content-encoding', 'content-length', 'content-range', 'content-security-policy', 'content-type',
    'cross-origin-embedder-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy', 'etag', 'permissions-policy',
    'referrer-policy', 'retry-after', 'vary', 'www-authenticate', 'x-content-type-options',
];
/** Connections to the bridge at a time: for it they are of one address. */
const SOCKETS_MAX = 32;
/** An answer or a client that stands still for so long is given up. */
const STILL_MS = 30_000;

/** @param {http.IncomingHttpHeaders} headers @param {string[]} names */
const only = (headers, names) =>
    Object.fromEntries(names.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]));

/** @param {http.ServerResponse} response @param {number} status @param {string} text @param {http.OutgoingHttpHeaders} [more] */
function say(response, status, text, more = {}) {
    response.writeHead(status, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff', ...more }).end(`${text}\n`);
}

/** @param {string} bridge its origin @param {() => string[]} addresses by which pages reach this program
 * @param {{cert: Buffer, key: Buffer} | null} tls @returns {http.Server} */
export function makeOrigin(bridge, addresses, tls) {
    const client = bridge.startsWith('https:') ? https : http, agent = new client.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
    /** @type {http.RequestListener} */
    const answer = (request, response) => {
        const { method = '', url = '/' } = request, { pathname, searchParams } = new URL(url, 'http://origin.invalid');
        if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'only GET and HEAD are served', { allow: 'GET, HEAD' });
        if (KEPT_BACK.test(pathname)) return say(response, 404, 'there is nothing at this path');
        // A browser keeps the fragment, which has the token.
        if (method === 'GET' && pathname === '/' && !searchParams.has('node_endpoints') && isNavigation(request))
            return say(response, 302, 'this page connects through a peer', { location: `/?node_endpoints=${addresses().join(',')}`, 'cache-control': 'no-store' });
        const passed = client.request(bridge + pathname, { method, agent, headers: only(request.headers, ASKED), timeout: STILL_MS });
        passed.on('response', (found) => {
            response.writeHead(found.statusCode ?? 502, only(found.headers, ANSWERED));
            pipeline(found, response, () => {}); // whichever ends first ends the other
        });
        passed.on('timeout', () => passed.destroy(new Error('the service does not answer')));
        passed.on('error', (error) => (response.headersSent ? response.destroy() : say(response, 502, error.message)));
        response.on('close', () => passed.destroy());
        passed.end();
    };
    const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
    server.setTimeout(STILL_MS);
    return server;
}

/** The page itself asks for / as well, to see whether it is still the same. @param {http.IncomingMessage} request */
const isNavigation = ({ headers }) => headers['sec-fetch-mode'] === undefined || headers['sec-fetch-mode'] === 'navigate';
