// tier: quick
// full: a model file that changes is a new version; what runs finishes with the old
// full: no browser installed: it runs, says so, and recovers when one appears
// full: out of file descriptors: refused for a while, then well again
// full: disk full: it says so, lives on, and recovers when there is room
// full: SIGHUP: a good file is taken, a bad one changes nothing
/** Starting and reloading: what is wrong is said, and where the system refuses it goes on once there is room. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { certificate } from '../lib/certificate.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { slowRequest } from '../lib/onnx.mjs';
import { daemonPath, findProgram, root } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { test as plainTest } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

const test = testsOf(() => null);
const echo = (daemon, more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });

/** Starts a daemon that is to fail; gives what it said. */
async function failingStart(options, change = () => {}) {
    const daemon = new Daemon(options);
    try {
        change(daemon);
        const { code } = await daemon.spawn().waitEnd();
        assert.ok(code > 0 && code < 99, `exit status ${code}\n${daemon.log}`);
        daemon.checkReport();
        await daemon.checkNothingLeft();
        return daemon.log;
    } finally {
        await daemon.abandon();
    }
}

test('an unknown config key stops the start: file, line, what is allowed', async () => {
    const log = await failingStart({ config: { pool: { max_conections: 3 } } });
    assert.match(log, /webinferd\.conf/);
    assert.match(log, /max_conections/);
    assert.match(log, /\bmax_connections\b/, 'it says what there is');
    assert.match(log, /line \d+|:\d+/);
});

test('a bad duration, number, address, choice, section and line stop the start', async () => {
    for (const [config, word] of [
        [{ pool: { connection_timeout: 'soon' } }, /soon/],
        [{ pool: { connection_timeout: '-5s' } }, /-5s/],
        [{ pool: { max_connections: '1000000' } }, /max_connections/],
        [{ api: { max_body: '12 parsecs' } }, /parsecs/],
        [{ api: { listen: 'here' } }, /here/],
        [{ log: { level: 'shout' } }, /shout[^]*warn/],
        [{ nonsense: { a: 1 } }, /nonsense/],
    ]) {
        const log = await failingStart({ config });
        assert.match(log, word);
    }
    const log = await failingStart({}, (daemon) =>
        fs.appendFileSync(daemon.configFile, '\nthis is no key and value\n'));
    assert.match(log, /webinferd\.conf/);
});

test('all that is wrong is said at once, at the start and on SIGHUP', async () => {
    const log = await failingStart({ config: { log: { level: 'shout' },
        pool: { max_conections: 3, connection_timeout: 'soon', min_connections: 9 } } });
    for (const word of [/max_conections/, /soon/, /shout/, /9 is more than max_connections/])
        assert.match(log, word);
    await withDaemon({ ready: false }, async (daemon) => {
        daemon.writeConfig({ api: { max_body: '1M' }, bridge: { page: '/elsewhere' } });
        daemon.signal('SIGHUP');
        await until(() => /not reloaded[^\n]*max_body has changed/.test(daemon.log) &&
            /not reloaded[^\n]*page has changed/.test(daemon.log), { what: 'both refusals' });
    });
});

test('--reload tells what the daemon answers: done, refused and why, or that there is none', async () => {
    const ask = (daemon) => spawnSync(daemonPath, ['--config', daemon.configFile, '--reload'],
        { encoding: 'utf8', env: { PATH: process.env.PATH } });
    let stopped;
    await withDaemon({ ready: false, config: { pool: { max_queue: 77 } } }, async (daemon) => {
        stopped = daemon;
        const limit = async () => (await daemon.status()).queue.limit;
        daemon.writeConfig({ pool: { max_queue: 78 } });
        // Many at once: each gets an answer of its own.
        const all = await Promise.all(Array.from({ length: 12 }, () => new Promise((resolve) =>
            execFile(daemonPath, ['--config', daemon.configFile, '--reload'], (error) => resolve(error?.code ?? 0)))));
        assert.deepEqual(all, Array(12).fill(0));
        assert.equal(await limit(), 78);
        const socket = path.join(daemon.folder, 'state/webinfer.sock');
        assert.equal(fs.statSync(socket).mode & 0o777, 0o600);

        daemon.writeConfig({ pool: { max_queue: 79 }, api: { listen: '127.0.0.1:1' } });
        const refused = ask(daemon); // the file is good by itself
        assert.equal(refused.status, 78, refused.stderr);
        assert.match(refused.stderr, /not reloaded, nothing changes:\n[^]*listen/);
        assert.equal(await limit(), 78);
        await daemon.logs(/not reloaded, nothing changes: [^\n]*listen/);

        const good = fs.readFileSync(daemon.configFile, 'utf8');
        fs.writeFileSync(daemon.configFile, good.replace('max_queue = 79', 'max_queue = many'));
        const wrong = ask(daemon);
        assert.equal(wrong.status, 78);
        assert.match(wrong.stderr, /max_queue: found "many"/);
        fs.writeFileSync(daemon.configFile, good);
        daemon.writeConfig({ api: { listen: '127.0.0.1:0' } });
        // Who connects and leaves at once ends nothing.
        for (let i = 0; i < 20; i++) net.connect(socket).on('error', () => {}).destroy();
        assert.equal(ask(daemon).status, 0);
        assert.equal(await limit(), 79);
        daemon.options.keep = true;
    });
    const none = ask(stopped);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no daemon has its database in .*state: /);
    stopped.options.keep = false;
    await stopped.abandon();
});

test('a log file that was moved away: SIGHUP goes on in a new one of its name', () =>
    withDaemon({ ready: false, logToFile: true }, async (daemon) => {
        const file = path.join(daemon.folder, 'log'), moved = path.join(daemon.folder, 'log.1');
        fs.renameSync(file, moved);
        daemon.signal('SIGHUP');
        await until(() => fs.existsSync(file) && /: reloaded /.test(fs.readFileSync(file, 'utf8')), { what: 'a new file' });
        assert.doesNotMatch(fs.readFileSync(moved, 'utf8'), /: reloaded /);
        for (const fd of [1, 2]) // or the disk would not get its room back
            assert.equal(fs.readlinkSync(`/proc/${daemon.pid}/fd/${fd}`), file);
    }));

test('what a person has to mend ends with status 78, and what may be over with 1', async () => {
    for (const [config, arrange, status] of [
        [{ log: { level: 'shout' } }, () => {}, 78],
        [{ api: { tokens_file: '/nowhere/tokens' } }, () => {}, 78],
        [{}, (daemon) => {
            fs.mkdirSync(path.join(daemon.folder, 'state'));
            fs.writeFileSync(path.join(daemon.folder, 'state/webinfer.db'), 'x'.repeat(9999));
        }, 78],
    ]) {
        const daemon = new Daemon({ config });
        arrange(daemon);
        assert.equal((await daemon.spawn().waitEnd()).code, status, daemon.log);
        await daemon.abandon();
    }
    await withDaemon({ ready: false }, async (first) => {
        const daemon = new Daemon({ config: { api: { listen: new URL(first.url).host } } });
        assert.equal((await daemon.spawn().waitEnd()).code, 1, daemon.log);
        assert.match(daemon.log, /is in use by another program/);
        await daemon.abandon();
    });
    const unit = fs.readFileSync(path.join(root, 'systemd/webinferd.service.in'), 'utf8');
    assert.match(unit, /^RestartPreventExitStatus=2 78$/m);
    assert.match(unit, /^StartLimitBurst=\d+$/m);
    assert.match(unit, /^ExecReload=@sbindir@\/webinferd --config \S+ --reload$/m);
});

test('--check-config and --print-config', async () => {
    const daemon = new Daemon({ config: { pool: { max_queue: 77 } } });
    try {
        daemon.options.arguments = ['--check-config'];
        assert.equal((await daemon.spawn().waitEnd()).code, 0, daemon.log);
        daemon.log = '';
        daemon.options.arguments = ['--print-config'];
        assert.equal((await daemon.spawn().waitEnd()).code, 0, daemon.log);
        const line = daemon.log.split('\n').find((one) => /^max_queue/.test(one));
        assert.match(line ?? daemon.log, /max_queue\s*=\s*77/);
        assert.match(daemon.log, /default/, 'it says where a value came from');
        // What it prints is itself a valid file.
        fs.writeFileSync(daemon.configFile, daemon.log);
        daemon.log = '';
        daemon.options.arguments = ['--check-config'];
        assert.equal((await daemon.spawn().waitEnd()).code, 0, daemon.log);
        daemon.writeConfig({ pool: { max_queue: 'many' } });
        assert.notEqual((await daemon.spawn().waitEnd()).code, 0);
        for (const word of ['--print-sample', '--help']) {
            daemon.options.arguments = [word];
            daemon.options.under = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
            assert.equal((await daemon.spawn().waitEnd()).code, 1, `${word} where nothing fits`);
        }
        assert.match(daemon.log, /standard output: (No space left|not all of it)/);
    } finally {
        await daemon.abandon();
    }
});

test('--check-config looks at the files that the configuration names, as a start does', async () => {
    const open = path.join(os.tmpdir(), `webinfer-open-${process.pid}`);
    fs.writeFileSync(open, '', { mode: 0o644 });
    const folders = ['one', 'other'].map((name) => fs.mkdtempSync(path.join(os.tmpdir(), `webinfer-${name}-`)));
    const [{ tls_certificate }, { tls_key }] = folders.map((folder) => certificate(folder, 'IP:127.0.0.1'));
    const cases = [
        { config: { api: { tokens_file: '/nowhere/tokens' } }, words: /cannot open the tokens file \/nowhere\/tokens: No such file/ },
        { config: { api: { tls_certificate: '/nowhere/c.pem', tls_key: '/nowhere/k.pem' } }, words: /cannot read \/nowhere\/c\.pem: No such file/ },
        { config: { bridge: { page: '/nowhere/page' } }, words: /the folder "\/nowhere\/page" cannot be read: No such file/ },
        { config: { bridge: { tls_certificate: '/nowhere/c.pem', tls_key: '/nowhere/k.pem' } }, words: /\[bridge\] tls_certificate: \/nowhere\/c\.pem has no certificate in PEM form that can be read/ },
    ];
    for (const section of ['bridge', 'channels'])
        cases.push({ config: { [section]: { listen: '127.0.0.1:0', tls_certificate, tls_key } },
            words: new RegExp(`\\[${section}\\] tls_key: .*/key\\.pem is not the key of the certificate in`) });
    for (const { config, words } of cases) {
        for (const given of [['--check-config'], []]) {
            const daemon = new Daemon({ config });
            daemon.options.arguments = given;
            try {
                const { code } = await daemon.spawn().waitEnd();
                assert.notEqual(code, 0, daemon.log);
                if (given.length) assert.equal(code, 78, daemon.log);
                assert.match(daemon.log, words);
                assert.doesNotMatch(daemon.log, /is valid/);
            } finally {
                await daemon.abandon();
            }
        }
    }
    const daemon = new Daemon({ config: { 'hub.huggingface': { token_file: open } } });
    daemon.options.arguments = ['--check-config'];
    try {
        assert.equal((await daemon.spawn().waitEnd()).code, 0, daemon.log);
        assert.match(daemon.log, /warning: the token of hub huggingface cannot be used: .* is open to other users/);
        assert.match(daemon.log, /is valid/);
    } finally {
        await daemon.abandon();
        for (const file of [open, ...folders]) fs.rmSync(file, { recursive: true });
    }
});

test('what only prints, and words that it does not know', () => {
    const said = (...words) => {
        const { status, stdout, stderr } = spawnSync(daemonPath, words, { encoding: 'utf8' });
        return { status, out: stdout, problems: stderr };
    };
    assert.deepEqual([said('--version').status, said('--version').out.split(' ')[0]], [0, 'webinferd']);
    for (const word of ['--print-mdoc', '--print-api-mdoc']) {
        const { status, out } = said(word);
        assert.equal(status, 0);
        assert.match(out, /^\.It /m, word);
    }
    for (const [word, expected] of [['--colour', /see webinferd --help/],
        ['now', /unexpected argument 'now'; see webinferd --help/]]) {
        const { status, problems } = said(word);
        assert.equal(status, 2);
        assert.match(problems, expected);
    }
});

test('a port in use is said, on either listener', async () => {
    const squatter = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.on('listening', resolve));
    const { port } = squatter.address();
    try {
        for (const part of ['api', 'bridge']) {
            const log = await failingStart({ config: { [part]: { listen: `127.0.0.1:${port}` } } });
            assert.match(log, new RegExp(`${port}`));
            assert.match(log, /in use/i);
        }
    } finally {
        squatter.close();
    }
});

test('without standard streams nothing else gets what would be printed there', async () => {
    const daemon = new Daemon({ under: ['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'],
        config: { pool: { min_connections: 0 } } });
    const lock = path.join(daemon.folder, 'state', 'webinfer.lock');
    const isUp = () => fs.existsSync(lock) && fs.statSync(lock).size > 0;
    try {
        daemon.spawn();
        await until(() => daemon.ended || isUp(), { what: 'the daemon to hold its database' });
        for (const fd of [0, 1, 2])
            assert.equal(fs.readlinkSync(`/proc/${daemon.pid}/fd/${fd}`), '/dev/null');
    } catch (error) {
        await daemon.abandon();
        throw error;
    }
    await daemon.stop();
});

test('SIGHUP: a good file is taken, a bad one changes nothing', async () => {
    await withDaemon({ models: ['twice'], config: { log: { level: 'info' } } }, async (daemon) => {
        const limit = async () => (await daemon.status()).queue.limit;
        const named = (host) => daemon.get('/v1/status', { headers: { Host: host } });
        assert.equal((await named('new.example')).status, 403);
        daemon.writeConfig({ pool: { max_queue: 77 }, api: { allowed_hosts: 'new.example' } });
        daemon.signal('SIGHUP');
        await until(async () => await limit() === 77, { what: 'the reload' });
        await daemon.logs(/reloaded/);
        assert.equal((await named('new.example')).status, 200);
        const good = fs.readFileSync(daemon.configFile);
        fs.writeFileSync(daemon.configFile,
            `${good}`.replace('max_queue = 77', 'max_queue = 78\nbogus_key = 1'));
        daemon.signal('SIGHUP');
        await daemon.logs(/not reloaded[^]*bogus_key/);
        assert.equal(await limit(), 77, 'the good values still hold');
        fs.writeFileSync(daemon.configFile, good);
        daemon.writeConfig({ api: { listen: '127.0.0.1:1' } });
        daemon.signal('SIGHUP');
        await daemon.logs(/not reloaded[^]*listen/);
        assert.equal((await echo(daemon)).status, 200);
        // A model that was put there meanwhile is found.
        fs.cpSync(path.join(daemon.store, 'twice'), path.join(daemon.store, 'thrice'),
            { recursive: true });
        assert.equal((await daemon.infer({ model_name: 'thrice',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] })).status, 200);
    });
});

test('a model file that changes is a new version; what runs finishes with the old', async () => {
    await withDaemon({ models: ['slow', 'twice'] }, async (daemon) => {
        const file = path.join(daemon.store, 'slow', 'model.onnx');
        assert.equal((await daemon.infer(slowRequest(1))).status, 200);
        const running = daemon.infer(slowRequest(400));
        await until(async () => (await daemon.status()).queue.running === 1, { what: 'the job' });
        fs.copyFileSync(path.join(daemon.store, 'twice', 'model.onnx'), `${file}.new`);
        fs.renameSync(`${file}.new`, file);
        const changed = await daemon.infer(slowRequest(1));
        assert.equal(changed.status, 422, 'the new version has other inputs');
        assert.equal((await running).status, 200);
        const now = await daemon.infer({ model_name: 'slow',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [4] }] });
        assert.equal(now.status, 200, now.text);
        assert.deepEqual(now.json.outputs[0].data, [8]);
    });
});

test('no browser installed: it runs, says so, and recovers when one appears', async () => {
    const daemon = new Daemon({});
    const driver = path.join(daemon.folder, 'bin', 'chromedriver');
    fs.mkdirSync(path.dirname(driver));
    daemon.writeConfig({ 'browser.chrome': { driver_command: driver } });
    await daemon.start({ ready: false });
    let done = false;
    try {
        const ready = await until(async () => {
            const answer = await daemon.get('/readyz');
            return answer.status === 503 && /chromedriver/.test(answer.text) && answer;
        }, { what: '/readyz to say what is missing' });
        assert.equal(ready.json.code, 'unavailable');
        assert.match(JSON.stringify(await daemon.status()), /chromedriver/);
        const refused = await echo(daemon);
        assert.equal(refused.status, 503, refused.text);
        assert.match(refused.json.detail, /chromedriver/);
        assert.ok(refused.headers['retry-after']);
        fs.symlinkSync(findProgram('chromedriver'), driver);
        await daemon.ready(60_000 * patience);
        assert.equal((await echo(daemon)).status, 200);
        done = true;
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        if (!done) await daemon.abandon();
    }
    await daemon.stop();
});

test('out of file descriptors: refused for a while, then well again', async () => {
    const daemon = await new Daemon({}).start();
    // Only the daemon: its browser has what it needs already.
    execFileSync('prlimit', ['--pid', `${daemon.pid}`, '--nofile=96:96']);
    const port = Number(new URL(daemon.url).port);
    const sockets = [];
    let done = false;
    try {
        for (let index = 0; index < 150; index++) {
            const socket = net.connect(port, '127.0.0.1');
            socket.on('error', () => {});
            sockets.push(socket);
        }
        await until(() => sockets.filter((socket) => !socket.connecting).length >= 60,
            { what: 'the descriptors to be used up' });
        const before = processes.cost(daemon.pid).cpuSeconds;
        const began = performance.now();
        await until(() => performance.now() - began > 1000, { what: 'a second' });
        const share = (processes.cost(daemon.pid).cpuSeconds - before) /
            ((performance.now() - began) / 1000);
        assert.ok(share < 0.8, `it spins: ${(share * 100).toFixed(0)} % of a core`);
        assert.ok(daemon.log.length < 200_000, 'it fills the log');
        for (const socket of sockets) socket.destroy();
        await until(async () => (await echo(daemon)).status === 200,
            { what: 'an answer once descriptors are free', timeout: 30_000 });
        done = true;
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        for (const socket of sockets) socket.destroy();
        if (!done) await daemon.abandon();
    }
    await daemon.stop();
});

const canMount = process.getuid() === 0 && (() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-mount-'));
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'wi', folder], { stdio: 'ignore' });
        execFileSync('umount', [folder], { stdio: 'ignore' });
        return true;
    } catch {
        return false;
    } finally {
        fs.rmdirSync(folder);
    }
})();

plainTest('disk full: it says so, lives on, and recovers when there is room',
    { skip: canMount ? false : 'needs root and mount(2)', timeout: 180_000 * patience },
    async () => {
        const daemon = new Daemon({});
        const filler = path.join(daemon.temporary, 'filler');
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'wi', daemon.temporary]);
        const fill = () => {
            const fd = fs.openSync(filler, 'w');
            try {
                for (;;) fs.writeSync(fd, Buffer.alloc(65536, 1));
            } catch (error) {
                assert.equal(error.code, 'ENOSPC');
            } finally {
                fs.closeSync(fd);
            }
        };
        let done = false;
        try {
            await daemon.start();
            fill();
            // Its browser goes, and there is no room for the next one's profile.
            for (const { pid } of daemon.processes('browser')) process.kill(pid, 'SIGKILL');
            await until(async () => (await daemon.get('/readyz')).status === 503 ||
                (await daemon.status()).sessions.length === 0, { what: 'the loss' });
            assert.equal((await daemon.get('/healthz')).status, 200);
            fs.rmSync(filler);
            await daemon.ready(90_000 * patience);
            assert.equal((await echo(daemon)).status, 200);
            fs.rmSync(filler, { force: true });
            daemon.signal('SIGTERM');
            assert.equal((await daemon.waitEnd()).code, 0);
            daemon.checkReport();
            await daemon.checkNothingLeft();
            done = true;
        } catch (error) {
            throw daemon.explain(error);
        } finally {
            if (!done) {
                daemon.options.keep = true;
                await daemon.abandon();
            }
            execFileSync('umount', ['-l', daemon.temporary]);
            fs.rmSync(daemon.folder, { recursive: true, force: true });
        }
    });
