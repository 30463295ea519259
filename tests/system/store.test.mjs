// tier: quick
/** The database: where it is, and what keeps the daemon from starting. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, withDaemon } from '../lib/daemon.mjs';

/** A daemon without browsers, whose state lies where `arrange` puts it. */
const quiet = (more = {}) => ({
    config: { pool: { min_connections: 0, max_connections: 0 }, ...more.config },
    ready: false, ...more.options,
});

/** Starts a daemon that has to refuse; gives what it said. */
async function refused(arrange, more) {
    const daemon = new Daemon(quiet(more));
    try {
        arrange(daemon);
        daemon.spawn();
        assert.equal((await daemon.waitEnd()).code, 1);
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
            store: { path: path.dirname(databaseOf(first)) } }));
        assert.match(log, new RegExp(`another webinferd, process ${first.pid} uses the database`));
    }));

test('a file that is no database, and a folder that cannot be made, stop the start', async () => {
    const log = await refused((daemon) => {
        fs.mkdirSync(path.dirname(databaseOf(daemon)));
        fs.writeFileSync(databaseOf(daemon), 'not a database, but long enough to be one'.repeat(99));
    });
    assert.match(log, /cannot use the database .*webinfer\.db: .*; it is damaged: .*move it away/);
    const other = await refused((daemon) =>
        fs.writeFileSync(path.join(daemon.folder, 'state'), ''));
    assert.match(other, /cannot make the folder .*state for the database: .*set \[store\] path/);
});
