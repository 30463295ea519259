// tier: full
/** A chaos run: every fault once, or in the long tier 100 of them; nothing may be lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../lib/paths.mjs';
import { tier } from '../../lib/tier.mjs';

const isLong = tier === 'long';
/** Only a hang takes so long: each fault has a limit of its own. */
const SECONDS = isLong ? 3 * 3600 : 1500;
const [requests, faults] = isLong ? [10_000, 100] : [480, 12];

test('no fault loses, repeats or spoils an answer', {
    timeout: SECONDS * 1000,
}, async () => {
    const child = spawn(process.execPath,
        [path.join(root, 'tests/chaos/run.mjs'), '--seed=7', `--requests=${requests}`,
            `--faults=${faults}`],
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    const end = JSON.parse(said.trim().split('\n').pop());
    const { lost, duplicated, wrong, gaps, repeated } = end;
    assert.ok(end.requests >= requests, said);
    assert.deepEqual({ lost, duplicated, wrong, gaps, repeated },
        { lost: 0, duplicated: 0, wrong: 0, gaps: 0, repeated: 0 }, said);
    assert.ok(end.streams > requests / 10 && end.parts > end.streams, said);
    assert.ok(end.continued > 0, said);
    assert.ok(end.chats > requests / 20, said);
    // Half of the kinds of fault cost no node.
    assert.ok(end.chats_continued >= (isLong ? 24 : 1), said);
});
