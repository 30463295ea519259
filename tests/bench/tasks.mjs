/**
 * ./dev bench tasks: Hugging Face folders by task, everything in one run. Prints tables and writes
 * build/bench/tasks.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, names, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { withDaemon } from '../lib/daemon.mjs';
import { makeFamilies } from '../lib/families.mjs';
import { build } from '../lib/paths.mjs';
import { flagsOf, playwright } from './browsers.mjs';
import { table } from './figures.mjs';
import { compile } from './programs.mjs';
import { serve } from './served.mjs';
import { BarePage, Native, TaskFloor, Webinfer } from './tasks/contestants.mjs';
import { familyGoals, measureFamilies, printFamilies } from './tasks/families.mjs';
import {
    generationGoals, measureFirstToken, measureVocabulary, printGeneration,
} from './tasks/generation.mjs';
import { measureParts, measureWarmUp, printLoading } from './tasks/loading.mjs';
import { measureEmbeddings, measureTranscription, printRates } from './tasks/rates.mjs';
import { SIZES } from './tasks/sizes.mjs';
import { works as allWorks } from './tasks/work.mjs';

const allModels = allWorks.map(({ model }) => model);
const { quick, rounds = quick ? 2 : 5, only: parts, models: chosen } = commandLine('./dev bench tasks',
    'Hugging Face folders by task, all in one run: tables, and build/bench/tasks.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(5, 2),
        only: partsOf(['families', 'generation', 'rates', 'loading']),
        models: names(allModels, 'of the families, in this order'),
    });
const ms = quick ? 100 : 600, familyMs = quick ? 0 : 400;
const works = chosen.map((name) => allWorks[allModels.indexOf(name)]);
/** The families' models have sizes of their own; those of the other parts are larger than the tests', so that there
 * is something to time. */
const STORES = [
    { of: ['families'], sizes: SIZES, models: allModels },
    { of: ['generation', 'rates', 'loading'], sizes: { width: 256, layers: 6 } },
];

/** Tokens of a conversation before its second turn. */
const HISTORIES = [1000, 4000];

async function compare(daemon, pairOf, store, parts) {
    const pages = await serve([store]), browser = await playwright(flagsOf(daemon));
    const built = compile(), floor = new TaskFloor(built), webinfer = new Webinfer(daemon, built.client);
    try {
        // Everybody computes with as many threads as webinfer does.
        const { threads } = (await webinfer.infer(works[0])).executed_on;
        const bare = await new BarePage().start(browser, pages, threads);
        if (parts.includes('families')) await floor.start(browser, pages, threads);
        return { threads, ...await measure(parts,
            { webinfer, pairOf, bare, floor, native: new Native(store, threads), rounds, ms, works }) };
    } finally {
        webinfer.stop();
        floor.stop();
        await browser.close();
        pages.close();
    }
}

/** What each part measures. */
const measures = {
    async families(who) {
        return { families: await measureFamilies(
            { ...who, ms: familyMs, contestants: [who.bare, who.floor, who.webinfer, who.native] }) };
    },
    async generation(who) {
        const vocabulary = await measureVocabulary(who), first = [];
        for (const history of HISTORIES)
            first.push(await measureFirstToken(
                { ...who, history, rounds: history > 1000 ? Math.ceil(rounds / 2) : rounds }));
        return { vocabulary, first };
    },
    async rates(who) {
        return { embeddings: await who.pairOf((pair) => measureEmbeddings({ ...who, pair })),
            transcription: await measureTranscription(who) };
    },
    async loading(who) {
        return { parts: await measureParts(who), warmUp: await measureWarmUp(who) };
    },
};

async function measure(parts, who) {
    const result = { took: {} };
    for (const part of parts) {
        const began = performance.now();
        Object.assign(result, await measures[part](who));
        result.took[part] = (performance.now() - began) / 1000;
    }
    return result;
}

function goals(result) {
    const list = [];
    const goal = (name, value, limit, atLeast = false) => list.push({ name, value, limit,
        met: atLeast ? value >= limit : value <= limit });
    familyGoals(result.families ?? [], goal);
    generationGoals(result, goal);
    return list;
}

function print(result) {
    process.stdout.write((result.families ? printFamilies(result.families) : '') + printGeneration(result) +
        printRates(result) + printLoading(result) +
        table(`Goals (after ${Math.round(result.seconds)} s: ${Object.entries(result.took)
            .map(([part, seconds]) => `${part} ${Math.round(seconds)}`).join(', ')})`, ['goal', 'value', 'limit', 'met'],
            result.goals.map((one) => [one.name, one.value, one.limit, one.met ? 'yes' : 'NO'])));
}

/** What these parts tell of the models of one store. */
async function measureStore({ sizes, models }, parts) {
    const store = makeFamilies(sizes, models);
    const started = (sessions, work) => withDaemon({ logToFile: true, config: {
        models: { directory: store },
        pool: { min_connections: sessions, max_connections: sessions, recycle_after: 0 } } }, work);
    const pairOf = (work) => started(2, async (daemon) => {
        await daemon.serving(2);
        const pair = new Webinfer(daemon);
        try {
            return await work(pair);
        } finally {
            pair.stop();
        }
    });
    return started(1, (daemon) => compare(daemon, pairOf, store, parts));
}

async function main() {
    const began = performance.now();
    const result = { when: new Date().toISOString(), rounds, cpu: os.cpus()[0]?.model, took: {} };
    for (const store of STORES) {
        const wanted = store.of.filter((part) => parts.includes(part));
        if (!wanted.length) continue;
        const { took, ...told } = await measureStore(store, wanted);
        Object.assign(result, told);
        Object.assign(result.took, took);
    }
    process.stderr.write('\n');
    result.goals = goals(result);
    result.seconds = (performance.now() - began) / 1000;
    const file = path.join(build, 'bench/tasks.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(result, null, 2));
    print(result);
    console.log(`\nAll figures: ${file}`);
}

await main();
