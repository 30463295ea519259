/**
 * Helia as a program, since it needs a newer Node.js than the tests do. Each line of its input is ["fetch", …] or
 * ["serve", …], and is answered by a line of JSON. It ends with its input.
 *
 *   fetch GATEWAY CID FOLDER   writes the files below the CID, asking that gateway alone: null
 *   serve FOLDER TARGET        adds the folder in each shape, writes TARGET/SHAPE.car, and is a trustless gateway
 *                              over its blocks: {url, roots: {SHAPE: CID}}
 */
import { car } from '@helia/car';
import { withHTTP } from '@helia/http';
import { globSource, unixfs } from '@helia/unixfs';
import { createHeliaLight } from 'helia';
import { CID } from 'multiformats/cid';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { pipeline } from 'node:stream/promises';

const RAW = 'application/vnd.ipld.raw';
/** What it takes by itself; a profile by its name; and leaves of dag-pb, as old programs make them. */
const shapes = { default: {}, 'unixfs-v1-2025': { profile: 'unixfs-v1-2025' }, old: { cidVersion: 0, rawLeaves: false } };

/** What is to be done at the end. @type {(() => unknown)[]} */
const open = [];

async function fetch(gateway, cid, folder) {
    const helia = await withHTTP(await createHeliaLight(), { delegatedRouters: [], recursiveGateways: [gateway],
        allowLocal: true, allowInsecure: true });
    // Without one that comes to an end it looks for further providers for ever.
    helia.addRouter({ async *findProviders() {} });
    await helia.start();
    const files = unixfs(helia);
    const write = async (root, target) => {
        fs.mkdirSync(target, { recursive: true });
        for await (const { name, cid: below, type } of files.ls(root)) {
            const place = path.join(target, name);
            if (type === 'directory') await write(below, place);
            else await pipeline(files.cat(below), fs.createWriteStream(place));
        }
    };
    await write(CID.parse(cid), folder);
    await helia.stop();
}

function serveBlocks(blockstore) {
    return http.createServer(async ({ method, url, headers }, answer) => {
        const { pathname, searchParams } = new URL(url, 'http://helia'), text = pathname.match(/^\/ipfs\/(\w+)$/)?.[1];
        try {
            if (method !== 'GET' || !text || (searchParams.get('format') !== 'raw' && headers.accept !== RAW)) throw new TypeError('it serves blocks');
            const cid = CID.parse(text);
            if (!(await blockstore.has(cid))) {
                answer.writeHead(404).end();
                return;
            }
            const block = Buffer.concat(await Array.fromAsync(blockstore.get(cid)));
            answer.writeHead(200, { 'Content-Type': RAW, 'Content-Length': block.length }).end(block);
        } catch (error) {
            answer.writeHead(400).end(`${error.message}\n`);
        }
    });
}

async function serve(folder, target) {
    const helia = await (await createHeliaLight()).start(), roots = {};
    for (const [name, options] of Object.entries(shapes)) {
        for await (const { cid } of unixfs(helia).addAll(globSource(folder, '**/*'), { ...options, wrapWithDirectory: true })) roots[name] = cid;
        await pipeline(car(helia).export(roots[name]), fs.createWriteStream(path.join(target, `${name}.car`)));
    }
    const server = serveBlocks(helia.blockstore);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(() => (server.closeAllConnections(), server.close(), helia.stop()));
    const told = Object.fromEntries(Object.entries(roots).map(([name, cid]) => [name, String(cid)]));
    return { url: `http://127.0.0.1:${server.address().port}`, roots: told };
}

const verbs = { fetch, serve };
for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, ...words] = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await verbs[verb](...words) ?? null)}\n`);
}
for (const close of open) await close();
