/**
 * ./dev bench routing: what `auto` costs against the best place that is trusted, under a steady load of one
 * client: with nothing known, and after a restart with the model loaded on WASM already. All figures go to
 * build/bench/routing.json.
 */
import fs from 'node:fs';
import path from 'node:path';
import { edge } from '../lib/browsers.mjs';
import { commandLine, flag, names as namesOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build, sharedModels } from '../lib/paths.mjs';
import { median, table } from './figures.mjs';
import { tensors } from './suite.mjs';

const NAMES = ['cnn_squeezenet_randw', 'light_resnet50'];
const PLATFORMS = ['wasm', 'webnn'];
const { quick, models: wanted } = commandLine('./dev bench routing',
    'Whether `auto` goes where a model is known to be faster: a table, and build/bench/routing.json.', {
        quick: flag('less of each, and the small model alone'),
        models: namesOf(NAMES, 'of those', []),
    });
const chosen = wanted.length ? wanted : NAMES.slice(0, quick ? 1 : 2);
/** Requests at most until it has moved, and those that are timed then. */
const MOST = 3000, TIMED = quick ? 30 : 100;

/** One request: what it took as the client sees it, and what ran it. */
async function ask(daemon, name, inputs, pins = {}) {
    const began = performance.now();
    const { executed_on: { platform }, performance: { load_ms } } = await daemon.answer({ model_name: name, ...pins }, inputs);
    return { ms: performance.now() - began, platform, load_ms };
}

/** One after another until `isOver` of all of them so far. */
async function askUntil(isOver, ...what) {
    const all = [];
    while (all.length < MOST && !isOver(all)) all.push(await ask(...what));
    return all;
}

const option = async (daemon, name, platform) => (await daemon.get(`/v1/hardware?model_name=${name}`)).json
    .options.find((one) => one.platform === platform);

/** p50 of each platform by its name and of `auto`, in rounds, so that all see the same hour. */
async function compare(daemon, name, inputs) {
    const times = { auto: [], wasm: [], webnn: [] };
    const places = new Set();
    for (let round = 0; round < TIMED; round++) {
        for (const platform of PLATFORMS)
            times[platform].push((await ask(daemon, name, inputs, { platform, fallback: false })).ms);
        const auto = await ask(daemon, name, inputs);
        times.auto.push(auto.ms);
        places.add(auto.platform);
    }
    const p50 = Object.fromEntries(Object.entries(times).map(([key, list]) => [key, median(list)]));
    const best = Math.min(p50.wasm, p50.webnn);
    return { p50, places: [...places], over_best: p50.auto / best };
}

/** A steady load until it runs where it is known to be faster, and what that has cost beyond the best. */
async function steady(daemon, name, inputs, isThere) {
    const all = await askUntil(isThere, daemon, name, inputs);
    const compared = await compare(daemon, name, inputs);
    const best = Math.min(compared.p50.wasm, compared.p50.webnn);
    return { requests: all.length, lost_ms: all.reduce((sum, { ms, load_ms }) => sum + Math.max(0, ms - load_ms - best), 0),
        ...compared };
}

async function measure(name) {
    const inputs = tensors(name);
    const config = { pool: { min_connections: 1, max_connections: 1, exploration: '2%' }, 'browser.chrome': { max_connections: 0 },
        'browser.edge': edge({ min_connections: 1, max_connections: 1, platforms: 'webnn, wasm' }) };
    const daemon = await new Daemon({ models: [name], config, keep: true }).start();
    try {
        const known = async () => {
            const [wasm, webnn] = await Promise.all(PLATFORMS.map((platform) => option(daemon, name, platform)));
            return wasm.measured && webnn.measured && webnn.verdict === 'trusted';
        };
        // With nothing known: exploring compares and measures, and the load goes on until it has.
        let settled = false;
        const fresh = await steady(daemon, name, inputs, (all) => {
            if (all.length % 10 === 0) known().then((is) => { settled = is; });
            return settled;
        });
        await daemon.stop();
        await daemon.start();
        for (let i = 0; i < 3; i++) await ask(daemon, name, inputs, { platform: 'wasm' });
        const { moves } = await option(daemon, name, 'webnn');
        const again = await steady(daemon, name, inputs, (all) => all.at(-1)?.platform === 'webnn');
        return { name, fresh, restarted: { ...again, loading_ms: moves?.at_ms ?? null } };
    } finally {
        daemon.options.keep = false;
        await daemon.stop();
    }
}

if (!sharedModels) throw new Error('the models lie beside the checkout: WEBINFER_CASES says where');
const results = [];
for (const name of chosen) results.push(await measure(name));
const row = (name, phase, { p50, over_best: over, requests, lost_ms: lost, loading_ms: loading }) =>
    [name, phase, requests, lost, loading ?? '', p50.wasm, p50.webnn, p50.auto, over];
process.stdout.write(table('auto against the best trusted place, p50 in ms, one client',
    ['model', 'phase', 'requests until then', 'lost', 'loading', 'wasm', 'webnn', 'auto', 'over the best'],
    results.flatMap(({ name, fresh, restarted }) =>
        [row(name, 'fresh', fresh), row(name, 'restarted', restarted)])));
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/routing.json'), JSON.stringify(results, null, 2));
process.exit(0);
