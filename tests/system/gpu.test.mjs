// tier: full
// quick: a GPU that is not there is named, and no browser is started on another one
/**
 * Browsers on GPUs that the test makes: devices that are /dev/null, in mounts of the daemon's own, with Mesa's software adapter as their
 * Vulkan driver. Each Firefox gets one of them, and cannot open the other.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
afterEach(() => daemon?.abandon());

const SOFTWARE = ['/usr/share/vulkan/icd.d/lvp_icd.x86_64.json', '/usr/share/vulkan/icd.d/lvp_icd.aarch64.json'].find(fs.existsSync);
const needs = { skip: process.geteuid() !== 0 ? 'devices are made by root' : !SOFTWARE && 'Mesa\'s software driver is not installed' };

/** Becomes the daemon where /dev has what it has, and these GPUs of NVIDIA. The first argument is an empty folder. */
const WITH_GPUS = `set -e
folder=$1; shift
mkdir "$folder/all" "$folder/dev"
mount --rbind /dev "$folder/all"
mount -t tmpfs none "$folder/dev"
for one in "$folder"/all/*; do ln -s "$one" "$folder/dev"; done
rm -f "$folder"/dev/nvidia* "$folder/dev/dri"
for n in 0 1; do mknod -m 666 "$folder/dev/nvidia$n" c 1 3; done
mount --rbind "$folder/dev" /dev
exec "$@"`;

/** A daemon with Firefox alone on a machine with two GPUs, whose driver has a name that is theirs. */
function onTwoGpus(section) {
    const one = new Daemon({ config: { 'pool': { max_connections: 2, min_connections: 2 }, 'browser.chrome': { max_connections: 0 },
        'browser.firefox': { max_connections: 2, ...section } } });
    const devices = path.join(one.folder, 'devices'), driver = path.join(one.folder, 'nvidia_icd.json');
    fs.mkdirSync(devices);
    fs.copyFileSync(SOFTWARE, driver);
    one.options.env = { VK_DRIVER_FILES: driver };
    one.options.under = ['unshare', '--mount', '/bin/sh', '-c', WITH_GPUS, 'sh', devices];
    return one;
}

/** What opening that device of a process gives: null, or the error. */
function openOf(pid, device) {
    try {
        fs.closeSync(fs.openSync(`/proc/${pid}/root${device}`, 'r'));
        return null;
    } catch ({ code }) {
        return code;
    }
}

const sessions = async () => (await daemon.status()).sessions;

test('with all, each browser has a GPU of its own and cannot open the other', needs, async () => {
    daemon = onTwoGpus({ gpu_device: 'all' });
    await daemon.start();
    await until(async () => (await sessions()).filter(({ state }) => state === 'ready').length === 2,
        { what: 'two sessions', timeout: 60_000 * patience });
    const rows = await sessions();
    assert.deepEqual(rows.map(({ gpu }) => gpu).sort(), ['/dev/nvidia0', '/dev/nvidia1']);
    for (const { gpu, driver_pid: pid } of rows)
        for (const device of ['/dev/nvidia0', '/dev/nvidia1'])
            assert.equal(openOf(pid, device), device === gpu ? null : 'EACCES', `${device} of a browser on ${gpu}`);
    assert.equal(openOf(daemon.pid, '/dev/nvidia0') ?? openOf(daemon.pid, '/dev/nvidia1'), null, 'the daemon itself keeps both');

    // One that replaces another has its GPU.
    await daemon.post(`/v1/sessions/${rows[0].id}/recycle`, {});
    await until(async () => {
        const now = await sessions();
        return now.length === 2 && now.every(({ id, state }) => state === 'ready' && id !== rows[0].id);
    }, { what: 'the successor', timeout: 60_000 * patience });
    assert.deepEqual((await sessions()).map(({ gpu }) => gpu).sort(), ['/dev/nvidia0', '/dev/nvidia1']);
    await daemon.stop();
});

test('with a number, all browsers of the kind are on that GPU', needs, async () => {
    daemon = onTwoGpus({ gpu_device: 1 });
    await daemon.start();
    await until(async () => (await sessions()).length === 2, { what: 'two sessions', timeout: 60_000 * patience });
    assert.deepEqual((await sessions()).map(({ gpu }) => gpu), ['/dev/nvidia1', '/dev/nvidia1']);
    await daemon.stop();
});

test('a GPU that is not there is named, and no browser is started on another one', async () => {
    const hasGpu = ['/dev/dri', '/dev/nvidia0'].some(fs.existsSync);
    for (const [section, why] of [[{ gpu_device: 7 }, /\[browser\.chrome\] gpu_device: GPU 7 is not there; this machine has /],
        ...hasGpu ? [] : [[{ gpu: 'hardware' }, /\[browser\.chrome\] gpu: hardware needs a usable GPU; this machine has no GPU/]]]) {
        daemon = new Daemon({ config: { 'browser.chrome': section } });
        await daemon.start({ ready: false });
        const { kinds, sessions: none } = await daemon.status();
        assert.match(kinds.chrome.problem, why);
        assert.equal(kinds.chrome.installed, false);
        assert.deepEqual(none, []);
        await daemon.logs(why);
        const { out } = await webinfer(daemon, ['doctor', '--json', '--no-start', '--config', daemon.configFile], {});
        assert.match(JSON.parse(out).checks.find(({ check }) => check === 'chrome').detail, why);
        await daemon.stop();
    }
});
