/** `./dev package test`: the steps that it prints, and the sizes of what it builds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stepsOf } from './builds.mjs';
import { findProgram, root } from './paths.mjs';

/** What it takes, or false where all is here. */
export const skipPackages = process.getuid() !== 0 ? 'making roots takes root'
    : ['mmdebstrap', 'systemd-nspawn'].find((name) => !findProgram(name))?.concat(' is not here') ?? false;

/** How the steps of each release begin, in their order. */
const STEPS = [
    'a root with what the packages are built with', './configure && make install from the tarball', 'packages of this commit',
    'packages of the commit before', 'lintian', 'an empty root', 'the packages that these need are downloaded',
    'systemd as the first process', 'install', 'the service answers', 'user, folders and service', 'the other packages',
    'webinfer-uplink@ lends the service to another daemon', 'purge leaves nothing', 'the commit before, with a configuration', 'its database becomes one of older tables', 'upgrade',
    "purge leaves somebody's tokens, and nothing else",
];

/** The most MB that each file may have. */
const MOST = { webinfer: 60, 'webinfer-models': 7, 'webinfer-bench': 1, 'python3-webinfer': 0.1, tarball: 27 };

/** Tests the packages of releases. @param {import('node:test').TestContext} t @param {string[]} releases */
export async function testPackages(t, ...releases) {
    const said = await runTest(t.signal, releases);
    const steps = stepsOf(said);
    for (const { release, text, seconds } of steps) t.diagnostic(`${release}: ${seconds} s: ${text}`);
    for (const [, text] of said.matchAll(/^==> (\w+: \d+ s from apt install to the first answer)$/gm)) t.diagnostic(text);
    assert.deepEqual(steps.map(({ release, text }, i) => `${release}: ${text.slice(0, STEPS[i % STEPS.length].length)}`),
        releases.flatMap((release) => STEPS.map((step) => `${release}: ${step}`)), said);
    checkSizes(t, said, releases);
}

/** @param {AbortSignal} signal @param {string[]} releases */
async function runTest(signal, releases) {
    const { NODE_OPTIONS, WEBINFER_BUILD, ...env } = process.env; // it sets its own
    const child = spawn('./dev', ['package', 'test', ...releases],
        { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const end = () => process.kill(-child.pid); // with the roots that it runs
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, end);
    signal.addEventListener('abort', end);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [status] = await once(child, 'close');
    signal.removeEventListener('abort', end); // which comes at the test's end, too
    assert.equal(status, 0, said);
    return said;
}

/** @param {import('node:test').TestContext} t @param {string} said @param {string[]} releases */
function checkSizes(t, said, releases) {
    const sizes = [...said.matchAll(/^ *(\d+) (\S+\.(?:deb|tar\.xz))$/gm)].map(([, bytes, file]) => [file, Number(bytes) / 1e6]);
    for (const [file, size] of sizes) {
        t.diagnostic(`${size.toFixed(2)} MB: ${file}`);
        const most = MOST[nameOf(file)];
        assert.ok(size > 0 && size <= most, `${file} has ${size} MB, and ${most} are allowed`);
    }
    const wanted = releases.flatMap((release) => Object.keys(MOST).map((name) => (name === 'tarball' ? name : `${release}/${name}`)));
    assert.deepEqual(sizes.map(([file]) => file.replace(/[^/]*$/, nameOf)).sort(), [...new Set(wanted)].sort());
}

/** The package that a file is, or "tarball". @param {string} file */
const nameOf = (file) => (file.endsWith('.tar.xz') ? 'tarball' : file.replace(/^.*\//, '').replace(/_.*/, ''));
