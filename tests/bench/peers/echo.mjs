/** Echoes of pages that come to the service by several ways, compared with one that comes directly. Nothing holds the line. */
import { request } from '../../lib/http.mjs';
import { echoRequest } from '../contestants.mjs';
import { shown, spread, table } from '../figures.mjs';
import * as programs from '../programs.mjs';
import { goalOf, ratioOf } from './figures.mjs';

/** By the page's link; the first is what others are compared with. `most`: by bytes of an echo, how many times as long it may take.
 * @type {{name: string, query: (ground: any) => string, most: Record<number, number>}[]} */
const WAYS = [
    { name: 'direct', query: () => '', most: {} },
    { name: 'webinfer-peer', query: ({ peer }) => `?node_endpoints=${peer.address}`, most: { 100: 3, 600_000: 2.5 } },
];
const SIZES = [100, 600_000];
const MS = 1000;

/** A page that came by that way, and its node. @param {any} ground @param {typeof WAYS[number]} way @param {number} home */
async function pageBy(ground, { name, query }, home) {
    const { tab, close } = await ground.openBrowser(home), sockets = [];
    tab.on('websocket', (socket) => sockets.push(new URL(socket.url()).port));
    await tab.goto(`${ground.bridge}/${query(ground)}#token=${await ground.token(1)}&start`);
    const node = await ground.nodeOf(tab), [, , , , port] = ground.peer.address.split('/');
    if (sockets.includes(port) !== query(ground).includes(port)) throw new Error(`the page has come by another way than ${name}: ${sockets}`);
    return { name, node, close };
}

/** A request for an echo of so many bytes by a node, in a file, once it has been seen to be one. @param {any} ground @param {{name: string, node: string}} page @param {number} size */
async function echoFile(ground, { name, node }, size) {
    const bytes = Buffer.alloc(size, 1);
    const { headers, body } = echoRequest({ name: 'x', datatype: 'UINT8', shape: [size], bytes }, { node });
    const answer = await request(`${ground.daemon.url}/v1/infer`, { method: 'POST', headers, body });
    if (answer.status !== 200 || !answer.body.subarray(-size).equals(bytes)) throw new Error(`${name}: ${answer.status}, which is no echo`);
    return programs.requestFile(`peers-${name}-${size}`, `127.0.0.1:${ground.port}`, headers, body);
}

/** @param {any} ground @param {{client: string, rounds: number}} options */
export async function measure(ground, { client, rounds }) {
    const pages = await Promise.all(WAYS.map((way, home) => pageBy(ground, way, home))), rows = [];
    try {
        for (const size of SIZES) {
            const files = Object.fromEntries(await Promise.all(pages.map(async (page) => [page.name, await echoFile(ground, page, size)])));
            const found = [];
            for (let round = -1; round < rounds; round++) { // the first is not counted
                const p50 = {};
                for (const { name } of round % 2 ? pages : [...pages].reverse()) {
                    const figures = await programs.load(client, { port: ground.port, file: files[name], clients: 1, ms: MS, under: ground.service.command() });
                    if (figures.errors) throw new Error(`${figures.errors} echoes by ${name} failed`);
                    p50[name] = figures.p50_ms;
                }
                if (round >= 0) found.push(p50);
            }
            rows.push(...WAYS.map(({ name }) => ({ size, name, p50_ms: spread(found.map((one) => one[name])), ratio: ratioOf(found, (one) => one[name], (one) => one.direct) })));
            process.stderr.write('.');
        }
    } finally {
        for (const { close } of pages) await close();
        await ground.empty();
    }
    return rows;
}

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const print = (rows) => table('An echo of a page, p50, ms: median of the rounds (spread)', ['bytes', 'way', 'ms', 'times direct'],
    rows.map(({ size, name, p50_ms: ms, ratio }) => [String(size), name, shown(ms), shown(ratio)]));

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const goals = (rows) => WAYS.flatMap(({ name, most }) => Object.entries(most).map(([size, limit]) =>
    goalOf(`an echo of ${size} B through ${name}, times direct`, limit, rows.find((row) => row.name === name && row.size === Number(size)).ratio)));
