// tier: full
/** A control group with little memory: what clients send takes a part of it at most, and the operator is told. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { clear, guard } from '../lib/cleanup.mjs';
import { patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { Wire } from '../lib/wire.mjs';

const MIB = 1 << 20;
const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-group-')));
after(() => clear(folder));

/** As if the kernel had given so many bytes to the group above all others, of either version. */
const setLimit = (bytes) => {
    fs.mkdirSync(path.join(folder, 'memory'), { recursive: true });
    for (const [limit, used] of [['memory.max', 'memory.current'],
        ['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes']]) {
        fs.writeFileSync(path.join(folder, limit), `${bytes}\n`);
        fs.writeFileSync(path.join(folder, used), `${10 * MIB}\n`);
    }
};
const under = ['unshare', '--mount', ...(process.getuid() === 0 ? [] : ['--map-root-user']), 'sh', '-ec',
    'mount --bind "$0" /sys/fs/cgroup && exec "$@"', folder];

function missing() {
    try {
        setLimit(100 * MIB);
        execFileSync(under[0], [...under.slice(1), 'true'], { stdio: 'pipe' });
        return false;
    } catch (error) {
        return `no control group can be shown here: ${error.message}`;
    }
}

testsOf(() => null)('bodies take a quarter of what a group may have, and the rest is refused',
    { skip: missing() }, () => withDaemon({ under, ready: false,
        config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } }, async (daemon) => {
        await daemon.logs(/warn.*memory_budget is limited to 26214400 instead of 1073741824: this service has 104857600 bytes of memory.*less than twice \[api\] max_body/);
        assert.equal((await daemon.status()).memory.budget, 25 * MIB);
        const body = `{"model_name": "builtin/echo", "inputs": ${' '.repeat(4 * MIB)}[`;
        const wires = Array.from({ length: 8 }, () => new Wire(daemon.url));
        for (const wire of wires)
            wire.ask('POST', '/v1/infer', { body: `${body}] nonsense}` });
        const answers = await Promise.all(wires.map((wire) => wire.answer(30_000 * patience)));
        for (const answer of answers) {
            assert.ok([400, 503].includes(answer?.status), answer?.text);
            assert.equal(answer.json.code, answer.status === 400 ? 'bad_json' : 'memory_budget');
        }
        assert.ok(answers.some(({ status }) => status === 400), 'some are read');
        for (const wire of wires) wire.destroy();
        setLimit(8192 * MIB);
        await daemon.reload({});
        assert.equal((await daemon.status()).memory.budget, 1024 * MIB);
        await daemon.reload({ pool: { memory_budget: '512M' } });
        assert.equal((await daemon.status()).memory.budget, 512 * MIB);
    }));
