// tier: full
/** Browsers opened and closed leave nothing behind: five times, and 200 in the long tier. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../lib/cycles.mjs';
import { patience } from '../../lib/daemon.mjs';
import { tier } from '../../lib/tier.mjs';

const isLong = tier === 'long';
const count = isLong ? 200 : 5;
const kinds = isLong ? ['chrome', 'firefox', 'edge', 'safari'] : ['chrome'];

for (const kind of kinds)
    test(`${count} cycles of ${kind}: processes, descriptors, files and memory are as before`,
        { timeout: (60_000 + count * 20_000) * patience }, async () => {
            const result = await run({ kind, count });
            assert.deepEqual(result.problems, [], JSON.stringify(result));
        });
