// tier: full
/** The commands that the console's playground shows, run as a person runs them: the answers are those of the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { commandsOf } from '../../page/src/console/playground/code.js';
import { bodyOf } from '../../page/src/console/playground/request.js';
import { shellCommands } from '../../page/src/console/playground/shell.js';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { cliPath, ownModels, root, skipDigits } from '../lib/paths.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';

const TOKEN = newToken();
const AUTHORIZED = { headers: { Authorization: `Bearer ${TOKEN}` } };
const HOSTILE = `'"'"' "x" \\' \\\\n $(touch pwned) \`touch pwned\` \${HOME} !! !x %s %% ; & | < > \n\tEND\n\r\nüñ 😀 \u202e\u2028\u0007\u001b[201~ END`;
/** @type {Daemon} */
let daemon;
let folder;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['digits'] });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    folder = path.join(daemon.folder, 'here');
    fs.mkdirSync(folder);
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'admin' }, { ada: TOKEN }) } });
    await daemon.start();
});
after(() => daemon.stop());

/** What a program writes, given the command as its input. */
async function output(program, args, input) {
    const child = spawn(program, args, { cwd: folder, env: { PATH: `${path.dirname(cliPath)}:${process.env.PATH}`, HOME: folder, WEBINFER_TOKEN: TOKEN, PYTHONPATH: path.join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' } });
    child.stdin.end(input);
    let [out, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (piece) => { out += piece; });
    child.stderr.setEncoding('utf8').on('data', (piece) => { errors += piece; });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 0, errors.slice(-2000));
    return out;
}

/** The results that the three commands bring, and bash once more as it is at a terminal, with its history. */
async function resultsOf(asked) {
    const [curl, python, javascript] = commandsOf(asked, { url: daemon.url, token: true }).map(({ text }) => text);
    assert.ok(![curl, python, javascript].some((text) => text.includes(TOKEN)));
    const said = await Promise.all([output('bash', [], curl), output('bash', ['--norc', '--noprofile', '-i'], `set -o history -H\n${curl}\nexit 0\n`),
        output('python3', ['-'], python), output(process.execPath, ['--input-type=module', '-'], javascript)]);
    assert.equal(fs.existsSync(path.join(folder, 'pwned')), false);
    return said.map((text, i) => (i === 2 ? JSON.parse(text.slice(0, text.indexOf('\n}') + 2)) : JSON.parse(text).result));
}

/** What one answer has and another has not, since they were made at different times. */
const lasting = ({ timings, usage, ...result }) => result;

for (const [what, asked] of Object.entries({
    'a text': { task: 'tokenize', inputs: HOSTILE, options: { add_special: false } },
    'a conversation, at a place': { task: 'chat', inputs: { messages: [{ role: 'system', content: HOSTILE }, { role: 'user', content: 'abc' }] },
        options: { temperature: 0, max_tokens: 5, stop: ['"\'$(touch pwned)!'] }, at: { browser: 'chrome', platform: 'wasm' } },
    'a text that is too long for an argument': { task: 'tokenize', inputs: `${HOSTILE} `.repeat(900) },
}))
    test(`${what} gets the same by curl, Python and JavaScript`, async () => {
        const body = bodyOf({ model: 'abc', ...asked });
        const { status, json, text } = await daemon.post('/v1/infer', body, AUTHORIZED);
        assert.equal(status, 200, text);
        for (const result of await resultsOf({ body })) assert.deepEqual(lasting(result), lasting(json.result));
    });

test('a file is sent by its name', { skip: skipDigits }, async () => {
    const name = `it's a "7"; $(touch pwned),!x.png`;
    fs.copyFileSync(path.join(ownModels, 'digits/samples/7.png'), path.join(folder, name));
    const image = fs.readFileSync(path.join(folder, name)).toString('base64');
    const { json } = await daemon.post('/v1/infer', { model_name: 'digits', inputs: { image } }, AUTHORIZED);
    assert.equal(json.result?.labels[0].label, '7', JSON.stringify(json));
    const asked = { body: bodyOf({ model: 'digits', inputs: {}, at: { browser: 'chrome', platform: 'wasm' } }), files: { image: { name } } };
    for (const result of await resultsOf(asked)) assert.deepEqual(result.labels.map(({ label }) => label), json.result.labels.map(({ label }) => label));
});

test('a model is called from the shell by what its page shows', { skip: skipDigits }, async () => {
    fs.copyFileSync(path.join(ownModels, 'digits/samples/7.png'), path.join(folder, 'picture.png'));
    const run = (command) => output('bash', ['-c', command], '');
    const [talk, ask, go, where] = shellCommands({ name: 'abc' }, ['chat', 'complete'], daemon.url);
    assert.equal(await run(talk), '', 'nobody said anything');
    for (const command of [ask, go]) assert.match(await run(command), /^[a-h]/);
    assert.match(await run(where), /chrome/);
    assert.match(await run(shellCommands({ name: 'digits' }, ['image-classification'], daemon.url)[0]), /^7\b/m);
});

test('no token is asked of the shell where the daemon wants none', () => {
    for (const { text } of commandsOf({ body: bodyOf({ model: 'abc', inputs: 'x' }) }, { url: daemon.url, token: false }))
        assert.doesNotMatch(text, /token|Authorization/i);
});
