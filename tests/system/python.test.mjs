// tier: full
/** The client in Python: by itself, against a daemon, with a daemon of its own, and installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { clear, guard } from '../lib/cleanup.mjs';
import { cutting } from '../lib/cutting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { builtPage, daemonPath, ownModels, root } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { environment, program, python, pythonTests } from '../lib/python.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const sdk = path.join(root, 'sdk/python');

before(async () => {
    daemon = new Daemon({ config: { api: { allowed_hosts: '127.0.0.1' } } }); // clients come through a proxy, too
    for (const name of ['digits', 'finch', 'keywords', 'nest'])
        fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start();
    simulation = await new Simulation(daemon, { nodes: 16 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('it tells what is hostile, broken or wrong, without any daemon', async () => {
    await pythonTests('test_hostile.py');
    await pythonTests('test_values.py');
});

test('its wheel and its sdist are complete, reproducible and need nothing but Python', async () => {
    await pythonTests('test_dist.py');
});

test('it asks a daemon everything, over a connection that breaks as well', async () => {
    const proxy = await cutting(daemon.url, 3000, 5000);
    try {
        await pythonTests('live.py', { WEBINFER_URL: daemon.url, WEBINFER_CUTTING: proxy.url,
            WEBINFER_MODELS: ownModels });
        assert.equal(proxy.limits.length, 0);
    } finally {
        proxy.close();
    }
});

test('it verifies who it speaks to over https, and shows its token', async () => {
    const token = 'wi_of-a-user', config = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
    const own = new Daemon({ config });
    const tokens = writeTokens(own, { bob: 'user' }, { bob: token });
    const tls = certificate(own.folder, 'IP:127.0.0.1');
    own.writeConfig({ api: { ...tls, tokens_file: tokens } });
    own.spawn();
    try {
        const url = await until(() => own.log.match(/api: listening on (https:\S+),/)?.[1], { what: 'the API' });
        await pythonTests('secure.py',
            { WEBINFER_URL: url, WEBINFER_TOKEN: token, WEBINFER_AUTHORITY: tls.tls_certificate });
    } catch (error) {
        throw own.explain(error);
    } finally {
        own.signal('SIGTERM');
        await own.waitEnd();
        await own.abandon();
    }
});

/** A folder for everything of a private daemon, and the arguments that it needs in a build tree. */
function privately() {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-py-')));
    const words = ['--config', '/dev/null', '--set', `bridge.page=${builtPage}`, '--set', `models.directory=${ownModels}`,
        ...['edge', 'firefox', 'safari'].flatMap((kind) => ['--set', `browser.${kind}.max_connections=0`])];
    return { folder, words, env: { TMPDIR: folder, HOME: folder, XDG_STATE_HOME: folder,
        ASAN_OPTIONS: 'detect_leaks=1:exitcode=99' } };
}

const accelerating = `
import json, sys, webinfer
accelerator = webinfer.WebAccelerator(max_connections=1, daemon=json.loads(sys.argv[1]))
answer = accelerator.accelerate("digits", {"image": sys.argv[2]})
print(json.dumps([answer.result["labels"][0]["label"], accelerator.url]), flush=True)
if sys.argv[3] == "wait":
    sys.stdin.read()
daemon = accelerator._service.daemon
accelerator.shutdown()
print(daemon._process.returncode)
`;
const seven = path.join(ownModels, 'digits/samples/7.png');

test('a daemon of its own answers, and is gone with its browser and its folder after it', async () => {
    const { folder, words, env } = privately();
    const { stdout } = await python(['-c', accelerating, JSON.stringify([daemonPath, ...words]), seven, 'go'], { env });
    const [told, code] = stdout.trim().split('\n');
    assert.equal(JSON.parse(told)[0], '7');
    assert.equal(code, '0');
    assert.deepEqual(processes.mentioning(folder), []);
    assert.deepEqual(fs.readdirSync(folder).filter((name) => name.startsWith('webinfer-')), []);
    clear(folder);
});

test('after SIGKILL of Python no browser is left within 10 seconds', async () => {
    const { folder, words, env } = privately();
    const child = spawn(program, ['-c', accelerating, JSON.stringify([daemonPath, ...words]), seven, 'wait'],
        { env: { ...environment, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    await until(() => said.includes('\n'), { what: 'an answer', timeout: 60_000 * patience });
    assert.ok(processes.mentioning(folder).some(({ command }) => /chrom/.test(command[0] ?? '')));
    child.kill('SIGKILL');
    await until(() => processes.mentioning(folder).length === 0,
        { what: 'nothing left', timeout: 10_000 });
    assert.deepEqual(fs.readdirSync(folder).filter((name) => name.startsWith('webinfer-')), []);
    clear(folder);
});

test('a private daemon says one line, is reloaded as it is, and needs an input that can end', async () => {
    const { folder, words, env } = privately();
    const start = (stdin) => spawn(daemonPath, [...words, '--set', 'pool.min_connections=0', '--private'],
        { env: { PATH: process.env.PATH, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
    const child = start('pipe');
    let said = '', log = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (log += text));
    await until(() => said.includes('\n'), { what: 'the line', timeout: 20_000 * patience });
    const { api, bridge, ...more } = JSON.parse(said);
    assert.deepEqual(more, {});
    for (const url of [api, bridge]) assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    child.kill('SIGHUP');
    await until(() => /: reloaded /.test(log), { what: 'the reload' });
    assert.equal((await fetch(`${api}/healthz`)).status, 200);
    child.stdin.write('what is written to it is nothing');
    child.stdin.end();
    assert.equal(await new Promise((ended) => child.on('close', ended)), 0, log);
    assert.equal(said.split('\n').length, 2);

    const refused = start('ignore');
    let why = '';
    refused.stderr.on('data', (text) => (why += text));
    assert.equal(await new Promise((ended) => refused.on('close', ended)), 1);
    assert.match(why, /--private ends with it, so give it a pipe/);
    assert.deepEqual(fs.readdirSync(folder).filter((name) => name.startsWith('webinfer-')), []);
    clear(folder);
});

test('pip installs it from the tree, without any network', async () => {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-pip-')));
    const copy = path.join(folder, 'sdk'), venv = path.join(folder, 'venv');
    fs.cpSync(sdk, copy, { recursive: true }); // setuptools builds beside what it is given
    await python(['-m', 'venv', '--system-site-packages', venv]);
    const run = (...words) => execFileSync(path.join(venv, 'bin/python'), words,
        { encoding: 'utf8', cwd: folder, env: { PATH: process.env.PATH, HOME: folder, no_proxy: '*' }, stdio: 'pipe' });
    run('-m', 'pip', 'install', '--quiet', '--no-index', '--no-build-isolation', copy);
    const [where, typed] = run('-c', 'import os, webinfer; folder = os.path.dirname(webinfer.__file__); ' +
        'print(folder); print(os.path.exists(folder + "/py.typed"))').trim().split('\n');
    assert.ok(where.startsWith(venv), where);
    assert.equal(typed, 'True');
    assert.match(run('-m', 'webinfer', daemon.url), /^webinferd /);
    const version = /AC_INIT\(\[webinfer\], \[(.*?)\]\)/.exec(fs.readFileSync(path.join(root, 'configure.ac'), 'utf8'))[1];
    assert.match(run('-m', 'pip', 'show', 'webinfer'), new RegExp(`^Version: ${version.replaceAll('.', '\\.')}$`, 'm'));
    clear(folder);
});

test('make install has every file of it', () => {
    const listed = fs.readFileSync(path.join(root, 'Makefile.am'), 'utf8').match(/sdk\/python\/webinfer\/\S+/g);
    const there = fs.readdirSync(path.join(sdk, 'webinfer')).filter((name) => /\.(py|typed)$/.test(name));
    assert.deepEqual(listed, there.map((name) => `sdk/python/webinfer/${name}`).sort());
});

test('its types are those of the API', () => {
    const description = execFileSync(daemonPath, ['--print-openapi'], { maxBuffer: 1 << 24 });
    const types = execFileSync(program, [path.join(root, 'scripts/python-types.py')],
        { input: description, encoding: 'utf8' });
    assert.equal(fs.readFileSync(path.join(sdk, 'webinfer/types.py'), 'utf8'), types,
        'run: webinferd --print-openapi | python3 scripts/python-types.py >sdk/python/webinfer/types.py');
});
