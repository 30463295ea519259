// tier: quick
/**
 * webinfer chat, generate, embed, ps, load and unload: what they print for people and for programs,
 * and what a terminal sees. The nodes are simulated ones, which say the last message again.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const there = ['--platform', 'simulated'];

before(async () => {
    daemon = new Daemon({ models: [], config: {
        pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'talker', { arch: 'llama' });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 100 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('generate prints the text, and nothing else where nobody watches', async () => {
    const whole = await webinfer(daemon, ['generate', 'talker', 'a b c', ...there]);
    assert.deepEqual([whole.code, whole.out, whole.problems], [0, 'a b c\n', '']);
    const piped = await webinfer(daemon, ['generate', 'talker', '-', ...there, '--option', 'max_tokens=2'],
        { input: 'x y z' });
    assert.deepEqual([piped.code, piped.out], [0, 'x y\n']);
    const json = await webinfer(daemon, ['generate', 'talker', 'a', '--json', ...there]);
    const last = JSON.parse(json.out.trim().split('\n').at(-1));
    assert.deepEqual([last.event, last.data.executed_on.simulated, last.data.result.finish_reason],
        ['done', true, 'stop']);
    const none = await webinfer(daemon, ['generate', 'nobody', 'a']);
    assert.equal(none.code, 1);
    assert.match(none.problems, /nobody/);
    const option = await webinfer(daemon, ['generate', 'talker', 'a', '--option', 'temperatur=1', ...there]);
    assert.deepEqual([option.code, option.out], [1, '']);
    assert.match(option.problems, /temperatur/);
});

test('embed prints a vector on each line', async () => {
    const words = await webinfer(daemon, ['embed', 'vectors', 'x', 'y', 'x', ...there, '--option', 'dimensions=4']);
    const vectors = words.out.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(vectors.map(({ length }) => length), [4, 4, 4]);
    assert.deepEqual(vectors[0], vectors[2]);
    assert.notDeepEqual(vectors[0], vectors[1]);
    const lines = await webinfer(daemon, ['embed', 'vectors', '-', ...there, '--option', 'dimensions=4'],
        { input: 'x\n\ny\n' });
    assert.equal(lines.out, words.out.split('\n').slice(0, 2).join('\n') + '\n');
    const nothing = await webinfer(daemon, ['embed', 'vectors', '-'], { input: '\n' });
    assert.deepEqual([nothing.code, nothing.out], [2, '']);
    assert.equal((await webinfer(daemon, ['embed', 'talker', 'x', ...there])).code, 1);
});

test('a conversation is a question and an answer in turn, and lines with a slash are for the program', async () => {
    const { code, out, problems } = await webinfer(daemon,
        ['chat', 'talker', ...there, '--system', 'be kind'],
        { input: 'one two\n/help\n/reset\nthree\n/nonsense\n/exit\nnever\n' });
    assert.deepEqual([code, out], [0, 'one two\nthree\n'], problems);
    assert.match(problems, /\/system TEXT/);
    assert.match(problems, /starts over/);
    assert.match(problems, /no command \/nonsense/);
    const wrong = await webinfer(daemon, ['chat', 'nobody'], { input: 'a\nb\n' });
    assert.equal(wrong.code, 1);
    assert.equal(wrong.problems.match(/nobody/g).length, 1, 'the second question was not asked');
});

test('on a terminal ^C stops an answer and not the conversation, and lines are kept for the next one', async () => {
    const terminal = new Terminal(daemon, ['chat', 'talker', ...there]);
    await terminal.shows('a prompt', /> /);
    terminal.type(`${'word '.repeat(100)}end\r`);
    await terminal.shows('the answer', /end\r\n(word\s*){3}/); /* of 10 s */
    terminal.type('\x03');
    await terminal.shows('the next prompt', /> /);
    assert.doesNotMatch(terminal.seen, /end/);
    terminal.type('not this\x03');
    await terminal.shows('another prompt', /not this[^>]*> $/);
    terminal.type('\x03');
    await terminal.shows('another prompt, though nothing was typed', /> $/);
    terminal.type('a b\r');
    await terminal.shows('what became of the answer', /2 tokens.*simulated/);
    terminal.type('/exit\r');
    assert.equal(await terminal.ended, 0, terminal.seen);
    const history = path.join(daemon.folder, '.local/state/webinfer/chat_history');
    assert.match(fs.readFileSync(history, 'utf8'), /a\\040b|a b/);
    assert.doesNotMatch(fs.readFileSync(history, 'utf8'), /not/);
    assert.equal(fs.statSync(history).mode & 0o777, 0o600);
});

test('where nobody types, ^C between two answers ends the chat', async () => {
    const child = spawn(cliPath, ['chat', 'talker', ...there], { env: { PATH: process.env.PATH,
        HOME: daemon.folder, LANG: 'C.UTF-8', WEBINFER_URL: daemon.url }, stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    child.stdin.write('a b\n');
    let seen = '';
    for await (const bytes of child.stdout.iterator({ destroyOnReturn: false }))
        if ((seen += bytes).includes('b\n')) break;
    child.stdout.resume();
    await until(() => {
        const caught = /SigCgt:\s*(\w+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'));
        return !(BigInt(`0x${caught[1]}`) & 2n);
    }, { what: 'the signal ends it again' });
    child.kill('SIGINT');
    assert.deepEqual(await ended, [null, 'SIGINT']);
});

test('chat says before the first line that it has nobody to talk with', async () => {
    const nobody = await webinfer(daemon, ['chat', 'nobody'], { input: '' });
    assert.deepEqual([nobody.code, nobody.out], [1, '']);
    assert.match(nobody.problems, /nobody/);
    const vectors = await webinfer(daemon, ['chat', 'vectors'], { input: '' });
    assert.deepEqual([vectors.code, vectors.out], [1, '']);
    assert.match(vectors.problems, /vectors is not a model that can chat\n.*webinfer embed vectors TEXT/);
});

test('a terminal gets no control characters of what a model says', async () => {
    const terminal = new Terminal(daemon, ['generate', 'talker', 'a \x1b]0;b\x07c', ...there]);
    assert.equal(await terminal.ended, 0, terminal.seen);
    assert.ok(terminal.seen.includes('a ?]0;b?c'), JSON.stringify(terminal.seen));
});

test('ps shows what nodes hold', async () => {
    assert.equal((await webinfer(daemon, ['ps'])).code, 0);
    const missing = await webinfer(daemon, ['load', 'nobody']);
    assert.equal(missing.code, 1);
    assert.match(missing.problems, /nobody/);
});
