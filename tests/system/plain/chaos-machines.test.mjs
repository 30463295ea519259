// tier: full
/**
 * A chaos run over a cluster of machines: three faults and the loss of a machine for good, or in the long tier 2,000 jobs, every
 * fault several times, and a real Chromium in one machine. No accepted job may be lost, have two ends, or take more than three
 * daemons with it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { faults as kinds } from '../../chaos/machine-faults.mjs';
import { root } from '../../lib/paths.mjs';
import { withNats } from '../../lib/shared-jobs.mjs';
import { tier } from '../../lib/tier.mjs';

const isLong = tier === 'long';
/** Only a hang takes so long: what the run waits for has limits of its own. */
const SECONDS = isLong ? 2 * 3600 : 900;
/** The seed of the short run begins with what machines.test.mjs has not. A server that is killed is left to the long run, since it
 * may have to be filled anew, and so is the job that takes its daemons with it: cluster-jobs.test.mjs has one. */
const [seed, requests, faults, browsers] = isLong ? [57, 2000, 20, 1] : [159, 80, 3, 0];
const SHORT = { 'two daemons killed': 1, 'daemon stopped': 1, 'uplink killed': 1 };

test('whatever becomes of machines, each accepted job has one end, the same everywhere', { ...withNats, timeout: SECONDS * 1000 }, async () => {
    const child = spawn(process.execPath, [path.join(root, 'tests/chaos/machines.mjs'), '--machines=3', `--seed=${seed}`,
        `--requests=${requests}`, `--faults=${faults}`, `--browsers=${browsers}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, said);
    const end = JSON.parse(said.trim().split('\n').pop());
    const { lost, duplicated, wrong, gaps, repeated, beyond, left } = end;
    assert.deepEqual({ lost, duplicated, wrong, gaps, repeated, beyond, left },
        { lost: 0, duplicated: 0, wrong: 0, gaps: 0, repeated: 0, beyond: 0, left: 0 }, said);
    assert.ok(end.requests >= requests && end.faults === faults, said);
    if (isLong) for (const kind of Object.keys(kinds)) assert.ok(end.struck[kind] >= 2, `${kind}: ${said}`);
    else assert.deepEqual(end.struck, SHORT, said);
    assert.ok(end.streams_whole > 0 && end.lenders > 0 && end.parts > end.streams, said);
    assert.equal(end.computed > 0, browsers > 0, said);
    if (isLong) assert.ok(end.continued > 0 && end.retried > 0 && end.lenders === 3, said);
    // One job takes as many daemons with it as it may.
    if (isLong) assert.ok(end.deaths === 3 && end.poisoned >= end.struck['deadly job'], said);
});
