/**
 * ./dev bench chat: language models, everything in one run. Prints tables and writes
 * build/bench/chat.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, flag, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { withDaemon } from '../lib/daemon.mjs';
import { build } from '../lib/paths.mjs';
import { flagsOf, playwright } from './browsers.mjs';
import { cacheGoals, measureCaches, printCaches } from './chat/caches.mjs';
import { cancelGoals, measureCancel, printCancel } from './chat/cancel.mjs';
import { BarePage, Native, Webinfer } from './chat/contestants.mjs';
import { measureKinds, printKinds } from './chat/kinds.mjs';
import { makeShapes, shapes } from './chat/shapes.mjs';
import { measureSpeed, printSpeed, speedGoals } from './chat/speed.mjs';
import { measureStart, printStart } from './chat/start.mjs';
import { measureTurns, printTurns } from './chat/turns.mjs';
import { table } from './figures.mjs';
import { serve } from './served.mjs';

const { quick, rounds = quick ? 2 : 5, only: parts } = commandLine('./dev bench chat',
    'Language models, all in one run: tables, and build/bench/chat.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(5, 2),
        only: partsOf(['speed', 'turns', 'cancel', 'start', 'kinds', 'caches']),
    });
const SMALL = '13M', MIDDLE = '44M', LARGE = '135M';
/** Tokens of an answer. */
const TOKENS = 48;

async function compare(daemon, store) {
    const pages = await serve([store]);
    const browser = await playwright(flagsOf(daemon));
    const webinfer = new Webinfer(daemon), native = await new Native().start(store);
    try {
        const bare = await new BarePage().start(browser, pages);
        return await measureSpeed({ contestants: [bare, webinfer, native],
            shapes: quick ? [MIDDLE] : [SMALL, MIDDLE], rounds, tokens: TOKENS });
    } finally {
        webinfer.stop();
        await native.stop();
        await browser.close();
        pages.close();
    }
}

async function measure(store) {
    const result = { when: new Date().toISOString(), rounds, cpus: os.cpus().length, cpu: os.cpus()[0]?.model };
    const config = { models: { directory: store }, pool: { max_connections: 1, recycle_after: 0 } };
    if (['speed', 'turns', 'cancel'].some((part) => parts.includes(part)))
        await withDaemon({ config, logToFile: true }, async (daemon) => {
            const webinfer = new Webinfer(daemon);
            if (parts.includes('speed')) result.speed = await compare(daemon, store);
            if (parts.includes('turns'))
                result.turns = await measureTurns({ webinfer, shape: SMALL, quick,
                    histories: quick ? [1000] : [1000, 4000] });
            if (parts.includes('cancel'))
                result.cancel = await measureCancel({ webinfer, rounds, shapes: [quick ? SMALL : MIDDLE] });
            webinfer.stop();
        });
    if (parts.includes('start'))
        result.start = await measureStart({ store, shape: MIDDLE, rounds: quick ? 1 : 2 });
    if (parts.includes('kinds'))
        result.kinds = await measureKinds({ store, shape: quick ? SMALL : LARGE, rounds: 2, tokens: 24 });
    if (parts.includes('caches'))
        result.caches = await measureCaches({ store, shape: quick ? SMALL : MIDDLE, rounds, tokens: TOKENS,
            histories: quick ? [1000] : [64, 1000] });
    return result;
}

function goals({ speed, cancel, caches }) {
    const list = [];
    const goal = (name, value, limit, atLeast = false) => list.push({ name, value, limit,
        met: atLeast ? value >= limit : value <= limit });
    speedGoals(speed ?? [], goal);
    cancelGoals(cancel ?? [], goal);
    cacheGoals(caches ?? [], goal);
    return list;
}

function print({ speed, turns, cancel, start, kinds, caches, goals: list, seconds }) {
    if (speed) process.stdout.write(printSpeed(speed));
    if (turns) process.stdout.write(printTurns(turns));
    if (cancel) process.stdout.write(printCancel(cancel));
    if (start) process.stdout.write(printStart(start));
    if (kinds) process.stdout.write(printKinds(kinds));
    if (caches) process.stdout.write(printCaches(caches));
    process.stdout.write(table(`Goals (after ${Math.round(seconds)} s)`, ['goal', 'value', 'limit', 'met'],
        list.map((one) => [one.name, one.value, one.limit, one.met ? 'yes' : 'NO'])));
}

async function main() {
    const store = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
    const began = performance.now();
    let result;
    try {
        makeShapes(store, Object.keys(shapes).filter((name) => !quick || name !== LARGE));
        result = await measure(store);
    } finally {
        clear(store);
    }
    process.stderr.write('\n');
    result.goals = goals(result);
    result.seconds = (performance.now() - began) / 1000;
    const file = path.join(build, 'bench/chat.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(result, null, 2));
    print(result);
    console.log(`\nAll figures: ${file}`);
    return 0;
}

process.exit(await main());
