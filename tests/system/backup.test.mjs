// tier: quick
/** Backup and restore of the database: webinfer backup, webinfer restore, and what neither takes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, withDaemon } from '../lib/daemon.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { test } from '../lib/tier.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const quiet = { config: { pool: { min_connections: 0, max_connections: 0 } }, ready: false };
const stateOf = (daemon) => path.join(daemon.folder, 'state');
const databaseOf = (daemon) => path.join(stateOf(daemon), 'webinfer.db');
const echo = (count = 2) => ({ model_name: 'builtin/echo',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [count], data: Array(count).fill(1) }] });

async function accepted(daemon, body = echo()) {
    const answer = await daemon.post('/v1/jobs', body);
    assert.equal(answer.status, 202, answer.text);
    return answer.json.id;
}

/** So many stored jobs of 600 kB, which nothing runs. */
async function fill(daemon, count) {
    for (let i = 0; i < count; i++) await accepted(daemon, echo(300_000));
}

/** Runs SQL on a file that no daemon has. */
const sql = (file, text) => execFileSync('python3', ['-c',
    'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.close()', file, text]);

/** Accepts 200 jobs a second until it is told to stop; ids with the time at which each was known. */
function accepting(daemon) {
    const known = [], calls = [];
    const timer = setInterval(() => calls.push(accepted(daemon).then((id) => known.push({ id, at: performance.now() }))), 5);
    return { known, async stop() {
        clearInterval(timer);
        await Promise.all(calls);
    } };
}

test('a backup under 200 accepted jobs a second has all that were accepted before, and holds up none', () =>
    withDaemon(quiet, async (daemon) => {
        const file = path.join(daemon.folder, 'copy.db'), load = accepting(daemon);
        await until(() => load.known.length >= 200, { what: '200 jobs' });
        const began = performance.now();
        const { code, out, problems } = await webinfer(daemon, ['backup', file]);
        const ended = performance.now();
        await load.stop();
        assert.equal(code, 0, problems);
        assert.match(out, /copy\.db: \d+ bytes, checked/);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        const before = load.known.filter(({ at }) => at < began).map(({ id }) => id);
        assert.ok(before.length >= 200);
        assert.ok(load.known.some(({ at }) => at > began && at < ended), 'none was accepted meanwhile');
        assert.deepEqual(fs.readdirSync(stateOf(daemon)).filter((one) => /backup/.test(one)), [], 'left beside the database');

        await withDaemon(quiet, async (other) => {
            other.signal('SIGTERM');
            await other.waitEnd();
            const done = await webinfer(daemon, ['restore', file, '--state', stateOf(other)]);
            assert.equal(done.code, 0, done.problems);
            assert.match(done.out, /webinfer\.db now contains the backup\n.*kept as .*webinfer\.db\.before-restore\n/);
            await other.start({ ready: false });
            for (const id of before) // each, not a sample: one that is missing is one that was lost
                assert.equal((await other.get(`/v1/jobs/${id}`)).status, 200, id);
        });
    }));

test('a backup is for admins, is in the log, and replaces no file unasked', async () => {
    const people = { ada: 'user', root: 'admin' }, tokens = tokensOf(people);
    const daemon = new Daemon(quiet);
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    const file = path.join(daemon.folder, 'copy.db');
    const run = (who, ...words) => webinfer(daemon, words, { env: { WEBINFER_TOKEN: tokens[who] } });
    try {
        await daemon.start({ ready: false });
        assertProblem(await daemon.request('/v1/admin/backup', { method: 'POST', headers: { Authorization: `Bearer ${tokens.ada}` } }),
            403, 'rank', { field: 'Authorization' });
        const refused = await run('ada', 'backup', file);
        assert.notEqual(refused.code, 0);
        assert.match(refused.problems, /needs a token of rank admin/);
        assert.deepEqual(fs.readdirSync(daemon.folder).filter((one) => one.startsWith('copy')), [], 'something was left');

        assert.equal((await run('root', 'backup', file)).code, 0);
        await daemon.logs(/api: \S+: a backup of the database, \d+ bytes, goes to root/);
        const first = fs.readFileSync(file);
        const again = await run('root', 'backup', file);
        assert.equal(again.code, 2, again.out);
        assert.match(again.problems, /copy\.db exists already; --force replaces it/);
        assert.deepEqual(fs.readFileSync(file), first);
        const forced = await run('root', 'backup', '--force', file, '--json');
        assert.equal(forced.code, 0, forced.problems);
        assert.equal(forced.json.bytes, fs.statSync(file).size);
        assert.match((await run('root', 'backup', '-')).problems, /impossible on standard output; name a file/);
        assert.match((await run('root', 'backup', path.join(daemon.folder, 'no/copy.db'))).problems, /cannot be written: No such file/);
    } finally {
        await daemon.stop();
    }
});

test('one backup at a time; one that is not taken ends nothing else', () =>
    withDaemon(quiet, async (daemon) => {
        await fill(daemon, 12);
        const slow = http.request(`${daemon.url}/v1/admin/backup`, { method: 'POST' }).end();
        slow.on('error', () => {});
        const answer = await new Promise((resolve) => slow.on('response', resolve));
        assert.equal(answer.statusCode, 200);
        assert.equal(answer.headers['content-type'], 'application/vnd.sqlite3');
        assert.equal(answer.headers['content-disposition'], 'attachment; filename="webinfer.db"');
        answer.on('error', () => {});
        answer.pause();
        assertProblem(await daemon.post('/v1/admin/backup'), 409, 'conflict', { detail: /try again when it has ended/ });
        await accepted(daemon);
        slow.destroy();
        const file = path.join(daemon.folder, 'copy.db');
        let last;
        await until(async () => (last = await webinfer(daemon, ['backup', file])).code === 0, { what: 'the next backup' })
            .catch((error) => assert.fail(`${error.message}: ${last.problems}`));
        assert.ok(fs.statSync(file).size > 12 * 600_000);
    }));

test('where the disk has no room for it the backup is refused, and all else goes on', () =>
    withDaemon(quiet, async (daemon) => {
        await fill(daemon, 8);
        daemon.signal('SIGTERM');
        await daemon.waitEnd();
        daemon.options.under = ['prlimit', `--fsize=${4 << 20}:`];
        await daemon.start({ ready: false });
        assertProblem(await daemon.post('/v1/admin/backup'), 507, 'storage_failed');
        const file = path.join(daemon.folder, 'copy.db');
        const { code, problems } = await webinfer(daemon, ['backup', file]);
        assert.equal(code, 1);
        assert.match(problems, /507|storage/i);
        assert.equal(fs.existsSync(file), false);
        assert.deepEqual(fs.readdirSync(stateOf(daemon)).filter((one) => /backup/.test(one)), []);
        assert.equal(await daemon.metric('webinfer_store_failing'), 0);
        await accepted(daemon);
    }));

test('restore refuses what is no backup, says why, and changes nothing', async () => {
    const daemon = new Daemon(quiet);
    const state = stateOf(daemon), database = databaseOf(daemon), at = (name) => path.join(daemon.folder, name);
    const restore = (file) => webinfer(daemon, ['restore', file, '--state', state]);
    try {
        await daemon.start({ ready: false });
        const id = await accepted(daemon);
        assert.equal((await webinfer(daemon, ['backup', at('good')])).code, 0);
        const held = await restore(at('good'));
        assert.notEqual(held.code, 0);
        assert.match(held.problems, new RegExp(`another webinferd \\(process ${daemon.pid}\\) uses the database`));
        daemon.signal('SIGTERM');
        await daemon.waitEnd();

        const good = fs.readFileSync(at('good')), old = fs.readFileSync(database);
        const made = (name, bytes) => fs.writeFileSync(at(name), bytes);
        made('empty', '');
        made('text', 'not a database, but long enough to be one'.repeat(99));
        made('cut', good.subarray(0, good.length - 4096));
        made('torn', Buffer.concat([good.subarray(0, 4096), Buffer.alloc(good.length - 4096, 0x5a)]));
        sql(at('foreign'), 'create table t (x); pragma user_version = 3');
        for (const name of ['newer', 'logged']) made(name, good);
        sql(at('newer'), 'pragma user_version = 1000');
        made('logged-wal', 'something');
        for (const [name, words] of Object.entries({
            empty: /it is empty/, text: /file is not a database/, cut: /malformed|cut|page/i, torn: /malformed|page|btree/i,
            foreign: /another program's: tables of webinferd are missing/, logged: /logged-wal belongs to it/,
            newer: /newer webinferd \(version 1000 of the tables; this one supports version \d+\)/, nothing: /No such file/,
        })) {
            const { code, problems } = await restore(at(name));
            assert.notEqual(code, 0, name);
            assert.match(problems, new RegExp(`${name} cannot be restored: `), name);
            assert.match(problems, words, name);
            assert.deepEqual(fs.readFileSync(database), old, name);
            assert.deepEqual(fs.readdirSync(state).filter((one) => /restore/.test(one)), [], name);
        }
        assert.match((await webinfer(daemon, ['restore', at('good'), '--state', at('nowhere')])).problems, /nowhere is not a folder; name the folder/);

        // A log beside a database that cannot be read must not be taken for the backup's.
        fs.writeFileSync(database, Buffer.alloc(8192, 0x5a));
        fs.writeFileSync(`${database}-wal`, Buffer.alloc(4096, 0x5a));
        const { code, problems } = await restore(at('good'));
        assert.equal(code, 0, problems);
        assert.deepEqual(fs.readFileSync(database), good);
        assert.equal(fs.statSync(database).mode & 0o777, 0o600);
        assert.equal(fs.existsSync(`${database}-wal`), false);
        assert.deepEqual(fs.readFileSync(`${database}.before-restore`), Buffer.alloc(8192, 0x5a));
        const twice = await restore(at('good'));
        assert.notEqual(twice.code, 0);
        assert.match(twice.problems, /before-restore exists already, from an earlier restore; move it away first/);
        await daemon.start({ ready: false });
        assert.equal((await daemon.get(`/v1/jobs/${id}`)).status, 200);
    } finally {
        await daemon.stop();
    }
});
