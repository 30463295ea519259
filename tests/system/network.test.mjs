// tier: full
/**
 * Browsers in a network of their own: nobody else on the machine finds a port of theirs, and what
 * runs in them reaches nothing but the bridge, as root and as a plain user; and what is said and
 * done where the kernel does not allow it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'node:test';
import { edge, safari } from '../lib/browsers.mjs';
import { certificate } from '../lib/certificate.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { builtPage, daemonPath, libFolder, sanitized } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';

const isRoot = process.geteuid() === 0;
const off = { max_connections: 0 };
/** Somebody else on this machine, where that can be. */
const stranger = isRoot ? { uid: 65533, gid: 65533 } : {};

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
afterEach(() => daemon?.abandon()); // one that failed leaves none running

/** A user who is not root: the programs are copied to where everybody can reach them. */
function asPlainUser(options) {
    if (!isRoot) return new Daemon(options);
    const user = 65532;
    const one = new Daemon(options);
    const programs = path.join(one.folder, 'bin');
    fs.mkdirSync(programs);
    for (const name of ['webinferd', 'webinfer-lifeline', 'webinfer-desk'])
        fs.copyFileSync(path.join(path.dirname(daemonPath), name), path.join(programs, name));
    fs.cpSync(builtPage, path.join(one.folder, 'page'), { recursive: true, dereference: true });
    one.writeConfig({ bridge: { page: path.join(one.folder, 'page'), ...options?.config?.bridge } });
    execFileSync('chown', ['-R', `${user}:${user}`, one.folder]);
    one.options.under = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups',
        '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all',
        '/bin/sh', '-c', `shift; exec '${programs}/webinferd' "$@"`, 'sh'];
    return one;
}

const users = { root: (options) => new Daemon(options), 'a plain user': asPlainUser };
if (!isRoot) delete users.root;

/** Why this kernel gives that user no network of its own; false where it does. */
function refused(user) {
    const plain = user === 'root' ? [] : isRoot ? ['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups'] : [];
    const [program, ...words] = [...plain, 'unshare', ...user === 'root' ? [] : ['--user'], '--net', 'true'];
    try {
        execFileSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
        return false;
    } catch (error) {
        return `this kernel gives ${user} no network of its own: ${String(error.stderr).trim()}`;
    }
}
const skips = Object.fromEntries(Object.keys(users).map((user) => [user, refused(user)]));
/** Of tests in a user namespace. */
const forbiddable = { skip: refused('a plain user') };
/** Of tests that are run as one is. */
const own = { skip: skips[isRoot ? 'root' : 'a plain user'] };

/** What listens in the network of the process that reads it: [{port, inode}]. */
function listening(text) {
    return text.split('\n').map((line) => line.trim().split(/\s+/))
        .filter((words) => words[3] === '0A')
        .map((words) => ({ port: parseInt(words[1].split(':')[1], 16), inode: words[9] }));
}

/** The inodes of the sockets that these processes hold. */
function socketsOf(list) {
    return new Set(list.flatMap(({ pid }) => {
        try {
            return fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
                try {
                    return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
                } catch {
                    return [];
                }
            });
        } catch {
            return [];
        }
    }));
}

const networkOf = (pid) => fs.readlinkSync(`/proc/${pid}/ns/net`);
/** The network of that process by a name that no other gets until the test ends: the kernel gives the
 * number of a network that is gone, and that nobody holds open, to the next one. */
function heldNetworkOf(pid, context) {
    const held = fs.openSync(`/proc/${pid}/ns/net`);
    context.after(() => fs.closeSync(held));
    return fs.readlinkSync(`/proc/self/fd/${held}`);
}
/** The processes that are in that network. */
const inhabitants = (network) => processes.all().filter(({ pid }) => {
    try {
        return networkOf(pid) === network;
    } catch {
        return false;
    }
});

const isEmpty = (network) => until(() => inhabitants(network).length === 0,
    { what: 'an empty network', timeout: 5000 * patience });

/** Counts who connects to it, at every address of this machine. */
async function bait() {
    const server = net.createServer((socket) => {
        server.caught.push(socket.remoteAddress);
        socket.destroy();
    });
    server.caught = [];
    server.unref(); // a test that fails does not close it
    await new Promise((resolve) => server.listen(0, '::', resolve));
    return server;
}
const addresses = () => ['127.0.0.1', '[::1]', ...Object.values(os.networkInterfaces()).flat()
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address))];

const kinds = {
    'chrome': ['chrome', {}],
    'chrome in bidi': ['chrome', { driver: 'bidi' }],
    'firefox': ['firefox', { max_connections: 1 }],
    'safari': ['safari', safari()],
    'edge': ['edge', edge()],
};

const only = (kind, section) => ({ 'browser.chrome': off, [`browser.${kind}`]: section });
const twice = { model_name: 'twice', platform: 'wasm',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 4] }] };

/** It computes, in a network of its own; gives a process of the session. */
async function computes() {
    const { status, json } = await daemon.infer(twice);
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json.outputs[0].data, [2, 8]);
    const { sessions, warnings } = await daemon.status();
    assert.deepEqual(sessions.map(({ network }) => network), ['isolated']);
    assert.ok(!warnings.some((one) => one.includes('network')), warnings.join('\n'));
    const [{ pid }] = daemon.processes('lifeline');
    assert.notEqual(networkOf(pid), networkOf(daemon.pid));
    return pid;
}

for (const [user, make] of Object.entries(users))
    for (const [name, [kind, section]] of Object.entries(kinds)) {
        // Edge's build here is unpacked where root alone may reach it.
        if (user !== 'root' && kind === 'edge') continue;
        // The daemon's part is the same with all of them: the sanitizers see it with one of each dialect.
        if (sanitized && !['chrome', 'firefox'].includes(name)) continue;
        test(`${name} as ${user}: another user finds no port of it, and nothing is left of a network`, { skip: skips[user] },
            async (context) => {
                daemon = make({ models: ['twice'], config: only(kind, section) });
                await daemon.start();
                const pid = await computes(), network = heldNetworkOf(pid, context);
                const session = [{ pid }, ...processes.descendants(pid)];
                const held = socketsOf(session);
                const outside = execFileSync('cat', ['/proc/net/tcp', '/proc/net/tcp6'],
                    { ...stranger, encoding: 'utf8', maxBuffer: 1 << 26 });
                assert.deepEqual(listening(outside).filter(({ inode }) => held.has(inode)), []);
                // They do have ports, which is what this is about.
                const inside = listening(fs.readFileSync(`/proc/${pid}/net/tcp`, 'utf8'));
                assert.ok(inside.some(({ inode }) => held.has(inode)), 'no port of its own inside');
                assert.ok(session.every((one) => !processes.alive(one.pid) ||
                    networkOf(one.pid) !== networkOf(daemon.pid)), 'one is outside');
                await daemon.stop();
                assert.deepEqual(inhabitants(network), []);
            });
    }

for (const [user, make] of Object.entries(users))
    test(`SIGKILL of the lifeline, the driver and the daemon as ${user}: no process stays in the network`, { skip: skips[user] }, async (context) => {
        daemon = make({ models: ['twice'] });
        await daemon.start();
        for (const role of ['lifeline', 'driver']) {
            const network = heldNetworkOf(await computes(), context);
            process.kill(daemon.processes(role)[0].pid, 'SIGKILL');
            await isEmpty(network);
            await until(async () => (await daemon.status()).sessions.some(
                ({ state }) => state === 'ready'), { what: 'another session', timeout: 30_000 * patience });
        }
        const network = heldNetworkOf(await computes(), context);
        daemon.signal('SIGKILL');
        await daemon.waitEnd();
        await daemon.checkNothingLeft({ timeout: 5000 * patience });
        await isEmpty(network);
    });

/** A page that goes where it should not, instead of ours, and asks for itself until it has gone. */
function wandering(folder, targets) {
    const page = path.join(folder, 'wandering');
    fs.mkdirSync(page);
    fs.writeFileSync(path.join(page, 'index.html'),
        '<!doctype html><title>x</title><script src="go.js"></script>');
    fs.writeFileSync(path.join(page, 'go.js'),
        `const all = ${JSON.stringify(targets)};
        setInterval(() => fetch('index.html', { cache: 'no-store' }).catch(() => {}), 100);
        location.href = all[Math.floor(Math.random() * all.length)];`);
    return page;
}

for (const kind of ['chrome', 'firefox'])
    test(`a page in ${kind} reaches no listener of the machine, at no address of it`, { ...own, timeout: 240_000 * patience }, async () => {
        const trap = await bait();
        const targets = addresses().map((host) => `http://${host}:${trap.address().port}/`);
        const open = async (network, count) => {
            daemon = new Daemon({ config: only(kind, { max_connections: count }) });
            daemon.writeConfig({ bridge: { page: wandering(daemon.folder, targets) }, pool: {
                min_connections: count, max_connections: count, connection_timeout: '120s', network } });
            await daemon.start({ ready: false });
        };
        await open('isolated', 2);
        let seen = 0;
        await until(async () => {
            const before = seen;
            seen = (await daemon.metric('webinfer_bridge_file_requests_total')) ?? 0;
            return before >= 2 * 2 && seen === before;
        }, { what: 'both pages to have gone', timeout: 120_000 * patience, every: 1000 });
        assert.deepEqual(trap.caught, []);
        await daemon.stop();
        // In the machine's network the same page gets there.
        await open('host', 1);
        await until(() => trap.caught.length > 0,
            { what: 'a page that gets out', timeout: 60_000 * patience });
        await daemon.stop();
        trap.close();
    });

for (const [user, make] of Object.entries(users))
    test(`no program of a session of ${user} reaches the machine or resolves a name`, { skip: skips[user] }, async () => {
        const trap = await bait();
        daemon = make({});
        const said = path.join(daemon.folder, 'said.json');
        const program = path.join(daemon.folder, 'wanderer');
        const script = path.join(daemon.folder, 'wanderer.mjs'); // where that user may read it
        fs.copyFileSync(path.join(libFolder, 'wanderer.mjs'), script);
        fs.writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${script}' ` +
            `'${said}' ${trap.address().port} ${addresses().map((one) => `'${one}'`).join(' ')}\n`,
        { mode: 0o755 });
        daemon.writeConfig({ 'browser.chrome': { driver_command: program, binary: process.execPath } });
        await daemon.start({ ready: false });
        await until(() => fs.existsSync(said), { what: 'what it found', timeout: 30_000 * patience });
        const found = JSON.parse(fs.readFileSync(said, 'utf8'));
        assert.deepEqual(found.reached, []);
        assert.deepEqual(found.resolved, []);
        assert.deepEqual(found.interfaces, ['lo']);
        assert.deepEqual(trap.caught, []);
        await daemon.stop();
        trap.close();
    });

test('TLS and a public_url that is elsewhere change nothing inside', own, async () => {
    for (const [kind, section] of [['chrome', {}], ['firefox', { max_connections: 1 }]]) {
        daemon = new Daemon({ models: ['twice'], config: only(kind, section) });
        daemon.writeConfig({ bridge: { ...certificate(daemon.folder, 'DNS:elsewhere.invalid'),
            listen: '0.0.0.0:0', public_url: 'https://elsewhere.invalid' } });
        await daemon.start();
        await computes();
        await daemon.stop();
    }
});

test('by configuration they have the machine\'s, and that is said; a reload changes it', own, async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { network: 'host' } } });
    await daemon.start();
    const { sessions: [session], warnings } = await daemon.status();
    assert.equal(session.network, 'host');
    assert.ok(warnings.some((one) => /no network of their own, by configuration: chrome: every user/
        .test(one)), warnings.join('\n'));
    await daemon.reload({ pool: { network: 'auto' } });
    assert.deepEqual((await daemon.status()).warnings.filter((one) => one.includes('network')), []);
    await daemon.post(`/v1/sessions/${session.id}/recycle`, {});
    await until(async () => (await daemon.status()).sessions.every(({ id }) => id !== session.id),
        { what: 'another session', timeout: 60_000 * patience });
    await daemon.ready();
    await computes();
    await daemon.stop();
});

/** In a user namespace of the test's, whose own limit of network namespaces is 0. */
const forbidden = ['unshare', '--user', '--map-root-user', '/bin/sh', '-c',
    'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', 'sh'];

test('where the kernel refuses, auto goes on without and says what that means', forbiddable, async () => {
    daemon = new Daemon({ models: ['twice'] });
    daemon.options.under = forbidden;
    await daemon.start();
    const { sessions: [session], warnings } = await daemon.status();
    assert.equal(session.network, 'host');
    const text = /no network of their own, because unshare: No space left on device [^]*read and change/;
    assert.ok(warnings.some((one) => text.test(one)), warnings.join('\n'));
    await daemon.logs(text);
    assert.equal((await daemon.infer(twice)).status, 200);
    await daemon.stop();
});

test('where the kernel refuses from some moment on, auto goes on without from there', forbiddable, async () => {
    daemon = new Daemon({ models: ['twice'] });
    daemon.options.under = ['unshare', '--user', '--map-root-user'];
    await daemon.start();
    await computes();
    const { sessions: [{ id }] } = await daemon.status();
    execFileSync('nsenter', ['--user', `--target=${daemon.pid}`, '/bin/sh', '-c',
        'echo 0 > /proc/sys/user/max_net_namespaces']);
    await daemon.post(`/v1/sessions/${id}/recycle`, {});
    await until(async () => (await daemon.status()).sessions.some(
        ({ network, state }) => network === 'host' && state === 'ready'),
    { what: 'a session in the machine\'s network', timeout: 60_000 * patience });
    assert.ok((await daemon.status()).warnings.some((one) => /because unshare: No space left/.test(one)));
    assert.equal((await daemon.infer(twice)).status, 200);
    await daemon.stop();
});

test('where the kernel refuses, isolated starts nothing and says why', forbiddable, async () => {
    daemon = new Daemon({ config: { pool: { network: 'isolated' } } });
    daemon.options.under = forbidden;
    await daemon.start({ ready: false });
    await until(async () => /cannot be isolated: unshare: No space left on device/
        .test((await daemon.status()).kinds.chrome.problem),
    { what: 'the problem', timeout: 30_000 * patience });
    assert.equal((await daemon.get('/readyz')).status, 503);
    assert.deepEqual(daemon.processes('driver'), []);
    await daemon.stop();
});

test('a kind that starts only in the machine\'s network gets it under auto, with a warning', own, async () => {
    daemon = new Daemon({ models: ['twice'] });
    const program = path.join(daemon.folder, 'chromedriver');
    fs.writeFileSync(program, '#!/bin/sh\n[ $(wc -l < /proc/net/dev) -gt 3 ] || exit 9\n' +
        'exec chromedriver "$@"\n', { mode: 0o755 });
    daemon.writeConfig({ 'browser.chrome': { driver_command: program } });
    await daemon.start();
    const { sessions: [session], warnings } = await daemon.status();
    assert.equal(session.network, 'host');
    assert.ok(warnings.some((one) => /did not start in a network of its own/.test(one)),
        warnings.join('\n'));
    assert.equal((await daemon.infer(twice)).status, 200);
    await daemon.stop();
});

test('doctor says which it is', own, async () => {
    daemon = new Daemon({});
    const ask = async (more) => {
        daemon.writeConfig(more);
        const { out } = await webinfer(daemon,
            ['doctor', '--json', '--no-start', '--config', daemon.configFile], {});
        return JSON.parse(out).checks.find(({ check }) => check === 'network');
    };
    assert.equal((await ask({})).state, 'ok');
    const host = await ask({ pool: { network: 'host' } });
    assert.equal(host.state, 'warning');
    assert.match(host.detail, /every user of this machine can read/);
    await daemon.abandon();
});
