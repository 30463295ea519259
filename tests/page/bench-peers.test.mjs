// tier: quick
/** ./dev bench peers without a browser: its goals, what a line has sent, its model, and programs that give blocks dishonestly. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { BlockReader, BLOCKS_STREAM, ticketFrame, wantFrame } from '../../page/src/peers/block_frames.js';
import * as echo from '../bench/peers/echo.mjs';
import { absentGoal, areMet, goalOf, ratioOf, sentIn, speaks } from '../bench/peers/figures.mjs';
import { GIVERS } from '../bench/peers/givers.mjs';
import { answerOf, heavy, isRight, request, ROWS } from '../bench/peers/heavy.mjs';
import { parts } from '../bench/peers/loading.mjs';
import { root } from '../lib/paths.mjs';
import { test } from '../lib/tier.mjs';
import { TestStream } from '../peer/stream.mjs';

const LEAF = 1 << 20;
const figure = (median) => ({ median, min: median, max: median, rounds: [median] });

test('a goal is met at its limit, is missed above, and is not met by what is absent', () => {
    const [met, missed, absent] = [goalOf('a', 0.5, figure(0.5)), goalOf('b', 0.5, figure(0.51)), absentGoal('c', 0.5, 'this page has none')];
    assert.deepEqual([met, missed, absent], [{ figure: 'a', most: 0.5, value: 0.5, state: 'met' }, { figure: 'b', most: 0.5, value: 0.51, state: 'missed' },
        { figure: 'c', most: 0.5, value: null, state: 'absent', absent: 'this page has none' }]);
    assert.deepEqual([[met], [met, missed], [met, absent], []].map(areMet), [true, false, false, true]);
});

test('a ratio is that of the median round, not of two medians', () => {
    const rounds = [{ with: 1, without: 10 }, { with: 6, without: 2 }, { with: 2, without: 1 }];
    assert.deepEqual(ratioOf(rounds, (one) => one.with, (one) => one.without), { median: 2, min: 0.1, max: 3, rounds: [0.1, 3, 2] });
});

test('what an interface has sent is its ninth number', () => {
    // Linux 6.1: cat /proc/net/dev
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   10912     128    0    0    0     0          0         0    10912     128    0    0    0     0       0          0
  eth0:268455936  181312    0    7    0     0          0         3  4194304    2911    0    0    0     0       0          0
`;
    assert.deepEqual([sentIn(text, 'eth0'), sentIn(text, 'lo')], [4_194_304, 10_912]);
    assert.throws(() => sentIn(text, 'eth1'), /^Error: there is no interface eth1$/);
});

test('a page whose scripts do not name the blocks’ protocol has none: nothing runs, and no goal is met', async () => {
    const page = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-peers-'));
    try {
        fs.writeFileSync(path.join(page, 'peers-1.js'), 'const a="/webinfer/node/1"');
        fs.writeFileSync(path.join(page, 'notes.txt'), BLOCKS_STREAM);
        assert.equal(speaks(page, BLOCKS_STREAM), false);
        fs.writeFileSync(path.join(page, 'peers-2.js'), `const a="${BLOCKS_STREAM}"`);
        assert.equal(speaks(page, BLOCKS_STREAM), true);
    } finally {
        fs.rmSync(page, { recursive: true });
    }
    for (const [name, goals] of Object.entries({ load: 2, lies: 1, class: 1, fast: 1, lone: 1 })) {
        assert.deepEqual(parts[name].goals(null).map(({ state, value }) => [state, value]), Array(goals).fill(['absent', null]), name);
        assert.match(parts[name].print(null), /: this page passes no blocks on\n$/);
    }
});

test('an echo by a way that the page does not have is absent', () => {
    const row = (size, name, times) => ({ size, name, p50_ms: figure(times), ratio: figure(times) });
    const rows = [row(100, 'direct', 1), row(100, 'webinfer-peer', 2), row(600_000, 'direct', 1), row(600_000, 'webinfer-peer', 2.6)];
    assert.deepEqual(echo.goals(rows).map(({ most, value, state }) => [most, value, state]), [[3, 2, 'met'], [2.5, 2.6, 'missed'], [8, null, 'absent']]);
    assert.deepEqual(echo.goals([...rows, row(100, 'another page', 8)]).at(-1).state, 'met');
});

test('goals of a model are those of the time, and of what the service sends', () => {
    const found = { ratio: figure(0.4), with: { seconds: figure(12), line: figure(1.6), files: figure(1.5) }, without: { seconds: figure(30), line: figure(4.2), files: figure(4) } };
    assert.deepEqual(parts.load.goals(found).map(({ most, value, state }) => [most, value, state]), [[0.5, 0.4, 'met'], [1.5, 1.6, 'missed']]);
    assert.deepEqual(parts.lies.goals(found).map(({ most, value, state }) => [most, value, state]), [[0.8, 0.4, 'met']]);
    const crowd = { with: { ...found.with, line: figure(2.1) } };
    assert.deepEqual(parts.class.goals(crowd).map(({ most, value, state }) => [most, value, state]), [[2, 2.1, 'missed']]);
    assert.match(parts.class.print(crowd), /\nwith +12\.000 [^\n]+2\.100 [^\n]+1\.500 /);
    assert.match(parts.load.print(found), /\nwithout +30\.000 [^\n]+4\.200 [^\n]+\nwith +12\.000 [^\n]+0\.400 [^\n]+1\.600 /);
});

test('the model has 64 MB that are no pattern, and its answer is known without them', () => {
    const rows = 3, file = heavy(rows), at = file.length - 3 * 1024;
    // AES-128 of zeros, with the key of zeros: openssl enc -aes-128-ecb -K 0 -nopad
    const first = file.indexOf(Buffer.from('66e94bd4ef8a2c3b884cfa59ca342b2e', 'hex'));
    assert.ok(first > 0 && first < at);
    assert.equal(ROWS * 1024, 64_000_000);
    assert.deepEqual(request.inputs[0].data, [0, ROWS - 1]);
    const whole = heavy(ROWS), begin = whole.indexOf(file.subarray(first, first + 1024)), row = (index) => whole.subarray(begin + index * 1024, begin + (index + 1) * 1024);
    assert.equal(isRight([...row(0), ...row(ROWS - 1)]), true);
    assert.equal(isRight([...row(0), ...row(ROWS - 2)]), false);
    assert.equal(isRight([...row(0)]), false);
    assert.equal(isRight([...answerOf(whole).bytes]), true);
});

/** A program that gives so, once it is asked for the last block of two. */
function ask(how) {
    const stream = new TestStream(), said = [], bytes = LEAF + 5;
    GIVERS[how](stream, bytes);
    for (const until of [1, 2]) stream.receive(ticketFrame(`{"until":${until}}`));
    stream.receive(wantFrame(1));
    const reader = new BlockReader('giving', (one) => said.push(one));
    return { stream, read: () => {
        for (const part of stream.sent.splice(0)) reader.push(part);
        return said;
    } };
}

test('a liar gives blocks in the right form, and of the right length', () => {
    const said = ask('lies').read();
    assert.deepEqual(said, [{ runs: [[0, 2]] }, { data: 1, bytes: new Uint8Array(5).fill(1) }]);
});

test('one that trickles gives a byte a second, until nobody listens', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
        const { stream, read } = ask('trickles');
        assert.deepEqual(read(), [{ runs: [[0, 2]] }]);
        mock.timers.tick(4000);
        assert.equal(read().length, 1);
        mock.timers.tick(1000);
        assert.deepEqual(read()[1], { data: 1, bytes: new Uint8Array(5) });
        stream.abort(new Error('enough'));
        mock.timers.tick(9000);
        assert.deepEqual(stream.sent, []);
    } finally {
        mock.timers.reset();
    }
});

test('its command line refuses what it does not have', () => {
    const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'tests/bench/peers.mjs'), '--only=load,links'], { encoding: 'utf8', timeout: 300_000 });
    assert.deepEqual([status, stderr], [2, './dev bench peers: --only=links; allowed: echo, start, load, lies, class, fast, lone, with commas between them; see ./dev bench peers --help\n']);
});
