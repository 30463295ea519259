/**
 * Helia as a program, since it needs a newer Node.js than the tests do.
 *
 *   helia.mjs fetch GATEWAY CID FOLDER   writes the files below the CID, asking that gateway alone
 *   helia.mjs serve FOLDER TARGET        adds the folder in each shape, writes TARGET/SHAPE.car, says
 *                                        {url, roots: {SHAPE: CID}} in a line, and is a trustless
 *                                        gateway over its blocks until its input ends
 */
import { car } from '@helia/car';
import { withHTTP } from '@helia/http';
import { globSource, unixfs } from '@helia/unixfs';
import { createHeliaLight } from 'helia';
import { CID } from 'multiformats/cid';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const RAW = 'application/vnd.ipld.raw';
/** What it takes by itself; a profile by its name; and leaves of dag-pb, as old programs make them. */
const shapes = { default: {}, 'unixfs-v1-2025': { profile: 'unixfs-v1-2025' }, old: { cidVersion: 0, rawLeaves: false } };

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
    const told = { url: `http://127.0.0.1:${server.address().port}`, roots: Object.fromEntries(Object.entries(roots).map(([name, cid]) => [name, String(cid)])) };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    for await (const piece of process.stdin) void piece;
    server.closeAllConnections();
    server.close();
    await helia.stop();
}

const [verb, ...words] = process.argv.slice(2);
await { fetch, serve }[verb](...words);
