/** The options of webinfer-peer, one table: the command line is read by it, and --help is printed from it. */
import { parseArgs } from 'node:util';

/** @typedef {{name: string, value?: string, is?: 'address' | 'bytes' | 'multiaddr' | 'number' | 'url', default?: string, help: string}} Option */

/** @type {Option[]} */
export const OPTIONS = [
    { name: 'bridge', value: 'URL', is: 'url', default: 'http://127.0.0.1:8471', help: 'The bridge of the daemon that nodes are led to' },
    { name: 'listen', value: 'ADDRESS:PORT', is: 'address', default: '127.0.0.1:9090', help: 'Where peers connect by WebSocket' },
    { name: 'listen-webrtc', value: 'ADDRESS:PORT', is: 'address', help: 'Where peers connect by WebRTC-direct (UDP); needs the npm package node-datachannel' },
    { name: 'announce', value: 'MULTIADDR', is: 'multiaddr', help: 'How pages reach it, such as /dns4/peer.example/tcp/9090/wss, if not at that address' },
    { name: 'page', value: 'ADDRESS:PORT', is: 'address', help: 'Serve the page here, for browsers that cannot reach the daemon' },
    { name: 'key', value: 'FILE', default: 'webinfer-peer.key', help: 'The private key, which is made if there is none' },
    { name: 'tls-certificate', value: 'FILE', help: 'PEM file with a certificate chain: both listeners use TLS' },
    { name: 'tls-key', value: 'FILE', help: 'PEM file with its private key' },
    { name: 'max-connections', value: 'N', is: 'number', default: '1024', help: 'The most connections of peers' },
    { name: 'max-connections-per-address', value: 'N', is: 'number', default: '64', help: 'The most of one address' },
    { name: 'relay-reservations', value: 'N', is: 'number', default: '256', help: 'The most pages that others reach through this peer' },
    { name: 'relay-bytes', value: 'N', is: 'bytes', default: '1073741824', help: 'The most bytes of one relayed connection' },
    { name: 'relay-seconds', value: 'N', is: 'number', default: '3600', help: 'The longest time of one' },
    { name: 'help', help: 'Print this' },
    { name: 'version', help: 'Print the version' },
];

/** Wrong use of the command line. */
export class UsageError extends Error {}

/** A host, without the brackets of IPv6, and a port. @param {string} text @returns {{host: string, port: number} | null} */
export function addressOf(text) {
    const [, six, four, port] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text) ?? [];
    return port !== undefined && +port <= 65535 ? { host: six ?? four, port: +port } : null;
}

/** What is allowed, in words, and whether a text is that. */
const FORMS = {
    address: { test: addressOf, allowed: 'an address and a port, such as 127.0.0.1:9090 or [::]:9090' },
    bytes: { test: (/** @type {string} */ text) => /^[1-9]\d{0,11}$/.test(text), allowed: 'a number of bytes from 1 to 999999999999' },
    multiaddr: { test: (/** @type {string} */ text) => /^\/(?:ip4|dns[46]?)\/[\w.-]+\/tcp\/\d+\/(?:ws|wss|tls\/ws)$/.test(text),
        allowed: 'a host, a port, and /ws or /wss, such as /dns4/peer.example/tcp/9090/wss' },
    number: { test: (/** @type {string} */ text) => /^[1-9]\d{0,5}$/.test(text), allowed: 'a number from 1 to 999999' },
    url: { test: (/** @type {string} */ text) => /^https?:\/\/[^/?#@\s]+$/.test(text), allowed: 'an origin, such as http://127.0.0.1:8471' },
};

/** @param {string[]} words @returns {Record<string, any>} */
export function readOptions(words) {
    const table = Object.fromEntries(OPTIONS.map(({ name, value }) =>
        [name, { type: /** @type {'string' | 'boolean'} */ (value ? 'string' : 'boolean') }]));
    const given = parsed(words, table);
    for (const { name, is, default: usual } of OPTIONS) {
        given[name] ??= usual;
        if (is && given[name] !== undefined && !FORMS[is].test(given[name]))
            throw new UsageError(`--${name}: found "${given[name]}"; allowed: ${FORMS[is].allowed}`);
    }
    if ((given['tls-certificate'] === undefined) !== (given['tls-key'] === undefined))
        throw new UsageError('--tls-certificate and --tls-key need each other');
    return given;
}

/** @param {string[]} words @param {Record<string, {type: 'string' | 'boolean'}>} options @returns {Record<string, any>} */
function parsed(words, options) {
    try {
        return { ...parseArgs({ args: words, options, strict: true, allowPositionals: false }).values };
    } catch (error) {
        throw new UsageError(/** @type {Error} */ (error).message);
    }
}

export function usage() {
    const left = OPTIONS.map(({ name, value }) => `--${name}${value ? ` ${value}` : ''}`);
    const width = Math.max(...left.map(({ length }) => length)) + 2;
    const rows = OPTIONS.map(({ help, default: usual }, i) => `  ${left[i].padEnd(width)}${help}${usual ? ` (${usual})` : ''}`);
    return `usage: webinfer-peer [OPTION...]\nLeads pages to a webinferd that they cannot reach, and to each other. See webinfer-peer(8).\n\n${rows.join('\n')}\n`;
}
