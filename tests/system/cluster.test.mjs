// tier: full, sanitized
// quick: two members > each sees the other, with what it has
/**
 * Members of a cluster: daemons that see each other through a real nats-server. Who is gone is decided by the clock of the
 * daemon that looks; whatever else lies in the bucket is counted and ignored.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { credentials, freePort, NatsServer, permissions } from '../lib/nats.mjs';
import { cliPath, daemonPath } from '../lib/paths.mjs';
import { accepted, echo } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** What a build without libnats says of `servers`; empty: this one has it. */
const lacks = spawnSync(daemonPath, ['--set', 'cluster.servers=nats://h', '--check-config'], { encoding: 'utf8' }).stderr.match(/.*built without NATS.*/)?.[0] ?? '';
const withNats = { skip: lacks ? 'this build has no NATS' : false };
const BUCKET = 'webinfer_members', GONE_MS = 6000;
/** The version of nats-server, as a number: 2_009_010 is 2.9.10. */
const serverVersion = lacks ? 0 : execFileSync('nats-server', ['--version'], { encoding: 'utf8' }).match(/\d+/g).slice(0, 3).reduce((sum, part) => sum * 1000 + Number(part), 0);
const keyOf = (/** @type {string} */ name) => Buffer.from(name).toString('base64url');

/** A daemon without browsers, as a member. @param {string | string[]} servers @param {string} name */
const memberOf = (servers, name, more = {}, options = {}) => new Daemon({ ...options, config: {
    pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
    cluster: { servers: [servers].flat().join(', '), name, ...more },
} });

/** @param {Daemon} daemon */
const look = async (daemon) => {
    const { status, json } = await daemon.get('/v1/cluster');
    assert.equal(status, 200);
    return json;
};
/** The names of the members that the daemon sees. @param {Daemon} daemon */
const seenBy = async (daemon) => (await look(daemon)).members.map((/** @type {any} */ { name }) => name);
const sees = (/** @type {Daemon} */ daemon, /** @type {string[]} */ ...names) =>
    until(async () => assert.deepEqual(await seenBy(daemon), names) ?? true, { what: `${names} seen by ${daemon.config.cluster.name}`, every: 100 })
        .catch((error) => { throw daemon.explain(error); });
const becomes = (/** @type {Daemon} */ daemon, /** @type {string} */ state) =>
    until(async () => (await look(daemon)).state === state, { what: `the state ${state}` }).catch((error) => { throw daemon.explain(error); });
/** The problem, once there is one of that code. */
const fails = (/** @type {Daemon} */ daemon, /** @type {string} */ code) =>
    until(async () => { const { problem } = await look(daemon); return problem?.code === code && problem; }, { what: `the problem ${code}` })
        .catch((error) => { throw daemon.explain(error); });
/** How often the log has warned so. @param {Daemon} daemon @param {RegExp} line */
const warned = (daemon, line) => daemon.log.split('\n').filter((one) => /cluster/.test(one) && line.test(one)).length;

/** Daemons of one test, which end with it. @param {Daemon[]} daemons @param {(...daemons: Daemon[]) => Promise<void>} body */
async function withMembers(daemons, body) {
    try {
        for (const one of daemons) await one.start({ ready: false });
        await body(...daemons);
        for (const one of daemons) if (!one.ended) await one.stop();
    } finally {
        for (const one of daemons) await one.abandon();
    }
}

/** A server of one test. @param {Parameters<typeof NatsServer.start>[0]} options @param {(server: NatsServer) => Promise<void>} body */
async function withServer(options, body) {
    const server = await NatsServer.start(options);
    try {
        await body(server);
    } finally {
        await server.stop();
    }
}

describe('two members', withNats, () => {
    /** @type {NatsServer} */
    let server;
    /** @type {Daemon} */
    let a;
    /** @type {Daemon} */
    let b;
    before(async () => {
        server = await NatsServer.start();
        a = memberOf(server.url, 'a', {}, { models: ['twice'] });
        b = memberOf(server.url, 'b.*>ü');
        await Promise.all([a, b].map((one) => one.start({ ready: false })));
    });
    after(async () => {
        try {
            for (const one of [a, b]) await one?.stop();
        } finally {
            for (const one of [a, b]) await one?.abandon();
            await server?.stop();
        }
    });

    test('each sees the other, with what it has', async () => {
        await sees(a, 'a', 'b.*>ü');
        await sees(b, 'a', 'b.*>ü');
        const { members, ...rest } = await look(b);
        assert.deepEqual(rest, { state: 'member', name: 'b.*>ü', server: server.url, problem: null, ignored: { garbage: 0, other_version: 0, left_out: 0 } });
        const [{ age_ms: age, clock_ms: clock, instance, version, ...seen }, self] = members;
        assert.deepEqual(seen, { name: 'a', self: false, api: a.url, bridge: a.bridgeUrl, models: ['twice'], model_count: 1, load: { waiting: 0, running: 0, nodes: 0 } });
        assert.ok(age >= 0 && age < GONE_MS && Math.abs(clock) < 5000 && /^member-/.test(instance) && /^\d/.test(version));
        assert.equal(self.self, true);
        assert.equal((await b.status()).cluster, 'member');
        const { code, out } = await webinfer(b, ['cluster']);
        assert.equal(code, 0);
        assert.match(out, /^This daemon is a member as b\.\*>ü through nats:.*\nMEMBER .*\na  .*http.*\nb\.\*>ü \(this daemon\) /);
        assert.deepEqual((await webinfer(b, ['cluster', '--json'])).json.members.map((/** @type {any} */ { name }) => name), ['a', 'b.*>ü']);
    });

    test('what is in the bucket besides is counted, and ignored', async () => {
        const before = (await look(a)).ignored;
        for (const [key, text] of [['Yg', 'garbage'], ['Yw', '{"record":1}'], ['ZA', Buffer.from([0, 255, 254])], ['Y', '{"record":1,"name":"c"}'],
            ['Zg', `{"record":1,"name":"${'x'.repeat(15000)}"}`], ['YS5i', '[]']])
            assert.ok((await server.ask(`$KV.${BUCKET}.${key}`, text)).seq);
        assert.ok((await server.ask(`$KV.${BUCKET}.ZQ`, '{"record":99,"name":"e"}')).seq);
        for (const one of [a, b]) {
            await until(async () => {
                const { garbage, other_version: others } = (await look(one)).ignored;
                return garbage - before.garbage === 6 && others - before.other_version === 1;
            }, { what: 'the ignored records' });
            assert.deepEqual(await seenBy(one), ['a', 'b.*>ü']);
        }
        assert.match((await server.ask(`$KV.${BUCKET}.Zm9v`, 'x'.repeat(100_000))).error.description, /size|maximum/);
    });

    test('a member whose clock is off is warned about once', async () => {
        const record = (/** @type {number} */ beat) => JSON.stringify({ record: 1, name: 'late', instance: 'member-9', version: '9', api: '', bridge: '', models: [],
            model_count: 0, waiting: 0, running: 0, nodes: 0, at: Date.now() - 60_000 + beat });
        for (let beat = 0; beat < 3; beat++) await server.ask(`$KV.${BUCKET}.${keyOf('late')}`, record(beat));
        await sees(a, 'a', 'b.*>ü', 'late');
        const { warnings } = await a.status();
        assert.equal(warnings.filter((/** @type {string} */ one) => /clock of member "late" differs from this machine's by -\d+ s; set both by NTP/.test(one)).length, 1);
        assert.equal(warned(a, /clock of member "late"/), 1);
        await sees(a, 'a', 'b.*>ü'); // nobody writes for it any more
    });

    test('a member whose clock is off again and again does not fill the log', async () => {
        const record = (/** @type {number} */ beat) => JSON.stringify({ record: 1, name: 'odd', instance: 'member-9', version: '9', api: '', bridge: '', models: [],
            model_count: beat, waiting: 0, running: 0, nodes: 0, at: Date.now() - (beat % 2) * 60_000 });
        const beats = 200;
        for (let beat = 1; beat <= beats; beat++) await server.ask(`$KV.${BUCKET}.${keyOf('odd')}`, record(beat));
        await until(async () => (await look(a)).members.some((/** @type {any} */ { model_count: count }) => count === beats), { what: 'the last record' });
        assert.ok(warned(a, /clock of member/) <= 64);
    });
});

describe('members that come and go', { concurrency: 2, ...withNats }, () => {
    test('of three, one that is killed is gone after 6 s, and one that stops at once', () => withServer({}, async (server) => {
        await withMembers(['a', 'b', 'c'].map((name) => memberOf(server.url, name)), async (a, b, c) => {
            for (const one of [a, b, c]) await sees(one, 'a', 'b', 'c');
            const killed = performance.now();
            c.signal('SIGKILL');
            await c.waitEnd();
            await sees(a, 'a', 'b');
            const passed = performance.now() - killed;
            assert.ok(passed > GONE_MS - 2500 && passed < GONE_MS + 4000, `${passed} ms`);
            await sees(b, 'a', 'b');
            const stopped = performance.now();
            await b.stop();
            await sees(a, 'a');
            assert.ok(performance.now() - stopped < 3000);
        });
    }));

    test('one that was stopped for long comes back', () => withServer({}, (server) =>
        withMembers(['a', 'b'].map((name) => memberOf(server.url, name)), async (a, b) => {
            await sees(a, 'a', 'b');
            b.signal('SIGSTOP');
            await sees(a, 'a');
            b.signal('SIGCONT');
            await sees(a, 'a', 'b');
            await becomes(b, 'member');
        })));

    test('a server that was killed, with all that it had, is used again', () => withServer({}, (server) =>
        withMembers(['a', 'b'].map((name) => memberOf(server.url, name)), async (a, b) => {
            await sees(a, 'a', 'b');
            await server.kill();
            assert.match((await fails(a, 'unreachable')).detail, /(was lost|cannot be reached) \(.*\); it is tried again every second$/);
            assert.equal((await look(a)).state, 'connecting');
            assert.equal((await look(a)).server, null);
            await sees(a); // what it saw is no longer so
            await server.run();
            for (const one of [a, b]) await sees(one, 'a', 'b');
            assert.equal((await look(a)).problem, null);
        })));

    test('a server that comes later is found, and one of several is enough', async () => {
        const port = await freePort(), other = await freePort();
        await withMembers([memberOf([`nats://127.0.0.1:${other}`, `nats://127.0.0.1:${port}`], 'a')], async (a) => {
            await fails(a, 'unreachable');
            assert.ok((await a.status()).warnings.some((/** @type {string} */ one) => /^cluster: nats:.* cannot be reached/.test(one)));
            await withServer({ port }, async () => {
                await becomes(a, 'member');
                assert.equal((await look(a)).server, `nats://127.0.0.1:${port}`);
            });
        });
    });

    test('with three servers, one may be killed', async () => {
        const servers = await NatsServer.three();
        try {
            const urls = servers.map(({ url }) => url); // the first may elect a leader with the others only later
            await withMembers([memberOf(urls, 'a', { replicas: 3 }), memberOf(urls, 'b', { replicas: 3 })], async (a, b) => {
                for (const one of [a, b]) await sees(one, 'a', 'b');
                const { server: first, problem, state: said } = await look(a), isOld = serverVersion < 2_009_021; // Debian 12 has 2.9.10
                assert.deepEqual([said, problem?.code], ['member', isOld ? 'old_server' : undefined]);
                assert.equal(warned(a, /upgrade all servers to 2\.9\.21 or later/), isOld ? 1 : 0);
                await servers[urls.indexOf(first)].kill();
                await until(async () => { const { server, state } = await look(a); return state === 'member' && server !== first; }, { what: 'another server' });
                for (const one of [a, b]) await sees(one, 'a', 'b');
            });
        } finally {
            for (const one of servers) await one.stop();
        }
    });

    test('a second member of a name does not take part, and says so, until the first is gone', () => withServer({}, (server) =>
        withMembers(['a', 'a'].map((name) => memberOf(server.url, name)), async (first, second) => {
            await becomes(second, 'name_taken');
            assert.equal((await look(first)).state, 'member');
            await sees(second, 'a');
            assert.equal((await look(second)).members[0].self, false);
            assert.ok((await second.status()).warnings.some((/** @type {string} */ one) => /another daemon is a member as "a", so this one does not take part; give it another \[cluster\] name/.test(one)));
            assert.equal(warned(second, /another daemon is a member as "a"/), 1);
            assert.match((await webinfer(second, ['cluster'])).out, /^This daemon does not take part: another member is called a\.\n/);
            first.signal('SIGKILL');
            await first.waitEnd();
            await becomes(second, 'member');
        })));
});

describe('what a person has to mend', { concurrency: 2, ...withNats }, () => {
    /** A file of mode 0600. @param {Daemon} daemon @param {string} text */
    const secret = (daemon, text, mode = 0o600) => {
        const file = path.join(daemon.folder, 'credentials');
        fs.writeFileSync(file, text);
        fs.chmodSync(file, mode);
        return file;
    };

    test('credentials: those of the file, wrong ones, none, and a file that others may read', () => withServer({ words: ['--user', 'ann', '--pass', 'pässword'] }, async (server) => {
        for (const [text, mode, expected] of /** @type {[string | null, number, RegExp | null][]} */ ([
            ['ann:pässword\n', 0o600, null],
            ['ann:wrong', 0o600, /refuses the credentials \(.*\); set \[cluster\] credentials_file/],
            [null, 0o600, /refuses the credentials/],
            ['ann:pässword', 0o644, /credentials_file .* cannot be used: it is open to other users; run chmod 600 on it$/],
            ['ann', 0o600, /has neither USER:PASSWORD on one line nor the credentials that nsc writes$/],
        ])) {
            const daemon = memberOf(server.url, 'a');
            if (text !== null) daemon.writeConfig({ cluster: { credentials_file: secret(daemon, text, mode) } });
            await withMembers([daemon], async () => {
                if (!expected) return void await becomes(daemon, 'member');
                const { detail } = await fails(daemon, 'credentials');
                assert.match(detail, expected);
                assert.doesNotMatch(daemon.log, /pässword|wrong/);
                await until(() => warned(daemon, expected), { what: 'the warning' });
                assert.equal(warned(daemon, expected), 1);
            });
        }
    }));

    test('the permissions that the manual names are enough, also for many records', async () => {
        const folder = fs.mkdtempSync('/tmp/wi-nats-may-'), file = path.join(folder, 'nats.conf');
        fs.writeFileSync(file, `no_auth_user: all\nauthorization { users: [ { user: all, password: x },\n` +
            `{ user: webinfer, password: y, permissions: ${permissions()} } ] }\n`);
        try {
            await withServer({ words: ['-c', file] }, async (server) => {
                const daemon = memberOf(server.url, 'a'), records = 200;
                daemon.writeConfig({ cluster: { credentials_file: secret(daemon, 'webinfer:y') } });
                await withMembers([daemon], async () => {
                    await becomes(daemon, 'member');
                    for (let i = 0; i < records; i++) await server.ask(`$KV.${BUCKET}.Yg`, 'x'.repeat(15_000));
                    await until(async () => (await look(daemon)).ignored.garbage >= records, { what: 'all records' });
                    assert.equal((await look(daemon)).ignored.garbage, records); // none came twice, by another connection
                    assert.equal((await look(daemon)).state, 'member');
                    await accepted(daemon, echo(1));
                });
            });
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    });

    test('the credentials that nsc writes', async () => {
        const { server: words, user, stranger } = credentials(fs.mkdtempSync('/tmp/wi-nats-jwt-'));
        await withServer({ words }, async (server) => {
            for (const [text, works] of /** @type {[string, boolean][]} */ ([[user, true], [stranger, false]])) {
                const daemon = memberOf(server.url, 'a');
                daemon.writeConfig({ cluster: { credentials_file: secret(daemon, text) } });
                await withMembers([daemon], async () => {
                    if (works) await becomes(daemon, 'member');
                    else assert.match((await fails(daemon, 'credentials')).detail, /refuses the credentials/);
                });
            }
        });
    });

    test('TLS: by its authority, by a wrong one, without, and under another name', async () => {
        const folder = fs.mkdtempSync('/tmp/wi-nats-tls-'), other = fs.mkdtempSync('/tmp/wi-nats-tls-');
        const { tls_certificate: file, tls_key: key } = certificate(folder, 'DNS:localhost');
        const { tls_certificate: wrong } = certificate(other, 'DNS:localhost');
        try {
            await withServer({ words: ['--tls', '--tlscert', file, '--tlskey', key] }, async (server) => {
                for (const [host, settings, works] of /** @type {[string, object, boolean][]} */ ([
                    ['tls://localhost', { tls_ca: file }, true],
                    ['nats://localhost', { tls_ca: file }, true],
                    ['tls://localhost', { tls_ca: wrong }, false],
                    ['tls://localhost', {}, false],
                    ['nats://localhost', {}, false],
                    ['tls://127.0.0.1', { tls_ca: file }, false],
                    ['tls://localhost', { tls_ca: path.join(folder, 'none') }, false],
                ])) await withMembers([memberOf(`${host}:${server.port}`, 'a', settings)], async (daemon) => {
                    if (works) return void await becomes(daemon, 'member');
                    assert.match((await fails(daemon, 'certificate')).detail, /tls_ca/);
                });
            });
        } finally {
            for (const one of [folder, other]) fs.rmSync(one, { recursive: true });
        }
    });

    test('a server without JetStream', () => withServer({ jetstream: false }, (server) => withMembers([memberOf(server.url, 'a')], async (daemon) => {
        assert.match((await fails(daemon, 'no_jetstream')).detail, /has no JetStream for this user; turn it on with "jetstream \{\}"/);
        assert.equal(warned(daemon, /has no JetStream/), 1);
    })));

    test('a bucket with other settings, and replicas that there are no servers for', () => withServer({}, async (server) => {
        await withMembers([memberOf(server.url, 'a', { replicas: 3 })], async (daemon) => {
            assert.match((await fails(daemon, 'settings')).detail, /cannot be made at .*: \[cluster\] replicas = 3 needs as many servers/);
        });
        await server.make({ name: `KV_${BUCKET}`, subjects: [`$KV.${BUCKET}.>`], storage: 'memory', max_msgs_per_subject: 5, num_replicas: 1, retention: 'limits', max_consumers: -1, discard: 'new', allow_rollup_hdrs: true, deny_delete: true, allow_direct: true, max_msgs: -1, max_bytes: -1, max_age: 0, max_msg_size: -1 });
        await withMembers([memberOf(server.url, 'a'), memberOf(server.url, 'a', { prefix: 'other' })], async (daemon, elsewhere) => {
            assert.match((await fails(daemon, 'settings')).detail, /the bucket webinfer_members at .* has history 5 instead of 1; give all members the same/);
            assert.equal(warned(daemon, /history 5 instead of 1/), 1);
            await becomes(elsewhere, 'member');
        });
    }));

    test('a configuration that cannot be', async () => {
        for (const [settings, expected] of /** @type {[object, RegExp][]} */ ([
            [{ servers: 'localhost:4222' }, /\[cluster\] servers: found "localhost:4222"; allowed: nats:\/\/HOST:PORT and tls:\/\/HOST:PORT/],
            [{ servers: 'nats://u:p@h:1' }, /servers: found .*credentials_file/],
            [{ servers: Array.from({ length: 17 }, (_, i) => `nats://h${i}`).join(',') }, /servers: has 17 servers; allowed: at most 16/],
            [{ servers: 'nats://h', name: 'x'.repeat(65) }, /name: found .*; allowed: 1 to 64 bytes of UTF-8/],
            [{ servers: 'nats://h', prefix: 'a.b' }, /prefix: found "a\.b"; allowed: 1 to 32 letters/],
            [{ servers: 'nats://h', replicas: 2 }, /replicas: .*"2".*1, 3/],
        ])) {
            const daemon = new Daemon({ config: { cluster: settings } });
            daemon.spawn();
            assert.equal((await daemon.waitEnd()).code, 78);
            assert.match(daemon.log, expected);
            await daemon.abandon();
        }
    });
});

test('servers in a build without NATS are an error that says so', { skip: lacks ? false : 'this build has NATS' }, () => {
    assert.match(lacks, /\[cluster\] servers: this webinferd was built without NATS; install one that was built with libnats, or leave servers empty$/);
});

test('the daemon alone needs libnats: neither the client nor webinfer-uplink does', withNats, () => {
    const needs = (/** @type {string} */ program) => /NEEDED.*libnats/.test(execFileSync('readelf', ['-d', program], { encoding: 'utf8' }));
    assert.deepEqual([daemonPath, cliPath, path.join(path.dirname(cliPath), 'webinfer-uplink')].map(needs), [true, false, false]);
});

test('without servers it is in no cluster, and has no thread for it', async () => {
    const daemon = new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } });
    await withMembers([daemon], async () => {
        assert.deepEqual(await look(daemon), { state: 'off', name: null, server: null, problem: null, members: [], ignored: { garbage: 0, other_version: 0, left_out: 0 } });
        assert.equal('cluster' in await daemon.status(), false);
        assert.match((await webinfer(daemon, ['cluster'])).out, /^This daemon is in no cluster/);
        const threads = fs.readdirSync(`/proc/${daemon.pid}/task`).length;
        await withMembers(lacks ? [] : [memberOf(`nats://127.0.0.1:${await freePort()}`, 'a')], async (a) => {
            if (a) assert.ok(fs.readdirSync(`/proc/${a.pid}/task`).length > threads);
        });
    });
});

/** A daemon of that build, in no cluster, once it serves. @param {string} program */
async function weigh(program) {
    const daemon = new Daemon({ under: ['sh', '-c', 'shift; exec "$0" "$@"', program], config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } });
    let weight = { threads: 0, kib: 0 };
    await withMembers([daemon], async () => {
        await daemon.status();
        weight = { threads: fs.readdirSync(`/proc/${daemon.pid}/task`).length,
            kib: Number(fs.readFileSync(`/proc/${daemon.pid}/status`, 'utf8').match(/^RssAnon:\s+(\d+) kB$/m)?.[1]) };
    });
    return weight;
}

/** Memory of its own by which two starts of a daemon differ, in KiB. */
const NOISE_KIB = 512;
const { WEBINFER_CLUSTERED: clustered } = process.env;
test('without NATS there are no more threads and memory than with it', { skip: lacks && clustered ? false : 'this takes a build with NATS and one without' }, async (t) => {
    const [without, withIt] = [await weigh(daemonPath), await weigh(/** @type {string} */ (clustered))];
    t.diagnostic(`without: ${JSON.stringify(without)}, with: ${JSON.stringify(withIt)}`);
    assert.ok(without.threads > 0 && without.threads <= withIt.threads, `${without.threads} threads against ${withIt.threads}`);
    assert.ok(without.kib > 0 && without.kib <= withIt.kib + NOISE_KIB, `${without.kib} KiB against ${withIt.kib} KiB`);
});
