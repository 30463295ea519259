/** A short chaos run (./dev chaos has the long ones): every fault once, and nothing lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { root, sanitized } from '../lib/paths.mjs';

const SECONDS = 300;

test('no fault loses, repeats or spoils an answer', {
    timeout: SECONDS * 1000, skip: sanitized && 'the run against the plain daemon is enough',
}, async () => {
    const child = spawn(process.execPath,
        [path.join(root, 'tests/chaos/run.mjs'), '--seed=7', '--requests=480', '--faults=12'],
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    const { requests, lost, duplicated, wrong } = JSON.parse(said.trim().split('\n').pop());
    assert.ok(requests >= 480, said);
    assert.deepEqual({ lost, duplicated, wrong }, { lost: 0, duplicated: 0, wrong: 0 }, said);
});
