/**
 * ./dev bench uplink: what it costs an echo that it goes to another daemon. Two daemons, each with a simulated node; the one
 * borrows the other's over webinfer uplink. Each round measures the echo at the lending daemon, at the borrowing one on its own
 * node, and at the borrowing one over the uplink. The goal is a p50 over the uplink of at most 1.3 times the other two added.
 *
 * Prints a table and, as its last line, one JSON object.
 */
import { commandLine, number } from '../lib/command-line.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { headersOf, newDaemon, relaysOf, tokens, Uplink } from '../lib/uplink.mjs';
import { echoRequest } from './contestants.mjs';
import { shown, spread, table } from './figures.mjs';
import * as programs from './programs.mjs';

const { rounds, ms } = commandLine('./dev bench uplink', 'Echoes over an uplink, compared with those of both daemons: a table, and one line of JSON.',
    { rounds: number(9, 'how often each is measured'), ms: number(1000, 'how many milliseconds each measurement lasts') });
const SIZES = [100, 600_000];
const GOAL = 1.3;

/** A request for an echo of so many bytes on that node, in a file. @param {string} name @param {string} url @param {string} node @param {number} size */
function echoFile(name, url, node, size) {
    const { headers, body } = echoRequest({ name: 'x', datatype: 'UINT8', shape: [size], bytes: Buffer.alloc(size, 1) }, { platform: 'simulated', node });
    return programs.requestFile(`uplink-${name}-${size}`, new URL(url).host, { ...headers, ...headersOf('ada').headers }, body);
}

/** @param {Awaited<ReturnType<typeof newDaemon>>} daemon */
async function ownNodeOf(daemon) {
    const { nodes } = (await daemon.get('/v1/nodes', headersOf('root'))).json;
    return nodes.find((/** @type {{via?: string}} */ { via }) => !via).id;
}

async function measure() {
    const { client } = programs.compile();
    const [lender, borrower] = [await newDaemon({ logToFile: true }), await newDaemon({ logToFile: true })];
    const simulations = [];
    for (const daemon of [lender, borrower]) simulations.push(await new Simulation(daemon, { nodes: 1, token: tokens.root }).up());
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const [{ id: relay }] = await relaysOf(borrower);
    /** @type {[string, string, string][]} */
    const all = [['lender', lender.url, await ownNodeOf(lender)], ['borrower', borrower.url, await ownNodeOf(borrower)],
        ['uplink', borrower.url, relay]];
    const rows = [];
    try {
        for (const size of SIZES) {
            const contestants = all.map(([name, url, node]) => ({ name, port: Number(new URL(url).port), file: echoFile(name, url, node, size) }));
            /** @type {Record<string, number[]>} */
            const p50 = { lender: [], borrower: [], uplink: [] };
            for (let round = -1; round < rounds; round++)
                for (const { name, port, file } of round % 2 ? contestants : [...contestants].reverse()) {
                    const figures = await programs.load(client, { port, file, clients: 1, ms });
                    if (figures.errors) throw new Error(`${figures.errors} requests of ${name} failed`);
                    if (round >= 0) p50[name].push(figures.p50_ms);
                }
            rows.push({ bytes: size, lender_p50_ms: spread(p50.lender), borrower_p50_ms: spread(p50.borrower), uplink_p50_ms: spread(p50.uplink),
                ratio: spread(p50.uplink.map((value, round) => value / (p50.lender[round] + p50.borrower[round]))) });
        }
    } finally {
        await uplink.stop();
        for (const one of simulations) await one.stop();
        await lender.stop();
        await borrower.stop();
    }
    return rows;
}

const rows = await measure();
process.stdout.write(table('An echo at two daemons, and from the one over an uplink to the other: p50, ms, median of the rounds (spread)',
    ['bytes', 'lending', 'borrowing', 'over the uplink', 'ratio to both', 'met'],
    rows.map((row) => [String(row.bytes), ...[row.lender_p50_ms, row.borrower_p50_ms, row.uplink_p50_ms, row.ratio].map(shown),
        row.ratio.median <= GOAL ? 'yes' : 'NO'])));
process.stdout.write(`${JSON.stringify({ uplink: rows, goal: GOAL })}\n`);
