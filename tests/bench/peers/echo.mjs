/** Echoes of pages that come to the service by several ways, compared with one that comes directly. Nothing holds the line. */
import { request } from '../../lib/http.mjs';
import { builtPage } from '../../lib/paths.mjs';
import { until } from '../../lib/wait.mjs';
import { echoRequest } from '../contestants.mjs';
import { shown, spread, table } from '../figures.mjs';
import * as programs from '../programs.mjs';
import { absentGoal, goalOf, ratioOf, speaks } from './figures.mjs';
import { SWARM } from './ground.mjs';

const MS = 1000;
const SOON_MS = 120_000;
const ABSENT = 'this page carries no others';
/** On a page that has met one which carries others. */
const MEETS = "[...document.querySelectorAll('#peers-rows tr[data-way=direct]')].some(({ textContent }) => textContent.includes('leads others to the service'))";
const IS_CARRIED = "/over another browser/.test(document.getElementById('peers-way').textContent)";

/** The first is what others are compared with. `most`: by bytes of an echo, how many times as long it may take; `needs`: what the page's
 * scripts have to name for it; `open`: a page that comes by that way.
 * @type {{name: string, most: Record<number, number>, needs?: string, open: (ground: any) => Promise<{node: string, close: () => Promise<void>}>}[]} */
const WAYS = [
    { name: 'direct', most: {}, open: (ground) => openPage(ground, 0) },
    { name: 'webinfer-peer', most: { 100: 3, 600_000: 2.5 }, open: openByPeer },
    { name: 'another page', most: { 100: 8 }, needs: 'carryOthers', open: openCarried },
];
const SIZES = [100, 600_000];
const [DIRECT] = WAYS;

/** @param {any} ground @param {number} home @param {string} [query] of its link @param {string} [more] options of it */
async function openPage(ground, home, query = '', more = '') {
    const { tab, close } = await ground.openBrowser(home), sockets = [];
    tab.on('websocket', (socket) => sockets.push(new URL(socket.url()).port));
    await tab.goto(`${ground.bridge}/${query}#token=${await ground.token(1)}&start${more}`);
    return { tab, sockets, close, node: await ground.nodeOf(tab) };
}

async function openByPeer(ground) {
    const { address } = ground.peer, page = await openPage(ground, 1, `?node_endpoints=${address}`);
    if (!page.sockets.includes(address.split('/')[4])) throw new Error('the page has come by another way than webinfer-peer');
    return page;
}

/** A page that reached the service directly, until a wall was between them. */
async function openCarried(ground) {
    const carrier = await openPage(ground, 2, '', SWARM), page = await openPage(ground, 3, '', SWARM);
    await carrier.tab.evaluate("document.getElementById('carryOthers').click()");
    await until(() => page.tab.evaluate(MEETS), { what: 'a page that carries others', timeout: SOON_MS });
    const tearDown = ground.wall(3);
    await until(() => page.tab.evaluate(IS_CARRIED), { what: 'the page to be carried', timeout: SOON_MS });
    return { node: await ground.nodeOf(page.tab), close: async () => {
        for (const { close } of [page, carrier]) await close();
        tearDown();
    } };
}

/** A request for an echo of so many bytes by a node, in a file, once it has been seen to be one. @param {any} ground @param {{name: string, node: string}} page @param {number} size */
async function echoFile(ground, { name, node }, size) {
    const bytes = Buffer.alloc(size, 1);
    const { headers, body } = echoRequest({ name: 'x', datatype: 'UINT8', shape: [size], bytes }, { node });
    const answer = await request(`${ground.daemon.url}/v1/infer`, { method: 'POST', headers, body });
    if (answer.status !== 200 || !answer.body.subarray(-size).equals(bytes)) throw new Error(`${name}: ${answer.status}, which is no echo`);
    return programs.requestFile(`peers-${name.replace(' ', '-')}-${size}`, `127.0.0.1:${ground.port}`, headers, body);
}

/** @param {any} ground @param {{name: string, most: Record<number, number>, node: string}[]} pages @param {number} size @param {{client: string, rounds: number}} options */
async function measureSize(ground, pages, size, { client, rounds }) {
    const compared = pages.filter(({ name, most }) => name === DIRECT.name || size in most), found = [];
    const files = Object.fromEntries(await Promise.all(compared.map(async (page) => [page.name, await echoFile(ground, page, size)])));
    for (let round = -1; round < rounds; round++) { // the first is not counted
        const p50 = {};
        for (const { name } of round % 2 ? compared : [...compared].reverse()) {
            const figures = await programs.load(client, { port: ground.port, file: files[name], clients: 1, ms: MS, under: ground.service.command() });
            if (figures.errors) throw new Error(`${figures.errors} echoes by ${name} failed`);
            p50[name] = figures.p50_ms;
        }
        if (round >= 0) found.push(p50);
    }
    process.stderr.write('.');
    return compared.map(({ name }) => ({ size, name, p50_ms: spread(found.map((one) => one[name])), ratio: ratioOf(found, (one) => one[name], (one) => one[DIRECT.name]) }));
}

/** @param {any} ground @param {{client: string, rounds: number}} options */
export async function measure(ground, options) {
    const pages = [], rows = [];
    try {
        for (const way of WAYS)
            if (!way.needs || speaks(builtPage, way.needs)) pages.push({ ...way, ...await way.open(ground) });
        for (const size of SIZES) rows.push(...await measureSize(ground, pages, size, options));
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
export const goals = (rows) => WAYS.flatMap(({ name, most }) => Object.entries(most).map(([size, limit]) => {
    const figure = `an echo of ${size} B through ${name}, times direct`, row = rows.find((one) => one.name === name && one.size === Number(size));
    return row ? goalOf(figure, limit, row.ratio) : absentGoal(figure, limit, ABSENT);
}));
