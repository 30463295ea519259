// tier: full
/**
 * What README and the guide show with the models that come with webinfer, run as it is printed there: only
 * where the programs and the daemon are found is put in. README's section "Installing" is install.test.mjs's,
 * the guide's Python is examples-python.test.mjs's; what they pull from a hub is in pull.test.mjs. A Grid of several
 * machines is grid-machines.test.mjs's, with options of its own; here a hub without browsers shows that the guide's
 * configuration has what its text promises.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { freePort } from '../../lib/browsers.mjs';
import { CountingNode } from '../../lib/counting-node.mjs';
import { Daemon, patience, testsOf } from '../../lib/daemon.mjs';
import { builtPage, cliPath, ownModels, root } from '../../lib/paths.mjs';
import { PlayedGrid } from '../../lib/played-grid.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const samples = fs.readdirSync(ownModels);

before(async () => {
    daemon = new Daemon();
    for (const name of samples)
        fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start();
});
after(() => daemon.stop());

/** What each command begins with, and what comes of it. */
const EXPECTED = [
    ['build/webinfer status', /chrome/],
    ['build/webinfer list', /^finch /m],
    ['build/webinfer publish digits', /^ipfs:\/\/bafybei[a-z2-7]{52}$/m],
    ['build/webinfer add /tmp/digits.car ', /^carried: added, /],
    ['build/webinfer unpublish digits', /^digits: no longer published/],
    ['build/webinfer hardware digits', /^digits would run on \w+\/\w+ of node-/],
    ['build/webinfer bench digits', /^chrome\/wasm fp32 +ok [^]*^digits runs in Chromium \d+; fastest: /m],
    ['build/webinfer profile digits', /\b(?:Conv|Gemm|MatMul)\b[^]*\bwebgpu\b/],
    ['build/webinfer verify --verbose', /^node-.* wasm +right /m],
    ['build/webinfer verify --browser chrome', /^node-\w+ +chrome +wasm +right /m],
    ['build/webinfer infer digits ', /^7 +\d/m],
    ['build/webinfer infer builtin/count ', /19/],
    ['build/webinfer chat finch ', /finch/i],
    ['build/webinfer embed nest ', /^\[[^\n]*\]\n\[[^\n]*\]\n$/],
    ['build/webinfer infer numbers ', /^three hundred forty-seven$/m],
    ['build/webinfer infer digits-vit ', /^7 +\d/m],
    ['build/webinfer infer keywords ', /^left +\d/m],
    ['build/webinfer transcribe --live digit-words ', /^(?:one zero four six\nseven|four\none seven)$/m],
    ['build/webinfer transcribe ', /^four one seven$/m],
    [`curl -s http://127.0.0.1:8470/v1/infer -d '{"model_name": "builtin/vector"`, /"data":\[0,1,4\]/],
    ['curl -s http://127.0.0.1:8470/v1/infer ', /"label":"7".*"executed_on":\{[^}]*"browser":"chrome"/],
    ['curl -s http://127.0.0.1:8470/v1/compute ', /"kernel":"softmax"/],
    ['curl -s http://127.0.0.1:8470/v1/chat/completions ', /17 \+ 25 = 42/],
    ['curl -sN http://127.0.0.1:8470/v1/events ', /^event: snapshot$/m],
    ["curl -s 'http://127.0.0.1:8470/v1/history", /"times"/],
    ["curl -s 'http://127.0.0.1:8470/v1/logs", /"lines"/],
    ['curl -sN http', /^data: \[DONE\]$/m],
    ['import OpenAI', /42/],
    ['import { Ollama }', /42/],
    ['import Anthropic', /42/],
];
/** What takes a hub, a file of the reader's own, a microphone, or a machine to look at; what builds; what peers-class.test.mjs has. */
const ELSEWHERE = /^\.\/dev |^arecord |ORG\/NAME|Xenova\/|infer clip |YOUR-|qwen3|webinfer doctor|tritonclient|bench model\.onnx|^webinfer-peer |^listen = |^peers = |^trusted_proxies = /;

/** The commands, and what is JavaScript: lines that are indented, with those that go on behind them. */
function commandsOf(text) {
    /** @type {string[]} */
    const commands = [];
    for (const line of text.split('\n').filter((one) => one.startsWith('    ')).map((one) => one.slice(4))) {
        const goesOn = /^\s/.test(line) || /^const /.test(line);
        if (goesOn && commands.length > 0) commands.push(`${commands.pop()}\n${line}`);
        else commands.push(line);
    }
    return commands;
}

/** Sections that other tests have, or that are of the installed service. */
const OTHERS = /^(?:Installing|From Python|From JavaScript|A Selenium Grid|Several machines|Configuration|Tokens|Behind a proxy)\n/;
const all = ['README.md', 'docs/guide.md'].flatMap((name) => fs.readFileSync(path.join(root, name), 'utf8').split(/^## /m));
const sections = all.filter((one) => !OTHERS.test(one));
const shown = [...new Set(sections.flatMap(commandsOf))].filter((one) => !ELSEWHERE.test(one));
const commands = shown.filter((one) => /^(?:build\/webinfer|curl|import) /.test(one));

/** @param {string} program @param {string[]} words @param {string} folder @returns {Promise<string>} */
function outputOf(program, words, folder) {
    const env = { PATH: process.env.PATH, HOME: path.join(daemon.folder, 'home'), LANG: 'C.UTF-8',
        ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: daemon.url,
        NODE_OPTIONS: process.env.NODE_OPTIONS, WEBINFER_NODE_MODULES: process.env.WEBINFER_NODE_MODULES };
    return new Promise((resolve, reject) => {
        const child = execFile(program, words, { cwd: folder, env, timeout: 90_000 * patience },
            (error, out, problems) => (error ? reject(new Error(`${error.message}\n${problems}`)) : resolve(out)));
        child.stdin?.on('error', () => {}); // most read nothing, and may have ended already
        child.stdin?.end('What is your name?\n');
    });
}

/** The text of an answer, by what the guide calls it: each client has its own form. */
const ANSWER = `typeof message === 'undefined' ? (chat.choices?.[0] ?? chat).message.content : message.content[0].text`;

/** @param {string} command */
function run(command) {
    const here = command.replaceAll('/tmp/', `${daemon.folder}/`) // first: the tree itself may lie there
        .replace(/\bbuild\/webinfer\b/g, `'${cliPath}'`).replaceAll('http://127.0.0.1:8470', daemon.url);
    if (!command.startsWith('import')) return outputOf('bash', ['-c', here], root);
    return outputOf(process.execPath,
        ['--input-type=module', '-e', `${here}\nconsole.log(${ANSWER});`], path.join(root, 'tests'));
}

/** Starts the container without an image, over a new volume. A podman in the folder "container" runs commands in the volume, as
 * they run in the container. @returns {string} the file of the tokens */
function startContainer() {
    const state = path.join(daemon.folder, 'volume'), programs = path.join(daemon.folder, 'container');
    for (const folder of [path.join(state, 'models'), programs]) fs.mkdirSync(folder, { recursive: true });
    fs.symlinkSync(cliPath, path.join(programs, 'webinfer'));
    fs.symlinkSync('/bin/true', path.join(programs, 'webinferd'));
    fs.writeFileSync(path.join(programs, 'podman'), `#!/bin/sh\n[ "$1 $2" = "exec webinfer" ] && cd '${state}' && shift 2 && exec "$@"\n`, { mode: 0o755 });
    execFileSync(path.join(root, 'container/start'), { stdio: 'pipe', env: { STATE_DIRECTORY: state, PATH: `${programs}:${process.env.PATH}` } });
    return path.join(state, 'tokens');
}

for (const command of commands) {
    const [begins, wanted] = EXPECTED.find(([one]) => command.startsWith(one)) ?? [];
    test(`shown: ${command.split('\n')[0].replace(/\s+#.*/, '')}`, async () => {
        assert.ok(begins, 'this test does not know what comes of it');
        assert.match(await run(command), wanted);
    });
}

test('each example that is shown is run, and all that is expected here is shown', () => {
    assert.deepEqual(shown.filter((one) => !commands.includes(one)), []);
    const missing = EXPECTED.filter(([begins]) => !commands.some((command) => command.startsWith(begins)));
    assert.deepEqual(missing, []);
    assert.ok(samples.every((name) => commands.some((command) => command.includes(name))), samples.join());
});

test("README's first request to a container has the header that is printed below it", async () => {
    const [header] = /-H "Authorization: Bearer \$\(podman exec webinfer [^)]*\)"/.exec(all.join('')) ?? assert.fail('README prints no header');
    const first = commands.find((command) => command.startsWith('curl -s http://127.0.0.1:8470/v1/infer -F '));
    await daemon.reload({ api: { tokens_file: startContainer() } });
    const asked = (words) => run(`PATH=/tmp/container:$PATH; ${first} ${words}`); // as run() has /tmp
    assert.match(await asked(''), /"code":"unauthorized"/);
    assert.match(await asked(header), /"label":"7"/);
});

test("the guide's configuration for a Grid has as many browsers as the text says", async () => {
    const text = all.find((one) => one.startsWith('A Selenium Grid\n')) ?? '', lines = commandsOf(text);
    const promised = Number(text.match(/has up to (\d+) browsers/)?.[1]), port = await freePort();
    const other = new Daemon(), nodes = [], settings = { 'api.listen': '127.0.0.1:0', 'bridge.page': builtPage,
        'models.directory': other.store, 'store.path': path.join(other.folder, 'state'), 'pool.adaptive_scaling': 'no' };
    for (const kind of ['chrome', 'edge', 'firefox', 'safari']) settings[`browser.${kind}.max_connections`] = 0;
    other.options.arguments = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const grid = await new PlayedGrid(promised + 2, (url) => nodes.push(new CountingNode(url).join())).start();
    fs.writeFileSync(other.configFile, lines.slice(lines.indexOf('[bridge]')).join('\n')
        .replaceAll(':8471', `:${port}`).replace('models.example', '127.0.0.1').replace('http://grid.example:4444', grid.url));
    await other.start({ ready: false });
    try {
        await other.serving(promised);
        await Promise.all(nodes);
        assert.deepEqual([grid.pages.size, (await other.status()).sessions.map(({ kind }) => kind)],
            [promised, Array(promised).fill('grid')]);
    } finally {
        await other.stop(); // first, since it replaces a browser that goes
        for (const node of await Promise.all(nodes)) await node.close();
        grid.stop();
    }
});
