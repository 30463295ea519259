// tier: full
/**
 * webinfer pull and run for people: which files of an ONNX repository come, revisions and other
 * names, what a terminal shows, and what each kind of model is good for.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { startHub } from '../lib/hub.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { Terminal } from '../lib/terminal.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
const test = testsOf(() => daemon);
const there = ['--platform', 'simulated'];
const finch = (name) => fs.readFileSync(path.join(ownModels, 'finch', name));

/** An encoder and decoder as hubs have them, in four dtypes; what each file says is its own path. */
const SPEECH = Object.fromEntries([
    'config.json', 'generation_config.json', 'preprocessor_config.json', 'tokenizer.json', 'vocab.json',
    'onnx/encoder_model.onnx', 'onnx/encoder_model.onnx_data', 'onnx/encoder_model_quantized.onnx',
    'onnx/encoder_model_fp16.onnx', 'onnx/encoder_model_q4.onnx', 'onnx/encoder_model_q4.onnx_data',
    ...['', '_quantized', '_fp16', '_q4'].flatMap((dtype) => [`onnx/decoder_model${dtype}.onnx`,
        `onnx/decoder_with_past_model${dtype}.onnx`, `onnx/decoder_model_merged${dtype}.onnx`]),
    'pytorch_model.bin', 'model.safetensors', 'training_args.pkl', 'convert.py', 'README.md',
    '.gitattributes',
].map((name) => [name, name === 'config.json' ? '{"model_type": "whisper"}'
    : name.endsWith('.json') ? `{"this": "${name}"}` : `this is ${name}`]));
const TABLES = Object.keys(SPEECH).slice(0, 5);
const dtype = (end, data = []) => [...TABLES, `onnx/decoder_model_merged${end}.onnx`,
    `onnx/encoder_model${end}.onnx`, ...data].sort();

before(async () => {
    hub = await startHub();
    daemon = new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
        models: { hub: 'local' }, 'hub.local': { url: hub.url } }, models: ['digits'] });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    hub.push('org/speech', SPEECH);
    hub.push('birds/finch', { 'finch-Q8_0.gguf': finch('finch-Q8_0.gguf') });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 10 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    await hub?.close();
});

/** Pulls, and gives the paths of what is here then under that name. */
async function filesOf(words, name) {
    const { code, problems } = await webinfer(daemon, ['pull', ...words]);
    assert.equal(code, 0, problems);
    const place = path.join(daemon.store, name);
    return fs.readdirSync(place, { recursive: true })
        .filter((one) => !one.startsWith('.') && fs.statSync(path.join(place, one)).isFile()).sort();
}

test('of an ONNX repository the variant comes that is asked for, with its weights and tables', async () => {
    const wanted = {
        '8 bits unless it is said': [[], dtype('_quantized')],
        'by precision': [['--precision', 'fp16'], dtype('_fp16')],
        'with external data': [['--precision', 'int4'], dtype('_q4', ['onnx/encoder_model_q4.onnx_data'])],
        'the whole precision': [['--precision', 'fp32'], dtype('', ['onnx/encoder_model.onnx_data'])],
        'by files': [['--file', 'config.json', '--file', 'onnx/*_fp16.onnx'], ['config.json',
            'onnx/decoder_model_fp16.onnx', 'onnx/decoder_model_merged_fp16.onnx',
            'onnx/decoder_with_past_model_fp16.onnx', 'onnx/encoder_model_fp16.onnx']],
        'by variant': [[], dtype('_q4', ['onnx/encoder_model_q4.onnx_data']), ':q4'],
    };
    let number = 0;
    for (const [what, [words, files, variant = '']] of Object.entries(wanted)) {
        const name = `speech-${++number}`;
        assert.deepEqual(await filesOf([`org/speech${variant}`, '--as', name, ...words], name), files, what);
        for (const file of files)
            assert.equal(fs.readFileSync(path.join(daemon.store, name, file), 'utf8'), SPEECH[file], file);
    }
    const { json } = await daemon.get('/v1/models/speech-2');
    assert.deepEqual([json.format, json.variant, json.type, json.source.repository],
        ['huggingface', 'fp16', 'audio', 'org/speech']);
});

test('what is no model is never fetched, and a wrong wish says what there is', async () => {
    const cases = [
        [['--file', 'training_args.pkl'], /training_args\.pkl is a kind of file that is never fetched/],
        [['--file', 'convert.py'], /never fetched/],
        [['--file', 'onnx/nothing*'], /no file of the repository is called onnx\/nothing/],
        [['--precision', 'int3'], /nothing in int3; it has .*q8/],
        [['--precision', 'fp16', '--file', '*.onnx'], /give only one of them/],
    ];
    for (const [words, said] of cases) {
        const { code, problems } = await webinfer(daemon, ['pull', 'org/speech', '--as', 'wrong', ...words]);
        assert.equal(code, 1, words.join(' '));
        assert.match(problems, said);
    }
    assert.equal(hub.requests.some(({ url }) => /pkl|\.py|\.bin|safetensors/.test(url)), false);
    assert.equal((await daemon.get('/v1/models/wrong')).status, 404);
});

test('a clone without Git LFS is not added, and it is said what to do', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 1234567890\n';
    const clone = (name, files) => {
        const folder = path.join(daemon.folder, name);
        for (const [file, text] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
            fs.writeFileSync(path.join(folder, file), text);
        }
        return folder;
    };
    for (const folder of [clone('gguf-clone', { 'clone-Q8_0.gguf': pointer }),
        clone('onnx-clone', { 'model.onnx': pointer }),
        clone('hf-clone', { 'config.json': '{}', 'onnx/model.onnx': 'x', 'onnx/model.onnx_data': pointer })]) {
        const { code, problems } = await webinfer(daemon, ['add', folder]);
        assert.notEqual(code, 0, `${folder}: ${problems}`);
        assert.match(problems, /it is a pointer of Git LFS, not the file itself; run "git lfs pull"/);
        assert.ok(!fs.existsSync(path.join(daemon.store, path.basename(folder))));
    }
});

test('a revision is a branch, a tag or a commit', async () => {
    const text = () => fs.readFileSync(path.join(daemon.store, 'org/speech/tokenizer.json'), 'utf8');
    const old = { ...SPEECH, 'tokenizer.json': 'an older one' };
    const commit = hub.push('org/speech', old, { revision: 'v1.0' });
    await filesOf(['org/speech@v1.0'], 'org/speech');
    assert.equal(text(), 'an older one');
    assert.equal((await daemon.get('/v1/models/org/speech')).json.source.commit, commit);
    await filesOf(['org/speech'], 'org/speech');
    assert.equal(text(), SPEECH['tokenizer.json']);
    await filesOf([`org/speech@${commit}`], 'org/speech');
    assert.equal(text(), 'an older one');
    for (const [revision, said] of [['main', SPEECH['tokenizer.json']], ['v1.0', 'an older one']]) {
        const ran = await webinfer(daemon, ['run', `org/speech@${revision}`]);
        assert.equal(ran.code, 0, ran.problems);
        assert.match(ran.problems, /org\/speech is here/);
        assert.equal(text(), said, `run of ${revision}`);
    }
    const none = await webinfer(daemon, ['pull', 'org/speech@v9']);
    assert.equal(none.code, 1);
    assert.match(none.problems, /no such revision/);
});

test('a terminal sees a bar, and anything else gets lines', async () => {
    hub.push('birds/slow', { 'slow-F32.gguf': finch('finch-F32.gguf') });
    hub.bytesPerSecond = 1_500_000;
    const terminal = new Terminal(daemon, ['pull', 'birds/slow']);
    assert.equal(await terminal.ended, 0, terminal.seen);
    assert.match(terminal.seen, new RegExp('\\rdownloading \\[=+> *\\]  *\\d+ %  [\\d.]+ [kM]B of ' +
        '2\\.0 MB  [\\d.]+ [kM]B/s  \\d+ s left\\x1b\\[K'));
    assert.match(terminal.seen, /\r\x1b\[Kbirds\/slow: 2\.0 MB in 1 files, 2\.0 MB fetched in \d+ s\r\n$/);
    const lines = await webinfer(daemon, ['pull', 'birds/slow', '--as', 'again']);
    hub.bytesPerSecond = 0;
    assert.doesNotMatch(lines.problems, /[\r\x1b]/);
    assert.match(lines.problems, /^downloading +\d+ %  .* of 2\.0 MB/m);
    assert.ok(lines.problems.split('\n').length < 20, lines.problems);
});

test('run without a text is a conversation on a terminal', async () => {
    const terminal = new Terminal(daemon, ['run', 'birds/finch:Q8_0', ...there]);
    await terminal.shows('a prompt', /> /);
    terminal.type('one two\r');
    await terminal.shows('an answer', /\r\none two\r\n/);
    terminal.type('/exit\r');
    assert.equal(await terminal.ended, 0, terminal.seen);
    const piped = await webinfer(daemon, ['run', 'birds/finch', ...there], { input: 'three four\n' });
    assert.deepEqual([piped.code, piped.out], [0, 'three four\n'], piped.problems);
});

test('run says of other models what they are for', async () => {
    const hints = {
        digits: /digits is here\. To run it: webinfer infer digits --image FILE/,
        vectors: /vectors is here\. To run it: webinfer embed vectors TEXT/,
        'speech-2': /speech-2 is here\. webinfer show speech-2 describes it/,
    };
    for (const [name, hint] of Object.entries(hints)) {
        const { code, problems } = await webinfer(daemon, ['run', name]);
        assert.equal(code, 0, problems);
        assert.match(problems, hint);
    }
    const text = await webinfer(daemon, ['run', 'digits', 'hello']);
    assert.equal(text.code, 2);
    assert.match(text.problems, /does not take text alone\n.*--image FILE/);
    const mistyped = await webinfer(daemon, ['run', 'digit', 'hello']);
    assert.notEqual(mistyped.code, 0);
    assert.match(mistyped.problems, /^webinfer: .*did you mean digits\?.*\n.*ORG\/NAME/);
    const vector = await webinfer(daemon, ['run', 'vectors', 'hello', ...there]);
    assert.equal(vector.code, 0, vector.problems);
    assert.match(vector.out, /^\[/);
});
