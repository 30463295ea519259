// tier: full
/** Ending: in good order, by force, and with the terminal, under load and without. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { slowRequest } from '../lib/onnx.mjs';
import * as processes from '../lib/processes.mjs';
import { until, within } from '../lib/wait.mjs';

const test = testsOf(() => null);

test('SIGTERM when idle: exit 0, nothing left', () => withDaemon({}, async (daemon) => {
    assert.ok(daemon.processes('browser').length > 0);
}));

test('SIGTERM while the first browser is still starting', async () => {
    const daemon = new Daemon({});
    await daemon.start({ ready: false });
    await until(() => processes.descendants(daemon.pid).length > 0, { what: 'something to start' });
    await daemon.stop();
});

test('SIGTERM under load: what runs is finished, the rest is told, nothing is left', async () => {
    await withDaemon({ models: ['slow'], config: { pool: { shutdown_timeout: '20s' } } },
        async (daemon) => {
            assert.equal((await daemon.infer(slowRequest(1))).status, 200);
            const calls = Array.from({ length: 6 }, () =>
                daemon.infer(slowRequest(300)).catch((error) => ({ error })));
            await until(async () => {
                const { queue } = await daemon.status();
                return queue.running >= 1 && queue.running + queue.waiting >= 6;
            }, { what: 'the load' });
            daemon.signal('SIGTERM');
            const answers = await Promise.all(calls);
            const said = answers.map(({ status, error }) => status ?? error.code);
            assert.ok(said.includes(200), `something that ran was finished: ${said}`);
            for (const { status, json } of answers.filter((one) => one.status !== 200)) {
                assert.equal(status, 503, `${said}`);
                assert.equal(json.code, 'shutting_down');
            }
            await daemon.waitEnd();
        });
});

test('a second SIGTERM ends at once', async () => {
    await withDaemon({ models: ['slow'] }, async (daemon) => {
        const call = daemon.infer(slowRequest(1e9)).catch((error) => ({ status: 0, error }));
        await until(async () => (await daemon.status()).queue.running === 1, { what: 'the job' });
        daemon.signal('SIGTERM');
        await daemon.logs(/stopping/);
        daemon.signal('SIGTERM');
        await within(daemon.waitEnd(), 8000 * patience, 'the end after a second signal');
        assert.ok([0, 503].includes((await call).status));
    });
});

test('shutdown_timeout is kept', async () => {
    await withDaemon({ models: ['slow'], config: { pool: { shutdown_timeout: '1s' } } },
        async (daemon) => {
            const call = daemon.infer(slowRequest(1e9)).catch((error) => ({ status: 0, error }));
            await until(async () => (await daemon.status()).queue.running === 1,
                { what: 'the job' });
            daemon.signal('SIGTERM');
            await within(daemon.waitEnd(), 10_000 * patience, 'the end');
            assert.ok([0, 503].includes((await call).status));
        });
});

test('SIGKILL: nothing left within five seconds, beside one that starts at once', async () => {
    const daemon = new Daemon();
    try {
        await daemon.start();
        assert.ok(processes.mentioning(daemon.temporary).length > 3);
        // A browser that is just ending, or beginning, makes its profile anew where it is removed.
        for (let i = 0; i < 5; i++) {
            daemon.signal('SIGKILL');
            await daemon.waitEnd();
            await daemon.start({ ready: false });
            // The last one has a browser, too: without one the directory is left to the next start.
            if (i % 2 === 0) await daemon.ready();
        }
        daemon.signal('SIGKILL');
        await daemon.waitEnd();
        await daemon.checkNothingLeft({ timeout: 5000 });
    } finally {
        await daemon.abandon();
    }
});

test('what one leaves that has started nothing is swept by the next', async () => {
    const daemon = new Daemon({ config: { pool: { min_connections: 0 } } });
    await daemon.start({ ready: false });
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    const left = fs.readdirSync(daemon.temporary);
    assert.equal(left.length, 1, `${left}`);
    await daemon.start({ ready: false });
    assert.ok(!fs.readdirSync(daemon.temporary).includes(left[0]), daemon.log);
    await daemon.stop();
});

test('two daemons beside each other leave each other\'s directories alone', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-'));
    await withDaemon({ folder }, async (first) => {
        const other = new Daemon({ env: { TMPDIR: first.temporary } });
        await other.start();
        await other.stop();
        const { status } = await first.infer({ model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
        assert.equal(status, 200);
        assert.equal(fs.readdirSync(first.temporary).length, 1);
    });
});

/** Becomes a program that runs on a terminal of its own, which another process has: its pid is in the file. */
const onTerminal = `
import fcntl, os, signal, sys, termios
master, slave = os.openpty()
other = os.fork()
if other == 0:
    os.close(slave)
    signal.pause()
with open(sys.argv[1], "w") as file:
    file.write(str(other))
os.close(master)
os.setsid()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[2], sys.argv[2:])
`;

test('a daemon ends with the terminal that it was started from', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-terminal-'));
    const file = path.join(folder, 'pid');
    try {
        await withDaemon({ models: [], config: { pool: { min_connections: 0 } }, ready: false,
            under: ['python3', '-c', onTerminal, file] }, async (daemon) => {
            daemon.signal('SIGHUP');
            await daemon.logs(/reloaded/);
            process.kill(Number(fs.readFileSync(file, 'utf8')), 'SIGKILL');
            await until(() => daemon.ended, { what: 'the daemon to end' });
            assert.deepEqual(daemon.ended, { code: 0, signal: null });
            await daemon.logs(/the terminal from which the daemon was started has been closed/);
        });
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
});
