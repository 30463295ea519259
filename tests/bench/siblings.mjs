/**
 * ./dev bench siblings: a page whose daemon is killed goes on at a sibling. How long its first answer there takes, with the
 * model that it had loaded, compared with the first answer of a page that has not loaded it; and how long after the kill the
 * sibling has the page. Prints a table and writes build/bench/siblings.json.
 */
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, flag, roundsOf } from '../lib/command-line.mjs';
import { freePort } from '../lib/browsers.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build } from '../lib/paths.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { playwright } from './browsers.mjs';
import { shown, spread, table } from './figures.mjs';

const { quick, rounds = quick ? 1 : 5 } = commandLine('./dev bench siblings',
    'The first answer of a page that goes on at a sibling of its daemon: a table, and build/bench/siblings.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(5, 1),
    });
/** The most that the first answer at the sibling may take, of that of a cold load. */
const GOAL = 0.5;
const GRACE = '2s';
const FLAGS = ['--headless=new', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
const RANKS = { root: 'admin', farm: 'node' }, TOKENS = { root: newToken(), farm: newToken() };
const asRoot = { headers: { Authorization: `Bearer ${TOKENS.root}` } };
const WORK = {
    'a language model': { model_name: 'finch:Q8_0', inputs: 'The finch', options: { max_tokens: 1 } },
};

/** Two daemons that know of each other. */
async function makePair() {
    const ports = [await freePort(), await freePort()], origins = ports.map((port) => `http://127.0.0.1:${port}`);
    const pair = ports.map((port, i) => {
        const one = new Daemon({ models: ['finch'], logToFile: true, config: {
            bridge: { listen: `127.0.0.1:${port}`, endpoints: origins[1 - i], resume_grace: GRACE },
            pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } });
        one.writeConfig({ api: { tokens_file: writeTokens(one, RANKS, TOKENS) } });
        return one;
    });
    await Promise.all(pair.map((one) => one.start({ ready: false })));
    return { pair, origins };
}

/** The page's node there. @param {Daemon} daemon */
const nodeAt = (daemon) => until(async () => (await daemon.get('/v1/nodes', asRoot)).json.nodes.find(({ away }) => !away),
    { what: 'a node', timeout: 60_000, every: 10 });

/** Milliseconds of one answer. @param {Daemon} daemon @param {object} work */
async function answer(daemon, work) {
    const began = performance.now();
    const { status, text, json } = await daemon.post('/v1/infer', { ...work, timeout_ms: 60_000 }, asRoot);
    if (status !== 200) throw new Error(`${status} ${text}`);
    return { ms: performance.now() - began, warm: json.performance.warm };
}

/** A page joins A, which is killed once it has answered. @param {any} browser @param {object} work */
async function move(browser, work) {
    const { pair: [a, b], origins } = await makePair(), context = await browser.newContext();
    try {
        const tab = await context.newPage();
        await tab.goto(`${origins[0]}/#token=${TOKENS.farm}&start&storageLimit=0`, { timeout: 60_000 });
        await nodeAt(a);
        const cold = await answer(a, work);
        a.signal('SIGKILL');
        const killed = performance.now();
        await nodeAt(b);
        const away = performance.now() - killed, first = await answer(b, work);
        if (cold.warm || !first.warm) throw new Error('the model was loaded where it should not be, or is not where it should');
        return { cold: cold.ms, first: first.ms, away, share: first.ms / cold.ms };
    } finally {
        await context.close();
        await a.abandon();
        await b.stop();
    }
}

async function main() {
    const browser = await playwright(FLAGS), rows = [];
    try {
        for (const [what, work] of Object.entries(WORK)) {
            const moves = [];
            for (let round = 0; round < rounds; round++) {
                moves.push(await move(browser, work));
                process.stderr.write('.');
            }
            const figure = (name) => spread(moves.map((one) => one[name]));
            rows.push({ what, cold: figure('cold'), first: figure('first'), share: figure('share'), away: figure('away') });
        }
    } finally {
        await browser.close();
    }
    process.stderr.write('\n');
    const file = path.join(build, 'bench/siblings.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ when: new Date().toISOString(), rounds, goal: GOAL, grace: GRACE, rows }, null, 2));
    process.stdout.write(table('The first answer, ms: median of the rounds (spread)',
        ['of', 'with a cold load', 'at the sibling', 'share', 'met', `until it is there (resume_grace ${GRACE})`],
        rows.map(({ what, cold, first, share, away }) => [what, shown(cold), shown(first), shown(share), share.median <= GOAL ? 'yes' : 'NO', shown(away)])));
    console.log(`\nAll figures: ${file}`);
    return 0;
}

process.exit(await main());
