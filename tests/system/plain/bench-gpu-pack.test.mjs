// tier: full
/** What ./dev bench gpu --pack gathers, on a machine that has nothing of ours and reaches nothing: a root of Debian 13 without a network. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makePack, PART_MIB } from '../../bench/gpu/pack.mjs';
import { clear, guard } from '../../lib/cleanup.mjs';
import { findProgram, sharedModels } from '../../lib/paths.mjs';
import { test } from '../../lib/tier.mjs';

const skip = process.getuid() !== 0 ? 'making a root takes root' : !findProgram('mmdebstrap') ? 'mmdebstrap is not here' : false;
/** Little time: rows that are not reached say so. `--minutes=8` on an idle machine fills most of them. */
const MINUTES = 4;
/** Into a root ($1), in namespaces of its own, whose first process is a shell, which reaps orphans as an init does. */
const ENTER = `
mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" && ip link set lo up || exit
root=$1; shift
chroot "$root" env -i PATH=/usr/bin:/bin sh "$@"`;

/** @param {string} root @param {string[]} words what sh there is given */
const within = (root, ...words) => spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER, 'sh', root, ...words],
    { encoding: 'utf8', timeout: 600_000 });

/** Puts some files of the pack into a folder of the root, as a transfer does. */
function transfer(root, pack, names) {
    const folder = path.join(root, 'transfer');
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder);
    for (const name of names) fs.copyFileSync(path.join(pack, name), path.join(folder, name));
}

test('in two transfers the pack comes to a bare root, which fills rows or says why not', { skip, timeout: 1_200_000 }, () => {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-pack-'))), root = path.join(folder, 'root'), pack = path.join(folder, 'pack');
    execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', 'trixie', root], { stdio: ['ignore', 'ignore', 'inherit'] });
    fs.writeFileSync(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    const { parts, bytes } = makePack(pack, { preset: 0, dictionary: '1MiB' });
    const names = fs.readdirSync(pack), inParts = names.filter((name) => name.endsWith('.part')), beside = names.filter((name) => !name.endsWith('.part'));
    assert.equal(inParts.length, parts);
    assert.equal(inParts.reduce((sum, name) => sum + fs.statSync(path.join(pack, name)).size, 0), bytes);
    for (const name of inParts) assert.ok(fs.statSync(path.join(pack, name)).size <= PART_MIB * 2 ** 20, name);

    // The first part alone, and damaged: both are named.
    transfer(root, pack, [...beside, inParts[0]]);
    fs.appendFileSync(path.join(root, 'transfer', inParts[0]), 'x');
    const first = within(root, '/transfer/run.sh');
    assert.equal(first.status, 3, first.stderr);
    assert.equal(first.stdout, `run.sh: it goes on once these parts are beside it, too: ${inParts.join(' ')}\n`);
    transfer(root, pack, [...beside, inParts[0]]);
    const second = within(root, '/transfer/run.sh');
    assert.deepEqual([second.status, second.stdout], [3, `run.sh: it goes on once these parts are beside it, too: ${inParts.slice(1).join(' ')}\n`]);

    transfer(root, pack, [...beside, ...inParts.slice(1)]);
    const { status, stdout, stderr } = within(root, '/transfer/run.sh', '--gpu=software', `--minutes=${MINUTES}`, '--out=/transfer/out');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^run\.sh: unpacking into \/var\/tmp\/webinfer-gpu\n[^]*\nAll figures: \/transfer\/out\/result\.json\n$/);
    const result = JSON.parse(fs.readFileSync(path.join(root, 'transfer/out/result.json'), 'utf8'));
    assert.equal(result.cases, Boolean(sharedModels));
    const rows = Object.fromEntries(result.rows.map((row) => [row.name, row]));
    for (const { name, state, why } of result.rows) {
        assert.ok(state === 'measured' || why.length > 0, name);
        assert.doesNotMatch(why ?? '', /ENOENT|undefined|cannot find|not found|shared librar/i, name);
    }
    assert.equal(rows.adapter.state, 'measured', rows.adapter.why);
    assert.equal(rows.adapter.figures.adapter.is_fallback, true);
    assert.equal(rows.verify.state, 'measured', rows.verify.why);
    assert.equal(rows.verify.figures.verdict, 'software adapter');

    // What was unpacked is there the next time, and another option is refused.
    const third = within(root, '/transfer/run.sh', '--gpu=fast');
    assert.equal(third.status, 2);
    assert.match(third.stderr, /--gpu=fast; allowed: auto, hardware, software/);
    clear(folder);
});
