// tier: full
/** webinfer, the client: what it prints for people and machines, and with what it exits. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { edge, safari } from '../lib/browsers.mjs';
import { webinfer as runClient } from '../lib/cli.mjs';
import { Daemon, ini, patience, testsOf } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import * as onnx from '../lib/onnx.mjs';
import { builtPage, cliPath, hasDigits, ownModels, skipDigits } from '../lib/paths.mjs';
import { picture } from '../lib/picture.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice', ...(hasDigits ? ['digits'] : [])] }).start();
});
after(() => daemon.stop());

/** Runs the client to its end. */
const webinfer = (words, options) => runClient(daemon, words, options);

/** A .npy file of version 1.0, as NumPy writes it. */
function npy(descr, shape, bytes) {
    const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}` +
        `${shape.length === 1 ? ',' : ''}), }`;
    const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
    const head = Buffer.alloc(10);
    Buffer.from('\x93NUMPY\x01\x00', 'latin1').copy(head);
    head.writeUInt16LE(padded.length, 8);
    return Buffer.concat([head, Buffer.from(padded), bytes]);
}

const file = (name, content) => {
    const where = path.join(daemon.folder, name);
    fs.writeFileSync(where, content);
    return where;
};

test('status, models and nodes as tables and as JSON', async () => {
    for (const [verb, words] of [['status', /ready/], ['list', /twice +[\d.]+ k?B +onnx/],
        ['nodes', /chrome[^\n]*wasm/]]) {
        const plain = await webinfer([verb]);
        assert.equal(plain.code, 0, plain.problems);
        assert.match(plain.out, words);
        assert.throws(() => plain.json);
        const json = await webinfer([verb, '--json']);
        assert.equal(json.code, 0);
        assert.equal(typeof json.json, 'object');
        const before = await webinfer(['--json', verb]);
        assert.deepEqual(Object.keys(before.json), Object.keys(json.json));
    }
});

test('load, ps and unload: what nodes hold', async () => {
    const none = await webinfer(['ps']);
    assert.deepEqual([none.code, none.out], [0, 'No node has loaded a model.\n'], none.problems);
    const loaded = await webinfer(['load', 'twice', '--platform', 'wasm']);
    assert.deepEqual([loaded.code, loaded.out], [0, 'twice is loaded in 1 node\n'], loaded.problems);
    assert.match((await webinfer(['ps'])).out, /^MODEL.*\ntwice +loaded +[\d.]+ MiB +- +- +wasm +chrome +node-/);
    const gone = await webinfer(['unload', 'twice']);
    assert.deepEqual([gone.code, gone.out], [0, '1 nodes unloaded twice\n'], gone.problems);
    await until(async () => (await webinfer(['ps'])).out === none.out, { what: 'it to be gone' });
    const [{ id }] = (await daemon.status()).nodes;
    const told = await webinfer(['load', 'twice', '--no-wait', '--node', id]);
    assert.deepEqual([told.code, told.out], [0, '1 nodes are loading twice\n'], told.problems);
    assert.equal((await webinfer(['load', 'twice'])).code, 0);
    const folder = path.join(daemon.store, 'odd');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'model.onnx'), onnx.unknownOperator());
    const failed = await webinfer(['load', 'odd']);
    assert.deepEqual([failed.code, failed.out], [1, ''], failed.problems);
    assert.match(failed.problems, /1 of 1 nodes could not load it; webinfer ps says more/);
    assert.match((await webinfer(['ps'])).out, /^odd +failed .*NoSuchOperator/m);
    fs.rmSync(folder, { recursive: true });
});

test('one output is saved under the name that is given, if it can be that', async () => {
    const x = file('named.npy', npy('<f4', [2], kserve.pack('FP32', [1, 2])));
    const to = (name) => webinfer(['infer', 'twice', '--tensor', `x=${x}`,
        '--output', path.join(daemon.folder, name)]);
    const saved = await to('saved.npy');
    assert.equal(saved.code, 0, saved.problems);
    assert.match(saved.out, /^saved: .*saved\.npy$/m);
    assert.deepEqual(kserve.values('FP32',
        fs.readFileSync(path.join(daemon.folder, 'saved.npy')).subarray(-8)), [2, 4]);
    const heard = await to('heard.wav');
    assert.notEqual(heard.code, 0, heard.out);
    assert.match(heard.problems, /no output can be saved as .*heard\.wav; name a folder/);
});

test('what lies among the models and is none is told with its reason', async () => {
    const flat = path.join(daemon.store, 'flat.onnx');
    fs.writeFileSync(flat, '');
    const { json } = await until(async () => {
        const answer = await daemon.get('/v1/models');
        return answer.json.ignored.length > 0 && answer;
    }, { what: 'the file is listed' });
    assert.deepEqual(json.ignored, [{ name: 'flat.onnx',
        reason: 'a model is a folder: move the file to flat/model.onnx' }]);
    assert.equal(json.ignored_more, 0);
    const plain = await webinfer(['list']);
    assert.match(plain.out, /NO MODEL[^\n]*WHY\nflat\.onnx +a model is a folder/);
    await daemon.logs(/flat\.onnx: is no model: a model is a folder/);
    fs.rmSync(flat);
});

test('on a fresh daemon the list tells what each sample is for', { skip: skipDigits }, async () => {
    const samples = { 'digit-words': 'audio +automatic-speech-recognition', digits: 'vision +-', 'digits-vit': 'vision +image-classification',
        finch: 'text_generation +-', keywords: 'audio +audio-classification', nest: 'text_embedding +-', numbers: 'text2text +text2text-generation, ' };
    const fresh = new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } });
    fs.cpSync(ownModels, fresh.store, { recursive: true });
    await fresh.start({ ready: false });
    try {
        const usual = await runClient(fresh, ['list']);
        assert.equal(usual.code, 0, usual.problems);
        assert.match(usual.out, /^MODEL +SIZE +FORMAT +TYPE +TASKS +VARIANTS +LOADED +PULLED FROM +PROBLEM\n/);
        for (const [name, words] of Object.entries(samples)) assert.match(usual.out, new RegExp(`^${name} +[\\d.]+ k?M?B +\\w+ +${words}`, 'm'));
        assert.doesNotMatch(usual.out, /builtin/);
        const wide = await runClient(fresh, ['list', '--wide']);
        assert.match(wide.out, /^digits .* image FP32\[-1, 1, 28, 28\] +logits FP32\[-1, 10\]/m);
        assert.match(wide.out, /^builtin\/mlp /m);
    } finally {
        await fresh.stop();
    }
    assert.equal((await webinfer(['models'])).code, 2);
});

test('the names of the models, for scripts and for the shell', async () => {
    const { code, out } = await webinfer(['list', '--names']);
    assert.equal(code, 0);
    assert.deepEqual(out.trim().split('\n'), (await daemon.get('/v1/models')).json.models
        .map(({ name }) => name));
    assert.match(out, /^builtin\/echo$/m);
    assert.match(out, /^twice$/m);
});

test('infer with tensors from .npy, to tables, JSON and .npy', async () => {
    const tensor = file('x.npy', npy('<f4', [3], kserve.pack('FP32', [1, 2.5, -3])));
    const plain = await webinfer(['infer', 'twice', '--tensor', `x=${tensor}`]);
    assert.equal(plain.code, 0, plain.problems);
    assert.match(plain.out, /wasm/);
    const json = await webinfer(['infer', 'twice', '--tensor', `x=${tensor}`, '--json',
        '--platform', 'wasm', '--no-fallback']);
    assert.equal(json.code, 0, json.problems);
    assert.deepEqual(json.json.outputs[0].data, [2, 5, -6]);
    const folder = path.join(daemon.folder, 'out');
    fs.mkdirSync(folder);
    const saved = await webinfer(['infer', 'twice', '--tensor', `x=${tensor}`, '--output', folder]);
    assert.equal(saved.code, 0, saved.problems);
    const bytes = fs.readFileSync(path.join(folder, 'y.npy'));
    assert.ok(bytes.subarray(-12).equals(kserve.pack('FP32', [2, 5, -6])));
    assert.match(bytes.toString('latin1'), /'descr': '<f4'/);
});

test('infer with inputs as JSON, from a file and from standard input', async () => {
    const inputs = JSON.stringify([{ name: 'x', datatype: 'FP32', shape: [1], data: [21] }]);
    for (const [words, input] of [[['--inputs', file('i.json', inputs)], ''],
        [['--inputs', '-'], inputs]]) {
        const run = await webinfer(['infer', 'twice', ...words, '--json'], { input });
        assert.equal(run.code, 0, run.problems);
        assert.deepEqual(run.json.outputs[0].data, [42]);
    }
});

test('add sends a model to the daemon, and replaces one only when told to', async () => {
    const from = path.join(daemon.folder, 'exports');
    fs.mkdirSync(from);
    const source = path.join(from, 'my model.onnx');
    fs.writeFileSync(source, onnx.twice());
    fs.writeFileSync(path.join(from, 'model.json'), '{"type": "audio"}');
    const added = await webinfer(['add', source]);
    assert.equal(added.code, 0, added.problems);
    assert.match(added.out, /^my-model: added, \d+ B$/m);
    assert.match(added.out, /^ {2}type +audio\n {2}inputs +x FP32\[.*\]\n {2}outputs +y FP32/m);
    assert.match(added.out, /webinfer infer my-model --tensor x=FILE.npy/);
    const tensor = file('added.npy', npy('<f4', [2], kserve.pack('FP32', [4, 5])));
    const run = await webinfer(['infer', 'my-model', '--tensor', `x=${tensor}`, '--json']);
    assert.deepEqual(run.json?.outputs[0].data, [8, 10], run.problems);

    const before = (await daemon.get('/v1/models/my-model')).json.hash;
    fs.writeFileSync(source, onnx.rows());
    const again = await webinfer(['add', source]);
    assert.equal(again.code, 1);
    assert.match(again.problems, /my-model[^]*--force replaces a model; --name NAME/);
    assert.equal((await daemon.get('/v1/models/my-model')).json.hash, before);
    const forced = await webinfer(['add', source, '--force', '--json']);
    assert.equal(forced.code, 0, forced.problems);
    assert.equal(forced.json.files.find((one) => one.path === 'model.onnx').hash,
        crypto.createHash('sha256').update(fs.readFileSync(source)).digest('hex'));
    assert.equal((await daemon.get('/v1/models/my-model')).json.hash, forced.json.hash);
    const whole = await webinfer(['add', from, '--name', 'ada/rows']);
    assert.equal(whole.code, 0, whole.problems);
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, 'ada')), ['rows']);
    assert.equal((await daemon.get('/v1/models/ada/rows')).json.hash, forced.json.hash);
});

test('add without a daemon, with a wrong name or file', async () => {
    const source = file('added.onnx', onnx.twice());
    const nobody = await webinfer(['add', source, '--url', 'http://127.0.0.1:1']);
    assert.equal(nobody.code, 3);
    assert.match(nobody.problems, /is webinferd running there/);
    for (const [words, why] of [[['--name', '../x'], /is not a model name/],
        [['--name', 'builtin/x'], /the daemon's own/]]) {
        const wrong = await webinfer(['add', source, ...words]);
        assert.equal(wrong.code, 2);
        assert.match(wrong.problems, why);
    }
    assert.equal((await webinfer(['add', file('page.onnx', '<html>')])).code, 2);
});

test('what a model has heard steers no terminal', async () => {
    const other = http.createServer((request, response) => {
        const heard = request.url === '/v1/infer';
        response.writeHead(heard ? 200 : 404, { 'Content-Type': 'application/json' });
        request.on('end', () => response.end(JSON.stringify(heard ? { result: { text: 'a\x1b[2Jb' } } : { detail: 'a\x9b2Jb' }))).resume();
    });
    await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
        const env = { WEBINFER_URL: `http://127.0.0.1:${other.address().port}` };
        const sound = file('a.wav', 'RIFF');
        const heard = await webinfer(['transcribe', sound, '--model', 'w'], { env });
        assert.equal(heard.out, 'a?[2Jb\n', heard.problems);
        const nameless = await webinfer(['transcribe', sound], { env });
        assert.match(nameless.problems, /does not say which models it has/);
        assert.match((await webinfer(['status'], { env })).problems, /answered 404: a\?2Jb$/m);
    } finally {
        other.close();
    }
});

test('infer with a picture', { skip: skipDigits },
    async () => {
        const image = file('seven.png', picture.seven());
        const plain = await webinfer(['infer', 'digits', '--image', image]);
        assert.equal(plain.code, 0, plain.problems);
        assert.match(plain.out, /\b7\b/);
        assert.match(plain.out, /wasm/);
        const json = await webinfer(['infer', 'digits', '--image', image, '--json']);
        assert.equal(json.json.result.labels[0].label, '7');
    });

test('exit status 1: the server says no, with its reasons', async () => {
    const unknown = await webinfer(['infer', 'no_such_model', '--inputs', '-'], { input: '[]' });
    assert.equal(unknown.code, 1, unknown.problems);
    assert.match(unknown.problems, /no_such_model/);
    assert.match(unknown.problems, /model_not_found/);
    const tensor = file('wrong.npy', npy('<i4', [1], kserve.pack('INT32', [1])));
    const wrong = await webinfer(['infer', 'twice', '--tensor', `x=${tensor}`]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.problems, /FP32/);
});

test('exit status 2: wrong use', async () => {
    for (const words of [[], ['dance'], ['jobs'], ['token', 'old'], ['infer'], ['infer', 'twice', '--colour', 'red'],
        ['infer', 'twice', '--image', '/nothing/here.png'], ['status', 'now'],
        ['infer', 'twice', '--tensor', 'x'], ['token', 'new'],
        ['infer', 'twice', '--tensor', `x=${file('bad.npy', 'no npy at all')}`]]) {
        const run = await webinfer(words);
        assert.equal(run.code, 2, `${words.join(' ')}: ${run.code} ${run.out} ${run.problems}`);
        assert.ok(run.problems.length > 10, words.join(' '));
    }
    const bare = await webinfer(['infer', 'twice']);
    assert.equal(bare.code, 2);
    assert.match(bare.problems, /give one of them\nTo run it: webinfer infer twice --tensor x=FILE\.npy\n$/);
    const nobody = await webinfer(['infer', 'no_such_model']);
    assert.doesNotMatch(nobody.problems, /To run it/);
});

test('bench is a program of its own, which takes the same words', async () => {
    const bench = path.join(path.dirname(cliPath), 'webinfer-bench');
    for (const words of [['--platform', 'paper', 'twice'], ['--colour', 'red'], ['--help'], ['bench']]) {
        const alone = await webinfer(words, { program: bench }), started = await webinfer(['bench', ...words]);
        const said = ({ code, out, problems }) => [code, out, problems.replace(/request_id: \S+/, '')];
        assert.deepEqual(said(alone), said(started), words.join(' '));
    }
    // An option may come before the command.
    const before = await webinfer(['--url', 'http://127.0.0.1:1', 'bench', 'twice']);
    assert.equal(before.code, 3, before.problems);
    const lonely = file('webinfer', fs.readFileSync(cliPath));
    fs.chmodSync(lonely, 0o755);
    const missing = await webinfer(['bench', 'twice'], { program: lonely });
    assert.equal(missing.code, 2);
    assert.match(missing.problems, /^webinfer: webinfer-bench cannot be started: No such file or directory$/m);
    assert.match(missing.problems, /install webinfer-bench in the folder of webinfer$/m);
});

test('an answer that can be written nowhere ends, and is an error', async () => {
    const inputs = file('none.json', '[]');
    const endless = ['infer', 'builtin/count', '--inputs', inputs, '--stream',
        '--option', 'count=1000000', '--option', 'interval_ms=10'];
    // A connection that got the number of standard output would get what is printed, too.
    for (const where of ['>&-', '>/dev/full']) {
        const run = await webinfer(['-c', `exec "$@" ${where}`, 'sh', cliPath, ...endless],
            { program: 'sh' });
        assert.equal(run.code, 1, `${where}: ${run.problems}`);
        assert.match(run.problems, /standard output: /);
    }
    await until(async () => (await daemon.status()).queue.running === 0, { what: 'no job to run' });
});

test('exit status 3: nobody answers', async () => {
    const run = await webinfer(['status', '--url', 'http://127.0.0.1:1']);
    assert.equal(run.code, 3);
    assert.match(run.problems, /127\.0\.0\.1:1/);
});

test('exit status 4: no or a wrong token; token new makes one that works', async () => {
    const other = new Daemon({});
    const tokens = path.join(other.folder, 'tokens');
    const made = await webinfer(['token', 'new', 'alice', '--file', tokens]);
    assert.equal(made.code, 0, made.problems);
    const token = (made.out + made.problems).match(/wi_[A-Za-z0-9_-]{43}/)?.[0];
    assert.ok(token, made.out);
    assert.equal(fs.statSync(tokens).mode & 0o777, 0o600);
    const hash = crypto.createHash('sha256').update(token).digest('hex');
    assert.equal(fs.readFileSync(tokens, 'utf8').trim().split('\n').pop(), `alice:${hash}:admin`);
    assert.match(made.problems, /file's first token and therefore has rank admin/);
    const next = await webinfer(['token', 'new', 'bob', '--file', tokens]);
    assert.match(fs.readFileSync(tokens, 'utf8'), /^bob:[0-9a-f]{64}:user$/m);
    assert.doesNotMatch(next.problems, /admin/);
    other.writeConfig({ api: { tokens_file: tokens } });
    await other.start({ ready: false });
    try {
        const env = { WEBINFER_URL: other.url };
        assert.equal((await webinfer(['status'], { env })).code, 4);
        assert.equal((await webinfer(['status'],
            { env: { ...env, WEBINFER_TOKEN: `${token}x` } })).code, 4);
        const good = await webinfer(['status'], { env: { ...env, WEBINFER_TOKEN: token } });
        assert.equal(good.code, 0, good.problems);
        const fromFile = await webinfer(['status', '--token-file', file('token', `${token}\n`)],
            { env });
        assert.equal(fromFile.code, 0, fromFile.problems);
        const user = { env: { ...env, WEBINFER_TOKEN: next.out.trim() } };
        assert.equal((await webinfer(['status'], user)).code, 0);
        const refused = await webinfer(['token', 'join'], user);
        assert.equal(refused.code, 4);
        assert.match(refused.problems, /rank admin/);
    } finally {
        await other.stop();
    }
});

test('token new without a file prints the line; a bad name is refused', async () => {
    const made = await webinfer(['token', 'new', 'bob']);
    assert.equal(made.code, 0);
    assert.match(made.out + made.problems, /bob:[0-9a-f]{64}/);
    assert.equal((await webinfer(['token', 'new', 'bob:eve'])).code, 2);
});

test('a join link that works on this machine only is called one', async () => {
    const { code, out, problems } = await webinfer(['token', 'join']);
    assert.equal(code, 0);
    assert.match(out, /^http:\/\/127\.0\.0\.1:\d+\/#token=/);
    assert.match(problems, /warning: [^]*\[bridge\] listen and public_url/);
});

test('a join link asks who opens it, unless it is to start', async () => {
    const asks = await webinfer(['token', 'join']), starts = await webinfer(['token', 'join', '--start', '--nodes', '2']);
    assert.match(asks.out, /#token=wi_[\w-]{43}\n$/);
    assert.match(asks.problems, /^A browser that opens this link computes for the service once its user has read an explanation and agreed: up to 1 /);
    assert.match(starts.out, /#token=wi_[\w-]{43}&start\n$/);
    assert.match(starts.problems, /at once, without being asked: up to 2 /);
});

test('doctor says what is installed and what each browser would give, and leaves nothing',
    { timeout: 300_000 * patience }, async () => {
        const looked = await webinfer(['doctor', '--no-start']);
        assert.match(looked.out, /chromedriver|chromium/i);
        assert.match(looked.out, /\/dev\/shm/);
        assert.match(looked.out, /sandbox/);
        assert.ok(looked.out.includes(`${daemon.store}, from which webinferd at ${daemon.url}`),
            looked.out);
        const before = fs.readdirSync(daemon.temporary);
        const config = file('every-kind.conf', ini({ bridge: { page: builtPage },
            pool: { connection_timeout: '90s' }, 'browser.edge': edge(),
            'browser.chrome': { gpu: 'software' }, 'browser.firefox': { gpu: 'software' },
            'browser.safari': safari(), 'browser.off': { max_connections: 0 } }));
        const { code, json } = await webinfer(['doctor', '--json', '--config', config],
            { timeout: 240_000 });
        const state = (name) => json.checks.find(({ check }) => check === name)?.state;
        assert.equal(code, 0, JSON.stringify(json.checks));
        for (const name of ['chrome', 'chrome wasm', 'edge', 'edge wasm', 'edge webnn', 'firefox',
            'firefox wasm', 'safari', 'safari wasm'])
            assert.equal(state(name), 'ok', `${name}: ${JSON.stringify(json.checks)}`);
        for (const name of ['chrome webgpu', 'edge webgpu', 'firefox webgpu'])
            assert.equal(state(name), 'warning', `${name} has a software adapter`);
        for (const name of ['chrome webnn', 'safari webgpu', 'off'])
            assert.equal(state(name), 'info', name);
        assert.deepEqual(json.browsers.map(({ kind }) => kind).sort(),
            ['chrome', 'edge', 'firefox', 'safari']);
        assert.deepEqual(fs.readdirSync(daemon.temporary), before);
    });

test('doctor gives a driver that lost its port to somebody else another try, and no third', async () => {
    const once = path.join(daemon.folder, 'once');
    const script = file('driver.sh', `#!/bin/sh\nif [ ! -e ${once} ]; then\n    touch ${once}\n` +
        `    echo 'IPv4 port not available. Exiting...'\n    exit 1\nfi\nexec chromedriver "$@"\n`);
    fs.chmodSync(script, 0o755);
    const config = file('doctor-twice.conf', ini({ bridge: { page: builtPage },
        // Where it does not start in a network of its own, doctor tries another session without.
        pool: { connection_timeout: '90s', network: 'host' }, 'browser.chrome': { driver_command: script } }));
    const run = await webinfer(['doctor', '--json', '--config', config]);
    assert.equal(run.json.checks.find(({ check }) => check === 'chrome')?.state, 'ok',
        run.out + run.problems);
    file('driver.sh', `#!/bin/sh\necho again >>${once}\nexit 1\n`);
    const never = await webinfer(['doctor', '--json', '--config', config]);
    assert.equal(never.code, 1, never.out + never.problems);
    assert.match(never.json.checks.find(({ check }) => check === 'chrome')?.detail, /ended with status 1/);
    assert.equal(fs.readFileSync(once, 'utf8'), 'again\nagain\n');
});

test('doctor without a browser says what to install, and fails', async () => {
    const config = file('doctor.conf', '[browser.chrome]\ndriver_command = /nothing/chromedriver\n');
    const run = await webinfer(['doctor', '--config', config]);
    assert.equal(run.code, 1, run.out);
    assert.match(run.out + run.problems, /chromedriver/);
});

test('help, version and completion', async () => {
    for (const words of [['help'], ['--help'], ['infer', '--help'], ['help', 'token', 'new'],
        ['jobs', '--help'], ['help', 'jobs']]) {
        const run = await webinfer(words);
        assert.equal(run.code, 0, `${words}: ${run.problems}`);
        assert.match(run.out, /usage: webinfer/);
    }
    assert.match((await webinfer(['--version'])).out, /^webinfer \d/);
    const completion = await webinfer(['completion', 'bash']);
    assert.match(completion.out, /complete .*webinfer/);
    const shell = await new Promise((resolve) => {
        const child = spawn('bash', ['-n'], { stdio: ['pipe', 'ignore', 'pipe'] });
        child.on('close', resolve);
        child.stdin.end(completion.out);
    });
    assert.equal(shell, 0, 'bash can read it');
});

test('a job: detached, waited for, shown, listed, cancelled', async () => {
    const x = file('detached.npy', npy('<f4', [2], kserve.pack('FP32', [4, 5])));
    const started = await webinfer(['infer', 'twice', '--tensor', `x=${x}`, '--detach',
        '--output', daemon.folder]);
    assert.equal(started.code, 0, started.problems);
    const id = started.out.trim();
    assert.match(id, /^job-[0-9a-f]{16}$/);
    const waited = await webinfer(['jobs', 'wait', id, '--output', daemon.folder]);
    assert.equal(waited.code, 0, waited.problems);
    assert.match(waited.out, new RegExp(`^${id}: done\n`));
    assert.deepEqual(kserve.values('FP32',
        fs.readFileSync(path.join(daemon.folder, 'y.npy')).subarray(-8)), [8, 10]);
    assert.equal((await webinfer(['jobs', 'show', id, '--json'])).json.state, 'done');
    assert.match((await webinfer(['jobs', 'list', '--state', 'done'])).out,
        new RegExp(`JOB.*\n${id} +done +twice +127.0.0.1 `));
    assert.match((await webinfer(['status'])).out,
        /^stored jobs: 0 queued, 0 running, [1-9]\d* done$/m);
    const late = await webinfer(['jobs', 'cancel', id]);
    assert.deepEqual([late.code, late.out], [1, '']);
    assert.match(late.problems, /is done, so it cannot be cancelled/);
    assert.equal((await webinfer(['jobs', 'show', 'job-0000000000000000'])).code, 1);
    assert.equal((await webinfer(['jobs', 'show', '../status'])).code, 2);
});
