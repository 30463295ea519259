// tier: full
/** A short soak: requests of all kinds, of clients that leave, and no descriptor that stays behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../lib/paths.mjs';

const REQUESTS = 5000;

test('what clients leave behind is given back', { timeout: 300_000 }, async () => {
    const child = spawn(process.execPath, [path.join(root, 'tests/chaos/soak.mjs'), '--seed=3', `--soak=${REQUESTS}`],
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    const { requests, wrong, descriptors, counts } = JSON.parse(said.trim().split('\n').pop());
    assert.deepEqual({ requests, wrong }, { requests: REQUESTS, wrong: 0 }, said);
    assert.equal(new Set(descriptors).size, 1, said);
    for (const [kind, count] of Object.entries(counts)) assert.ok(count > 0, kind);
    assert.ok(Object.keys(counts).length >= 18, said);
});
