/** webinfer-peer(8): the command line, and the start and end of both listeners. */
import fs from 'node:fs';
import { addressOf, readOptions, usage, UsageError } from './options.js';
import { makeOrigin } from './origin.js';
import { keyOf, startPeer } from './peer.js';

const NODE_MIN = 22;
/** Of wrong use, as with the other programs. */
const EXIT_USAGE = 2;

/** @param {Record<string, any>} options */
async function run(options) {
    const { bridge, announce } = options, place = addressOf(options.listen), page = options.page && addressOf(options.page);
    const tls = options['tls-key']
        ? { cert: fs.readFileSync(options['tls-certificate']), key: fs.readFileSync(options['tls-key']) } : null;
    const node = await startPeer({ key: await keyOf(options.key), bridge, ...place, announce, tls,
        most: +options['max-connections'], mostOfOne: +options['max-connections-per-address'] });
    const addresses = () => node.getMultiaddrs().map(String);
    for (const address of addresses()) console.log(`[bridge] peers may list ${address}`);
    const origin = page ? makeOrigin(bridge, addresses, tls).listen(page.port, page.host) : null;
    origin?.on('listening', () => {
        const { address, port } = origin.address();
        console.log(`the page is at ${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}/`);
    }).on('error', fail);
    for (const signal of ['SIGTERM', 'SIGINT'])
        process.once(signal, () => {
            origin?.close();
            origin?.closeAllConnections();
            node.stop().then(() => process.exit(0), fail);
        });
}

/** @param {Error} error */
function fail(error) {
    console.error(`webinfer-peer: ${error.message}`);
    process.exit(error instanceof UsageError ? EXIT_USAGE : 1);
}

try {
    if (parseInt(process.versions.node) < NODE_MIN) throw new Error(`Node.js ${NODE_MIN} or later is needed; this is ${process.versions.node}`);
    const options = readOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(usage());
    else if (options.version) console.log(`webinfer-peer ${__VERSION__}`);
    else await run(options);
} catch (error) {
    fail(/** @type {Error} */ (error));
}
