// tier: quick, sanitized
/** What is asked for wrongly is told what to do instead: by the API, by the command line, and by ./dev. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { apiIn, ended, follow, invitation } from '../../scripts/demo-run.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { cliPath, daemonPath, ownModels, root } from '../lib/paths.mjs';
import { png } from '../lib/picture.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { until } from '../lib/wait.mjs';

const NO_BROWSER = { pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } };

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: NO_BROWSER });
    for (const name of ['keywords', 'finch', 'digits']) fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const put = (name, content) => {
    const file = path.join(daemon.folder, name);
    fs.writeFileSync(file, content);
    return file;
};

test('the first 404 says why the folder is no model', async () => {
    for (const [name, file, why] of [['named-wrong', 'other.onnx', /no model\.onnx but other\.onnx: name that file model\.onnx/],
        ['me/no-weights', 'config.json', /a config\.json but no weights/]]) {
        fs.mkdirSync(path.join(daemon.store, name), { recursive: true });
        fs.writeFileSync(path.join(daemon.store, name, file), '{}');
        assertProblem(await daemon.get(`/v1/models/${name}`), 404, 'model_not_found', { field: 'model_name', detail: why });
    }
});

test('a model that has just gone is not the one that was meant', async () => {
    fs.mkdirSync(path.join(daemon.store, 'b'));
    fs.copyFileSync(path.join(ownModels, 'digits/model.onnx'), path.join(daemon.store, 'b/model.onnx'));
    await until(async () => (await daemon.get('/v1/models')).json.models.some(({ name }) => name === 'b'), { what: 'the model to be listed' });
    fs.rmSync(path.join(daemon.store, 'b'), { recursive: true });
    const answer = await daemon.get('/v1/models/b');
    assertProblem(answer, 404, 'model_not_found', { field: 'model_name', detail: /^there is no model b in the store$/ });
    assert.doesNotMatch(answer.json.allowed, /\bb\b/);
});

test('a list of messages is told where it goes', async () => {
    const inputs = [{ role: 'user', content: 'Hello!' }];
    assertProblem(await daemon.infer({ model_name: 'finch', inputs }), 400, 'invalid_field',
        { field: 'inputs', expected: /^\{"messages": \[\{"role", "content"\}\]\}$/, detail: /a list of messages/ });
});

test('numbers of bits are those that there are', async () => {
    for (const bits of [3, 5, 17, -1, 0])
        assertProblem(await daemon.post('/v1/models/digits/quantize', { bits }), 400, 'invalid_field',
            { field: 'bits', allowed: /^4, 8, 16$/, detail: new RegExp(`no variant of ${bits} bits`) });
});

test('a range is told once', async () => {
    for (const [where, body] of [['/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }], ['/v1/messages', { messages: [{ role: 'user', content: 'x' }] }]]) {
        const { status, json } = await daemon.post(where, { model: 'finch', max_tokens: 0, ...body });
        assert.equal(status, 400);
        assert.equal(json.error.message.match(/1 to \d+/g).length, 1, json.error.message);
        assert.match(json.error.message, /max_tokens .*expected: 1 to \d+/);
    }
});

test('the old address of completions names the new one', async () => {
    const answer = await daemon.post('/v1/complete', { prompt: 'x' });
    assert.equal(answer.status, 404);
    assert.match(answer.text, /another server's: send the prompt to POST \/v1\/completions/);
});

test('a model of another program is told what it is', async () => {
    for (const [name, head, what] of [['net.tflite', '\x1c\0\0\0TFL3', /a model of TensorFlow Lite: convert it to ONNX/], ['net.pt', 'PK\x03\x04', /a ZIP archive, as PyTorch/]]) {
        const { code, problems } = await webinfer(daemon, ['add', put(name, Buffer.from(head.padEnd(100, '\0'), 'latin1'))]);
        assert.equal(code, 2, problems);
        assert.match(problems, what);
    }
});

test('a picture for a model that hears is told of --audio', async () => {
    const { code, problems } = await webinfer(daemon, ['infer', 'keywords', '--image', put('a.png', png(28, 28, () => 0))]);
    assert.equal(code, 1, problems);
    assert.match(problems, /^To run it: webinfer infer keywords --audio FILE$/m);
});

test('where nothing runs, a checkout names ./dev run, and an installed program systemd', async () => {
    const env = { WEBINFER_URL: 'http://127.0.0.1:9' };
    const here = await webinfer(daemon, ['status'], { env });
    assert.equal(here.code, 3);
    assert.ok(here.problems.includes(`${root}/dev run or webinferd --config FILE starts it`), here.problems);
    assert.doesNotMatch(here.problems, /systemctl/);
    const program = path.join(daemon.folder, 'webinfer');
    fs.copyFileSync(cliPath, program);
    const installed = await webinfer(daemon, ['status'], { env, program });
    assert.equal(installed.code, 3);
    assert.match(installed.problems, /systemctl start webinferd or webinferd --config FILE starts it/);
    assert.doesNotMatch(installed.problems, /dev run/);
});

test('help of ./dev builds nothing', async () => {
    const checkout = path.join(daemon.folder, 'checkout');
    fs.mkdirSync(path.join(checkout, 'build'), { recursive: true });
    fs.writeFileSync(path.join(checkout, 'build/kept'), '');
    fs.copyFileSync(path.join(root, 'dev'), path.join(checkout, 'dev'));
    fs.cpSync(path.join(root, 'scripts'), path.join(checkout, 'scripts'), { recursive: true });
    for (const verb of ['setup', 'build', 'demo', 'run', 'test', 'coverage', 'lint', 'install', 'clean'])
        for (const word of ['--help', '-h']) {
            const { stdout } = await promisify(execFile)('bash', ['dev', verb, word], { cwd: checkout, env: { PATH: process.env.PATH, HOME: daemon.folder } });
            assert.match(stdout, new RegExp(`^usage: \\./dev ${verb}\n  ${verb} .*[a-z]`));
            assert.equal(stdout.match(/^ {2}[a-z]/gm).length, 1, 'of no other verb');
        }
    assert.deepEqual(fs.readdirSync(path.join(checkout, 'build')), ['kept']);
});

test('./dev run finds out where the API is, whatever the options say', async () => {
    for (const format of ['text', 'json']) {
        const config = put('run.conf', '[api]\nlisten = 127.0.0.1:0\n\n[bridge]\nlisten = 127.0.0.1:0\n\n[browser.chrome]\nmax_connections = 0\n');
        const state = path.join(daemon.folder, `run-${format}`), log = [];
        fs.mkdirSync(state, { mode: 0o700 });
        const own = spawn(daemonPath, ['--config', config, '--set', `log.format=${format}`, '--set', `models.directory=${daemon.store}`],
            { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, HOME: state, STATE_DIRECTORY: state, RUNTIME_DIRECTORY: state } });
        const over = ended(own);
        let url = '';
        follow(own, (found) => { url = found; }, (bytes) => log.push(bytes));
        try {
            await until(() => url, { what: 'the address' });
            assert.equal((await fetch(`${url}/healthz`)).status, 200);
        } finally {
            own.kill('SIGTERM');
        }
        assert.equal(await over, 0);
        assert.equal(apiIn(Buffer.concat(log).toString()), url, 'the log is passed on');
    }
    const told = invitation('http://127.0.0.1:1234', 'webinfer', 'a.png');
    assert.match(told, /Open http:\/\/127\.0\.0\.1:1234\/ in a browser/);
    assert.match(told, /webinfer chat finch --url http:\/\/127\.0\.0\.1:1234$/m);
    assert.doesNotMatch(invitation('http://127.0.0.1:8470', 'webinfer', 'a.png'), /--url/);
});
