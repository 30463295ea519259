// tier: full
/** The examples, compiled and run as they stand, as their first lines say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { ownModels, root } from '../lib/paths.mjs';
import { installSdk } from '../lib/sdk.mjs';

const folder = path.join(root, 'examples');
const env = { PATH: process.env.PATH, no_proxy: '*', LANG: 'C.UTF-8' };
const run = (program, ...words) => promisify(execFile)(program, words, { env });
const seven = path.join(ownModels, 'digits/samples/7.png');
const numbers = [0.5, 1, 2, -1, 1e-9, 16777216];

/** @type {Daemon} */
let daemon;
let built;
const test = testsOf(() => daemon);
/** How each language's example of that name is started. */
const languages = {
    C: (name) => [path.join(built, name)],
    JavaScript: (name) => [process.execPath, path.join(built, `${name}.mjs`)],
};

/** The command that an example's own head gives. */
function compile(name) {
    const head = fs.readFileSync(path.join(folder, `${name}.c`), 'utf8');
    const [, words] = head.match(/\* +cc -o \w+ \w+\.c (.*)\n/);
    return run('sh', '-c', `cc -std=c17 -Wall -Wextra -Werror -o ${built}/${name} ${folder}/${name}.c ${words}`);
}

before(async () => {
    daemon = new Daemon({ models: ['digits', 'finch'] });
    built = path.join(daemon.folder, 'examples');
    fs.mkdirSync(built);
    installSdk(built);
    for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.mjs')))
        fs.copyFileSync(path.join(folder, name), path.join(built, name));
    await Promise.all([daemon.start(), ...['picture', 'tensors', 'stream'].map(compile)]);
});
after(() => daemon.stop());

test('none has more than 80 lines, and a whole node in Python 120', () => {
    for (const name of fs.readdirSync(folder).filter((one) => /\.(c|mjs|py)$/.test(one))) {
        const lines = fs.readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n');
        assert.ok(lines.length <= (name === 'node.py' ? 120 : 80), `${name} has ${lines.length} lines`);
    }
});

for (const [language, start] of Object.entries(languages)) {
    test(`a picture, in ${language}`, async () => {
        const { stdout } = await run(...start('picture'), daemon.url, 'digits', seven);
        const labels = stdout.trim().split('\n').map((line) => line.split(' '));
        assert.equal(labels.length, 5);
        assert.equal(labels[0][0], '7');
        assert.ok(Number(labels[0][1]) > 0.9, stdout);
    });

    test(`binary tensors, in ${language}`, async () => {
        const { stdout } = await run(...start('tensors'), daemon.url, 'builtin/echo');
        const shown = stdout.trim().split('\n').map((line) => line.match(/^x\[(\d)\] = (.*)$/).slice(1));
        assert.deepEqual(shown.map(([place]) => Number(place)), [0, 1, 2, 3, 4, 5]);
        assert.deepEqual(shown.map(([, value]) => Math.fround(Number(value))), numbers.map(Math.fround));
    });

    test(`a stream, in ${language}, is the whole answer`, async () => {
        const question = 'What is 17 + 25?';
        const { stdout } = await run(...start('stream'), daemon.url, 'finch', question);
        const whole = await daemon.post('/v1/chat/completions', { model: 'finch', temperature: 0,
            messages: [{ role: 'user', content: question }] });
        assert.equal(stdout.trimEnd(), whole.json.choices[0].message.content.trimEnd());
    });

    test(`what fails is told, in ${language}`, async () => {
        const asked = [['picture', 'none', seven], ['tensors', 'none'], ['stream', 'none', 'x']];
        await Promise.all(asked.flatMap(([name, ...words]) => [
            assert.rejects(run(...start(name), daemon.url, ...words), ({ code, stdout, stderr }) =>
                code === 1 && !stdout.trim() && /no model none/.test(stderr), name),
            assert.rejects(run(...start(name), 'http://127.0.0.1:1', ...words), ({ code, stdout, stderr }) =>
                code === 1 && !stdout.trim() && stderr.length > 0, name),
        ]));
        await assert.rejects(run(...start('stream')), ({ code, stderr }) => code === 2 && /usage/.test(stderr));
    });
}
