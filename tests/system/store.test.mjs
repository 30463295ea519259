// tier: quick
/** The database: where it is, and what keeps the daemon from starting. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, withDaemon } from '../lib/daemon.mjs';

/** A daemon without browsers, whose state lies where `arrange` puts it. */
const quiet = (more = {}) => ({
    config: { pool: { min_connections: 0, max_connections: 0 }, ...more.config },
    ready: false, ...more.options,
});

/** Starts a daemon that has to refuse; gives what it said. 78: a service manager need not try again. */
async function refused(arrange, more, status = 78) {
    const daemon = new Daemon(quiet(more));
    try {
        arrange(daemon);
        daemon.spawn();
        assert.equal((await daemon.waitEnd()).code, status);
        return daemon.log;
    } finally {
        await daemon.abandon();
    }
}

const databaseOf = (daemon) => path.join(daemon.folder, 'state', 'webinfer.db');

test('the database is made, private, and there again at the next start', async () => {
    const daemon = new Daemon(quiet());
    try {
        for (let i = 0; i < 2; i++) {
            await daemon.start({ ready: false });
            assert.equal(fs.statSync(databaseOf(daemon)).mode & 0o777, 0o600);
            assert.equal(fs.statSync(path.dirname(databaseOf(daemon))).mode & 0o777, 0o700);
            assert.equal(await daemon.metric('webinfer_store_failing'), 0);
            assert.ok(await daemon.metric('webinfer_store_bytes') > 0);
            daemon.signal('SIGTERM');
            assert.equal((await daemon.waitEnd()).code, 0);
            assert.equal(fs.existsSync(`${databaseOf(daemon)}-wal`), false, 'not closed');
        }
    } finally {
        await daemon.abandon();
    }
});

test('two daemons on one database: the second is told by whom it is held', () =>
    withDaemon(quiet(), async (first) => {
        const log = await refused((second) => second.writeConfig({
            store: { path: path.dirname(databaseOf(first)) } }), {}, 1);
        assert.match(log, new RegExp(`another webinferd \\(process ${first.pid}\\) uses the database`));
    }));

test('a file that is no database, and a folder that cannot be made, stop the start', async () => {
    const log = await refused((daemon) => {
        fs.mkdirSync(path.dirname(databaseOf(daemon)));
        fs.writeFileSync(databaseOf(daemon), 'not a database, but long enough to be one'.repeat(99));
    });
    assert.match(log, /cannot use the database .*webinfer\.db: it is damaged: file is not a database; put a backup in its place/);
    const other = await refused((daemon) =>
        fs.writeFileSync(path.join(daemon.folder, 'state'), ''));
    assert.match(other, /cannot make the folder .*state for the database: .*set \[store\] path/);
});

test('a file without bytes, one of another program and a log without its database are not taken for a new database', async () => {
    for (const [arrange, words] of [
        [(file) => fs.writeFileSync(file, ''), /it is damaged: the file is empty, which is never the case after webinferd has used it; put a backup/],
        [(file) => execFileSync('python3', ['-c', 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("create table t (x)")', file]),
            /it is another program's: tables of webinferd are missing; put a backup/],
        [(file) => fs.writeFileSync(`${file}-wal`, 'what was accepted last'),
            /is missing, though its log .*webinfer\.db-wal is there; put the database back/],
    ]) {
        const log = await refused((daemon) => {
            fs.mkdirSync(path.dirname(databaseOf(daemon)));
            arrange(databaseOf(daemon));
        });
        assert.match(log, words);
    }
});
