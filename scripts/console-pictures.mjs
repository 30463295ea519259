// `./dev console-pictures OUTDIR`: pictures of each view of the console, light and dark, 1280 and 400 pixels wide, while a
// real daemon with a real Chromium and simulated nodes is at work, brings a model and has what is wrong to tell of.
import fs from 'node:fs';
import path from 'node:path';
import { Daemon } from '../tests/lib/daemon.mjs';
import { content, startHub } from '../tests/lib/hub.mjs';
import { hasDigits, ownModels } from '../tests/lib/paths.mjs';
import { Simulation } from '../tests/lib/simulation.mjs';
import { newToken, writeTokens } from '../tests/lib/tokens.mjs';
import { launch } from '../tests/page/support/browser.mjs';

/** The views by the names of their pictures; `models/digits` is of the sample model. */
const VIEWS = { now: 'now', models: 'models', model: 'models/digits', try: 'try/digits', chat: 'try/finch', nodes: 'nodes', logs: 'logs' };
const SCHEMES = ['light', 'dark'];
const SIZES = [[1280, 900], [400, 860]];
/** So long the daemon is at work before the first picture, for the last hour's figures. */
const WORK_MS = 65_000;
const TOKEN = newToken();
const AS_ADMIN = { headers: { Authorization: `Bearer ${TOKEN}` } };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const out = process.argv[2];
if (!out || out.startsWith('-')) {
    console.error('usage: ./dev console-pictures OUTDIR');
    process.exit(2);
}
if (!hasDigits) {
    console.error('models/digits is not in this tree: the console is shown with it');
    process.exit(1);
}

async function startDaemon(hub) {
    const daemon = new Daemon({ models: fs.readdirSync(ownModels), config: {
        pool: { min_connections: 1, max_connections: 1 }, models: { hub: 'local' }, 'hub.local': { url: hub.url },
        'browser.firefox': { max_connections: 1, binary: '/nonexistent/firefox' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'admin' }, { ada: TOKEN }) } });
    return daemon.start({ ready: false });
}

/** Asks for answers, of which some fail, until it is over; `left` is what is still under way. */
function load(daemon) {
    const samples = path.join(ownModels, 'digits/samples');
    const pictures = fs.readdirSync(samples).filter((name) => name.endsWith('.png')).map((name) => fs.readFileSync(path.join(samples, name)).toString('base64'));
    const echo = { model_name: 'builtin/echo', inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] };
    const bodies = [echo, { ...echo, platform: 'simulated' }, { model_name: 'digits', inputs: { image: pictures[0] } }, { model_name: 'digits', inputs: { image: pictures.at(-1) } }];
    let isOver = false, count = 0;
    const worker = async () => {
        while (!isOver) {
            const body = ++count % 60 === 0 ? { ...echo, inputs: [] } : bodies[count % bodies.length];
            await daemon.infer(body, AS_ADMIN).catch(() => {});
            await sleep(40 + 160 * Math.abs(Math.sin(count / 50)));
        }
    };
    const workers = Array.from({ length: 4 }, worker);
    return async () => {
        isOver = true;
        await Promise.all(workers);
    };
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
                await tab.goto(`${daemon.url}/#/${view}`);
                await tab.waitForSelector(`body[data-state=live] main[data-state=filled][data-address=${JSON.stringify(`#/${view}`)}]`);
                if (view === 'now') await tab.waitForSelector('.plot canvas');
                await sleep(500); // what is read beside the events
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
    ends.push(load(daemon));
    await daemon.post('/v1/models/pull', { model: 'org/speech', as: 'speech' }, AS_ADMIN);
    await daemon.post('/v1/models/pull', { model: 'org/nowhere' }, AS_ADMIN);
    console.log(`${daemon.url} is at work; the pictures come after ${WORK_MS / 1000} s`);
    await sleep(WORK_MS);
    problems = await takePictures(daemon, browser);
} finally {
    for (const end of ends.reverse()) await end();
}
for (const problem of problems) console.error(`console-pictures: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
