// tier: full
/** What a bench and its like understand of what they are asked for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { commandLine, flag, names, number, numbers, parts } from '../../lib/command-line.mjs';
import { root } from '../../lib/paths.mjs';

const TABLE = {
    quick: flag('less of each'), rounds: number(5, 'how often'), faults: number(undefined, 'of them', 0),
    nodes: numbers([1, 10], 'how many'), only: parts(['first', 'many']),
};

const valuesOf = (...words) => commandLine('./dev bench this', 'Measures.', TABLE, words);

test('what is not said is as the table has it', () => {
    assert.deepEqual(valuesOf(), { quick: false, rounds: 5, faults: undefined, nodes: [1, 10], only: ['first', 'many'] });
    assert.deepEqual(valuesOf('--quick', '--rounds', '3', '--rounds=4', '--faults=0', '--nodes=2,3', '--only=many'),
        { quick: true, rounds: 4, faults: 0, nodes: [2, 3], only: ['many'] });
    assert.deepEqual(valuesOf('--only=many', '--only', 'first').only, ['many', 'first']);
    assert.deepEqual(commandLine('', '', { kind: names(['a', 'b'], 'of them', ['b']) }, []), { kind: ['b'] });
});

/** The exit status, and what it says, of a program of this project with these words. */
function said(program, ...words) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'tests', program), ...words],
        { encoding: 'utf8', timeout: 300_000 });
    return { status, stdout, stderr };
}

test('what is not in the table, or has no such value, is refused before anything is measured', () => {
    const wrong = {
        '--rouns=3': /^\.\/dev bench streams: Unknown option '--rouns'.*; see \.\/dev bench streams --help\n$/,
        'first': /Unexpected argument 'first'/,
        '--only=many,least': /--only=least; allowed: first, many, with commas between them; see/,
        '--rounds=0': /--rounds=0; expected: an integer of at least 1; see/,
        '--rounds=1e3': /--rounds=1e3; expected: an integer/,
    };
    for (const [word, message] of Object.entries(wrong)) {
        const { status, stdout, stderr } = said('bench/streams.mjs', word);
        assert.deepEqual([status, stdout], [2, ''], word);
        assert.match(stderr, message);
    }
});

test('each of them says what it understands, and does nothing else', () => {
    const benches = fs.readFileSync(path.join(root, 'dev'), 'utf8').match(/=~ \^\((.*)\)\$/)?.[1].split('|') ?? [];
    assert.ok(benches.length > 5, `${benches}`);
    const programs = ['bench/run.mjs', ...benches.map((name) => `bench/${name}.mjs`), 'chaos/run.mjs', 'chaos/soak.mjs',
        'chaos/machines.mjs', 'chaos/cycles.mjs'];
    const { status: end, stdout, stderr } = said('lib/helps.mjs', ...programs.map((program) => path.join(root, 'tests', program)));
    assert.deepEqual([end, stderr], [0, '']);
    const helps = JSON.parse(stdout);
    assert.equal(helps.length, programs.length);
    for (const { program, status, out } of helps) {
        assert.equal(status, 0, program);
        assert.match(out, /^usage: \.\/dev [a-z ]+(--machines 3 )?\[OPTION\.\.\.\]\n\n[^\n]+/, program);
    }
});
