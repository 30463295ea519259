// `./dev demo`: starts the real daemon with a real Chromium on free ports, classifies the sample
// pictures through POST /v1/infer, chats, shows request, answer and status, stops, and checks that
// nothing is left. `./dev run` (--run): the same daemon in the foreground, on its usual ports.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chat } from './demo-chat.mjs';
import { rowOf, sayWrong } from './demo-pictures.mjs';
import { apiIn, ended, follow, invitation } from './demo-run.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const build = path.join(root, 'build');
const models = path.join(root, 'models');
const samples = path.join(models, 'digits', 'samples');
const startLimit = 60_000;
const stopLimit = 30_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const heading = (text) => console.log(`\n--- ${text} ${'-'.repeat(Math.max(0, 70 - text.length))}`);

function samplePictures() {
    return fs.readdirSync(samples).filter((name) => name.endsWith('.png')).sort()
        .map((name) => path.join(samples, name));
}

/** Starts webinferd with its configuration and state under `folder`. */
function startDaemon(folder, settings, options) {
    const config = path.join(folder, 'webinferd.conf');
    fs.mkdirSync(path.join(folder, 'state'), { recursive: true, mode: 0o700 });
    fs.writeFileSync(config, settings);
    return spawn(path.join(build, 'webinferd'), ['--config', config, ...options.arguments], {
        stdio: options.stdio,
        env: { ...process.env, STATE_DIRECTORY: path.join(folder, 'state'), ...options.env },
    });
}

/** The API's URL, from the line of the log that tells it. */
async function apiUrl(log, daemon) {
    for (const start = Date.now(); Date.now() - start < startLimit; await sleep(50)) {
        const url = apiIn(fs.readFileSync(log, 'utf8'));
        if (url) return url;
        if (daemon.exitCode !== null) break;
    }
    throw new Error('webinferd did not start');
}

async function ready(url, daemon) {
    let why = '';
    for (const start = Date.now(); Date.now() - start < startLimit; await sleep(100)) {
        const answer = await fetch(`${url}/readyz`).catch((error) => ({ json: () => ({ detail: error.message }) }));
        if (answer.ok) return;
        why = (await answer.json()).detail;
        if (daemon.exitCode !== null) break;
    }
    throw new Error(`no browser became ready: ${why}`);
}

/** Pretty JSON with long strings and long lists cut, for the screen. */
function show(value) {
    const cut = (_, item) => {
        if (typeof item === 'string' && item.length > 100)
            return `${item.slice(0, 48)}… (${item.length} characters)`;
        if (Array.isArray(item) && item.length > 12 && typeof item[0] === 'number')
            return [...item.slice(0, 6), `… ${item.length} numbers`];
        return item;
    };
    return JSON.stringify(value, cut, 2);
}

async function infer(url, picture) {
    const request = {
        model_name: 'digits',
        inputs: { image: fs.readFileSync(picture).toString('base64') },
    };
    const answer = await fetch(`${url}/v1/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${answer.status}: ${show(body)}`);
    return { request, body };
}

async function classifyAll(url) {
    const rows = [];
    const expected = JSON.parse(fs.readFileSync(path.join(samples, 'expected.json'), 'utf8'));
    for (const [index, picture] of samplePictures().entries()) {
        const { request, body } = await infer(url, picture);
        if (index === 0) {
            heading(`POST ${url}/v1/infer`);
            console.log(show(request));
            heading('the answer');
            console.log(show(body));
        }
        rows.push(rowOf(picture, expected, body));
    }
    heading(`${rows.length} sample pictures`);
    console.table(rows);
    const wrong = sayWrong(rows);
    if (wrong) console.log(wrong);
}

async function stopDaemon(daemon) {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    const late = setTimeout(() => daemon.kill('SIGKILL'), stopLimit);
    await exited;
    clearTimeout(late);
}

/** What still runs with `folder` in its environment or command line. */
function processesOf(folder) {
    return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
        .filter((pid) => ['environ', 'cmdline'].some((file) => {
            try {
                return fs.readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(folder);
            } catch {
                return false; // gone in the meantime, or another user's
            }
        }));
}

function checkNothingIsLeft(daemon, folder, runtime) {
    const problems = [];
    if (daemon.exitCode !== 0)
        problems.push(`webinferd ended with ${daemon.exitCode ?? daemon.signalCode}`);
    for (const pid of processesOf(folder)) problems.push(`process ${pid} is still there`);
    for (const name of fs.readdirSync(runtime))
        problems.push(`${path.join(runtime, name)} is still there`);
    return problems;
}

async function demo() {
    const folder = fs.mkdtempSync(path.join(build, 'demo-'));
    // Not under build/: browsers put sockets there, whose paths may be no longer than 107 bytes.
    const runtime = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-'));
    const log = path.join(folder, 'webinferd.log');
    const settings = '[api]\nlisten = 127.0.0.1:0\n\n[bridge]\nlisten = 127.0.0.1:0\n\n' +
        `[models]\ndirectory = ${models}\n`;
    const daemon = startDaemon(folder, settings, {
        arguments: [],
        stdio: ['ignore', 'ignore', fs.openSync(log, 'w')],
        env: { RUNTIME_DIRECTORY: runtime },
    });
    const stopped = new Promise((resolve) => process.once('SIGINT', resolve));
    const problems = [];
    try {
        await Promise.race([work(log, daemon, runtime), stopped]);
    } catch (error) {
        problems.push(error.message);
    }
    await stopDaemon(daemon);
    problems.push(...checkNothingIsLeft(daemon, folder, runtime));
    if (problems.length > 0) {
        const lines = fs.readFileSync(log, 'utf8').split('\n');
        console.error(lines.filter((line) => !line.includes('GET /readyz')).slice(-30).join('\n'));
        spawnSync(path.join(build, 'webinfer'), ['doctor'], { stdio: 'inherit' });
        for (const problem of problems) console.error(`demo: ${problem}`);
        console.error(`demo: the log is ${log}`);
        if (fs.readdirSync(runtime).length === 0) fs.rmdirSync(runtime);
        return 1;
    }
    fs.rmSync(folder, { recursive: true });
    fs.rmdirSync(runtime);
    console.log(`
Shown: ${samplePictures().length} pictures classified and a conversation, computed in Chromium; nothing of it is left.
To go on:  ./dev run                             the service, in the foreground
           build/webinfer chat finch             from another terminal`);
    return 0;
}

async function work(log, daemon, runtime) {
    const url = await apiUrl(log, daemon);
    console.log(`webinferd listens on ${url}; waiting for Chromium`);
    await ready(url, daemon);
    await classifyAll(url);
    await chat(url, runtime, heading);
}

/** The samples, copied once: what is added, pulled and removed there is not the checkout's. */
function ownModels(folder) {
    const own = path.join(folder, 'models');
    if (!fs.existsSync(own)) fs.cpSync(models, own, { recursive: true });
    return own;
}

/** What to do with it, told when its API answers and its first lines are over. */
async function invite(url, daemon) {
    try {
        await ready(url, daemon);
    } catch {
        return; // its log says why
    }
    console.log(invitation(url, path.join(build, 'webinfer'), samplePictures()[0]));
}

/** The daemon in the foreground: Ctrl-C reaches it directly, and its exit status is ours. */
function run(options) {
    const folder = path.join(build, 'run');
    fs.mkdirSync(folder, { recursive: true });
    const daemon = startDaemon(folder, `[models]\ndirectory = ${ownModels(folder)}\n`,
        { arguments: options, stdio: ['inherit', 'inherit', 'pipe'] });
    process.on('SIGINT', () => {}); // the terminal sends it to the daemon too
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => daemon.kill('SIGTERM'));
    follow(daemon, (url) => invite(url, daemon));
    return ended(daemon);
}

const [first, ...rest] = process.argv.slice(2);
process.exitCode = first === '--run' ? await run(rest) : await demo();
