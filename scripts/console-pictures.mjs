// `./dev console-pictures OUTDIR`: pictures of each view of the console, light and dark, 1280 and 400 pixels wide, while a
// real daemon with a real Chromium and simulated nodes is at work, brings a model and has what is wrong to tell of.
import fs from 'node:fs';
import path from 'node:path';
import { Daemon } from '../tests/lib/daemon.mjs';
import { content, startHub } from '../tests/lib/hub.mjs';
import { ownModels } from '../tests/lib/paths.mjs';
import { Simulation } from '../tests/lib/simulation.mjs';
import { newToken, writeTokens } from '../tests/lib/tokens.mjs';
import { delay } from '../tests/lib/wait.mjs';
import { launch } from '../tests/page/support/browser.mjs';
import { WORK_MS, digits, keepAtWork, showView } from './pictures/scene.mjs';

/** The views by the names of their pictures; `models/digits` is of the sample model. */
const VIEWS = { now: 'now', models: 'models', model: 'models/digits', try: 'try/digits', chat: 'try/finch', map: 'vectors', nodes: 'nodes', results: 'results', logs: 'logs' };
const SCHEMES = ['light', 'dark'];
const SIZES = [[1280, 900], [400, 860]];
const TOKEN = newToken();
const AS_ADMIN = { headers: { Authorization: `Bearer ${TOKEN}` } };

const out = process.argv[2];
if (!out || out.startsWith('-')) {
    console.error('usage: ./dev console-pictures OUTDIR');
    process.exit(2);
}

async function startDaemon(hub) {
    const daemon = new Daemon({ models: fs.readdirSync(ownModels), config: {
        pool: { min_connections: 1, max_connections: 1 }, models: { hub: 'local' }, 'hub.local': { url: hub.url },
        'browser.firefox': { max_connections: 1, binary: '/nonexistent/firefox' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'admin' }, { ada: TOKEN }) } });
    return daemon.start({ ready: false });
}

/** Requests of several kinds, of which some fail. @param {number} count */
function bodyOf(count) {
    const echo = { model_name: 'builtin/echo', inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] };
    const bodies = [echo, { ...echo, platform: 'simulated' }, ...[digits[0], digits.at(-1)].map((image) => ({ model_name: 'digits', inputs: { image } }))];
    return count % 60 === 0 ? { ...echo, inputs: [] } : bodies[count % bodies.length];
}

async function takePictures(daemon, browser) {
    const problems = [];
    const { tab, close } = await browser.openTab(problems);
    await tab.goto(`${daemon.url}/`);
    await tab.fill('body[data-state=token] #token', TOKEN);
    await tab.keyboard.press('Enter');
    await tab.waitForSelector('body[data-state=live]');
    for (const [name, view] of Object.entries(VIEWS))
        for (const colorScheme of SCHEMES)
            for (const [width, height] of SIZES) {
                await tab.setViewportSize({ width, height });
                await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                await showView(tab, daemon.url, view);
                const file = path.join(out, `${name}-${colorScheme}-${width}.png`);
                await tab.screenshot({ path: file, fullPage: view !== 'logs' });
                console.log(file);
            }
    await close();
    return problems.filter((problem) => !problem.includes('401'));
}

fs.mkdirSync(out, { recursive: true });
const hub = await startHub({ bytesPerSecond: 400_000 });
hub.push('org/speech', { 'model.onnx': content(80_000_000), 'config.json': '{}' });
const daemon = await startDaemon(hub);
const simulations = [], ends = [() => hub.close(), () => daemon.stop()];
let problems = [];
try {
    for (const options of [{ nodes: 4, latencyMs: 120, jitterMs: 300 }, { nodes: 2, browser: 'firefox', latencyMs: 60, jitterMs: 60, failRate: 0.02 }])
        simulations.push(await new Simulation(daemon, { ...options, token: TOKEN }).up());
    ends.push(...simulations.map((one) => () => one.stop()));
    await daemon.ready();
    const browser = await launch();
    ends.push(() => browser.close());
    ends.push(keepAtWork(daemon, bodyOf, AS_ADMIN));
    await daemon.post('/v1/models/pull', { model: 'org/speech', as: 'speech' }, AS_ADMIN);
    await daemon.post('/v1/models/pull', { model: 'org/nowhere' }, AS_ADMIN);
    console.log(`${daemon.url} is at work; the pictures come after ${WORK_MS / 1000} s`);
    await delay(WORK_MS);
    problems = await takePictures(daemon, browser);
} finally {
    for (const end of ends.reverse()) await end();
}
for (const problem of problems) console.error(`console-pictures: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
