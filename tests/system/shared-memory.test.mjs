// tier: full
/**
 * A /dev/shm that fills up while browsers run. Chromiums differ in how much they keep there.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { testsOf, withDaemon } from '../lib/daemon.mjs';

const isRoot = process.getuid() === 0;
const unshare = ['unshare', '--mount', ...(isRoot ? [] : ['--map-root-user'])];
/** A /dev/shm of its own, large enough for Chromium to be let use it. */
const under = [...unshare, 'sh', '-c',
    'mount -t tmpfs -o size=600m webinfer-test /dev/shm && exec "$@"', 'sh'];

function missing() {
    try {
        execFileSync(under[0], [...under.slice(1), 'true'], { stdio: 'pipe' });
        return false;
    } catch (error) {
        return `no /dev/shm of its own can be had: ${error.message}`;
    }
}

/** Leaves nothing of the daemon's /dev/shm free. */
function fillUp(pid) {
    const { blocks, bfree, bsize } = fs.statfsSync(`/proc/${pid}/root/dev/shm`);
    execFileSync('nsenter', [`--target=${pid}`, '--mount', ...(isRoot ? [] : ['--user',
        '--preserve-credentials']), 'mount', '-o', `remount,size=${(blocks - bfree + 1) * bsize}`,
    '/dev/shm']);
}

const withoutShm = (daemon) => daemon.processes('browser').map(({ pid }) =>
    fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--disable-dev-shm-usage'));

testsOf(() => null)('a /dev/shm that is full costs no answer, and the next browser does without',
    { skip: missing() }, () => withDaemon({ under, models: ['twice'] }, async (daemon) => {
        const x = new Float32Array(1 << 21).fill(3);
        const tensor = { name: 'x', datatype: 'FP32', shape: [x.length], bytes: Buffer.from(x.buffer) };
        const right = async (model, value) => {
            const { outputs: [{ values }] } = await daemon.answer(
                { model_name: model, platform: 'wasm', timeout_ms: 60_000 }, [tensor]);
            assert.equal(values.length, x.length);
            assert.ok(values.every((one) => one === value));
        };
        await right('builtin/echo', 3);
        assert.deepEqual(withoutShm(daemon), [false]);
        fillUp(daemon.child.pid);
        await right('builtin/echo', 3);
        await right('twice', 6); // with a model to fetch, and workers to start
        assert.equal(await daemon.metric('webinfer_jobs_failed_total'), 0);
        for (const { pid } of daemon.processes('browser')) process.kill(pid, 'SIGKILL');
        await right('twice', 6);
        assert.deepEqual(withoutShm(daemon), [true]);
        await daemon.logs(/\/dev\/shm has less than 512 MiB free/);
    }));
