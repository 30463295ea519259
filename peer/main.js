/** webinfer-peer(8): the command line, and the start and end of both listeners. */
import fs from 'node:fs';
import { createSecureContext } from 'node:tls';
import { addressOf, readOptions, usage, UsageError } from './options.js';
import { makeOrigin } from './origin.js';
import { keyOf, startPeer } from './peer.js';

const NODE_MIN = 22;
/** For what a person has to mend, so that the unit does not start it again. */
const EXIT_USAGE = 2;
const NO_WEBRTC = '--listen-webrtc needs the npm package node-datachannel 0.33, with a binary for this machine, where Node.js finds it (see NODE_PATH)';
/** Faults that others can cause are told at most so often. */
const TELL_MS = 10_000;

/** What the options name, read before anything listens. @param {Record<string, any>} options */
async function readFiles(options) {
    try {
        const tls = options['tls-key']
            ? { cert: fs.readFileSync(options['tls-certificate']), key: fs.readFileSync(options['tls-key']) } : null;
        if (tls) createSecureContext(tls); // which says what is wrong with them
        return { tls, key: await keyOf(options.key) };
    } catch (error) {
        throw new UsageError(`--key, --tls-certificate or --tls-key: ${/** @type {Error} */ (error).message}`);
    }
}

/** @param {string} text of an option that was read @returns {{host: string, port: number}} */
const placeOf = (text) => /** @type {any} */ (addressOf(text));

/** Of what libp2p says about an address at which it cannot listen, the reason alone. @param {Error & {code?: string}} error @returns {never} */
function failToListen({ message, code }) {
    if (code === 'MODULE_NOT_FOUND' || /native addon/.test(message)) throw new UsageError(NO_WEBRTC);
    throw new Error(`--listen: ${/Error: (.+)/.exec(message)?.[1] ?? message}`);
}

/** @returns {(fault: string) => void} */
function makeTeller() {
    let last = -Infinity;
    return (fault) => {
        if (performance.now() - last < TELL_MS) return;
        last = performance.now();
        console.error(`webinfer-peer: ${fault}`);
    };
}

/** @param {Record<string, any>} options */
async function run(options) {
    const { bridge, announce } = options, { tls, key } = await readFiles(options);
    const node = await startPeer({ key, bridge, announce, tls, place: placeOf(options.listen), direct: options['listen-webrtc'] ? placeOf(options['listen-webrtc']) : null,
        most: +options['max-connections'], mostOfOne: +options['max-connections-per-address'], tell: makeTeller(),
        relay: { reservations: +options['relay-reservations'], bytes: +options['relay-bytes'], seconds: +options['relay-seconds'] } }).catch(failToListen);
    for (const address of node.getMultiaddrs()) console.log(`listening at ${address}`);
    const origin = options.page ? await serve(makeOrigin(bridge, String(node.peerId), tls), options.page) : null;
    if (origin) console.log(`the page is at ${tls ? 'https' : 'http'}://${authorityOf(origin.address())}/`);
    for (const signal of ['SIGTERM', 'SIGINT'])
        process.once(signal, async () => {
            origin?.close();
            origin?.closeAllConnections();
            await node.stop();
            process.exit(0);
        });
}

/** @param {import('node:http').Server} server @param {string} place @returns {Promise<import('node:http').Server>} */
const serve = (server, place) => new Promise((resolve, reject) => {
    const { host, port } = placeOf(place);
    server.on('error', reject).listen(port, host, () => resolve(server));
});

/** @param {any} address */
const authorityOf = ({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`;

/** @param {Error} error */
function fail(error) {
    console.error(`webinfer-peer: ${error.message}`);
    process.exit(error instanceof UsageError ? EXIT_USAGE : 1);
}

try {
    if (parseInt(process.versions.node) < NODE_MIN)
        throw new UsageError(`Node.js ${NODE_MIN} or later is needed; this is ${process.versions.node}`);
    const options = readOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(usage());
    else if (options.version) console.log(`webinfer-peer ${__VERSION__}`);
    else await run(options);
} catch (error) {
    fail(/** @type {Error} */ (error));
}
