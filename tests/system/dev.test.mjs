// tier: quick
/** ./dev and its scripts: what they refuse, and where they write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { rowOf, sayWrong } from '../../scripts/demo-pictures.mjs';
import { root } from '../lib/paths.mjs';

test('verbs that take no arguments refuse some, before anything is installed or built', () => {
    for (const verb of ['setup', 'build', 'lint', 'install', 'clean']) {
        const { status, stdout, stderr } = spawnSync('./dev', [verb, '/opt'], { cwd: root, encoding: 'utf8' });
        assert.equal(status, 1, verb);
        assert.equal(stderr, `dev: ${verb} takes no arguments, and there is "/opt"\n`);
        assert.equal(stdout, '');
    }
});

test('the demo marks the pictures that its model takes for others', () => {
    // The samples' logits are numpy's; ours would round them otherwise, and say the same.
    const expected = JSON.parse(fs.readFileSync(path.join(root, 'models/digits/samples/expected.json'), 'utf8'));
    const rows = expected.map(({ file, logits, probabilities }) => {
        const best = logits.indexOf(Math.max(...logits));
        return rowOf(`/somewhere/${file}`, expected, { result: { labels: [{ label: String(best), probability: probabilities[best] }] },
            executed_on: { browser: 'chrome', platform: 'wasm' }, performance: { inference_ms: 1, total_ms: 2 } });
    });
    assert.deepEqual(rows.filter(({ right }) => right !== 'yes').map(({ picture, drawn, label, right }) => [picture, drawn, label, right]),
        [['5.png', '5', '3', 'NO']]);
    assert.match(sayWrong(rows), /: 5\.png, a 5, is taken for a 3\. /);
    assert.equal(sayWrong(rows.filter(({ right }) => right === 'yes')), null);
});

test('a copied tree is configured again: its Makefiles would write into the original', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-copied-'));
    try {
        const one = path.join(folder, 'one'), two = path.join(folder, 'two');
        fs.mkdirSync(one);
        for (const file of ['configure.ac', 'Makefile.am', 'Makefile.in']) fs.writeFileSync(path.join(one, file), '');
        fs.writeFileSync(path.join(one, 'configure'), '#!/bin/sh\npwd >>Makefile\n', { mode: 0o755 });
        const configure = (tree) => spawnSync('bash', ['--norc', '-euc', `
            ROOT=$1 BUILD=$1/build NODE=node
            quietly() { shift; "$@"; }
            source "$2/scripts/build.sh"
            configure_in "$BUILD"`, 'bash', tree, root], { cwd: tree, encoding: 'utf8', env: { PATH: process.env.PATH } });
        const places = (tree) => fs.readFileSync(path.join(tree, 'build/Makefile'), 'utf8').trim().split('\n');
        assert.equal(configure(one).stderr, '');
        assert.equal(configure(one).stderr, '');
        assert.deepEqual(places(one), [path.join(one, 'build')], 'the same tree is configured once');
        fs.cpSync(one, two, { recursive: true, preserveTimestamps: true });
        assert.equal(configure(two).stderr, '');
        assert.deepEqual(places(two), [path.join(one, 'build'), path.join(two, 'build')]);
        assert.deepEqual(places(one), [path.join(one, 'build')]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});
