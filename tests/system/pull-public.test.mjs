// tier: full
/**
 * A hub at a public address must not lead the daemon to a private one, and a gateway that a router
 * names must not be at one. Public ones are made in a network of their own, where nothing but this
 * machine answers: this file starts itself once more in there. Their certificate is the only one that is trusted there, and a name that anybody may have
 * bought leads to this machine.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { certificate } from '../lib/certificate.mjs';
import { clear, guard } from '../lib/cleanup.mjs';
import { withDaemon } from '../lib/daemon.mjs';
import { pullToEnd } from '../lib/events.mjs';
import { string, writeGguf } from '../lib/gguf.mjs';
import { Gateway } from '../lib/gateway.mjs';
import { startHub } from '../lib/hub.mjs';
import { makeDag } from '../lib/ipfs.mjs';
import { startRouter } from '../lib/router.mjs';
import { until } from '../lib/wait.mjs';

const INSIDE = 'WEBINFER_TEST_PUBLIC_HUB'; // the folder with the certificate; set in there
const ADDRESS = '11.0.0.1', NAME = 'bought.example';

const alone = ['unshare', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user']),
    '--mount', '--net', 'sh', '-ec', `
        ip link set lo up
        ip address add ${ADDRESS}/32 dev lo
        mount --bind "$1/cert.pem" /etc/ssl/certs/ca-certificates.crt
        mount --bind "$1/hosts" /etc/hosts
        shift
        exec "$@"`, 'sh'];

function prepare(folder) {
    certificate(folder, `IP:${ADDRESS},IP:127.0.0.1,DNS:${NAME},DNS:localhost`);
    fs.writeFileSync(path.join(folder, 'hosts'), `127.0.0.1 localhost ${NAME}\n`);
}

/** What a program says, and how it ends. */
function ended(program, args, env) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (said += text));
        child.on('error', reject);
        child.on('close', (status, signal) => resolve({ status, signal, said }));
    });
}

/** The folder is in the environment of all that starts in there: by it they end with this file. */
function startAlone() {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-public-')));
    prepare(folder);
    const [program, ...args] = [...alone, folder];
    let impossible = false;
    try {
        execFileSync(program, [...args, 'true'], { stdio: 'pipe' });
    } catch (error) {
        const why = String(error.stderr ?? '').trim().split('\n')[0] || error.message;
        impossible = `no network of its own can be made here: ${why}`;
    }
    test('a public hub, in a network of its own', { skip: impossible }, async () => {
        const env = { ...process.env, TMPDIR: folder, [INSIDE]: folder };
        delete env.NODE_TEST_CONTEXT; // that is one more test run, not a part of this one
        const { status, signal, said } = await ended(program, [...args, process.execPath,
            '--test-reporter=tap', fileURLToPath(import.meta.url)], env);
        assert.deepEqual([status, signal], [0, null], said);
        assert.match(said, /# pass 2\n# fail 0/);
    });
    after(() => clear(folder));
}

async function pulled(daemon, model) {
    const { last, outcome } = await pullToEnd(daemon, { model });
    return last?.event === 'done' ? { code: 'done' } : outcome;
}

/** Something of this machine that nobody outside may reach. */
async function privateServer(tls) {
    let connections = 0;
    const server = https.createServer(tls, (request, answer) => answer.end('secret'));
    server.on('connection', () => connections++);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: server.address().port, connections: () => connections,
        close: () => new Promise((resolve) => server.close(resolve)) };
}

const tlsOf = (folder) => ({ cert: fs.readFileSync(path.join(folder, 'cert.pem')),
    key: fs.readFileSync(path.join(folder, 'key.pem')) });

async function testRedirects(folder) {
    const tls = tlsOf(folder);
    const hub = await startHub({ host: ADDRESS, tls });
    const inner = await privateServer(tls);
    const file = path.join(folder, 'model.gguf');
    writeGguf(file, { arch: 'llama', metadata: { 'general.name': string('public') } });
    /* Each in other bytes: those of another model would be here already. */
    const model = (name) => ({ 'model-F32.gguf': Buffer.concat([fs.readFileSync(file), Buffer.from(name)]) });
    const places = {
        address: [`https://127.0.0.1:${inner.port}/x`, /private network/],
        plain: [`http://127.0.0.1:${inner.port}/x`, /private network/],
        v6: [`https://[::ffff:127.0.0.1]:${inner.port}/x`, /private network/],
        network: ['https://10.1.2.3/x', /private network/],
        local: [`https://localhost:${inner.port}/x`, /private network/],
        name: [`https://${NAME}:${inner.port}/x`, /private network/],
    };
    try {
        await withDaemon({ ready: false, config: { pool: { min_connections: 0 },
            models: { hub: 'outside' }, 'hub.outside': { url: hub.url } } }, async (daemon) => {
            hub.push('public/right', model('right'));
            assert.deepEqual(await pulled(daemon, 'public/right'), { code: 'done' });
            for (const [name, [redirect, reason]] of Object.entries(places))
                for (const phase of ['resolve', 'content']) {
                    const repository = `public/${name}-${phase}`;
                    hub.push(repository, model(repository));
                    hub.fail({ phase, redirect, times: Infinity });
                    const { code, detail } = await pulled(daemon, repository);
                    hub.heal();
                    assert.equal(code, 'hub_failed', `${repository}: ${detail}`);
                    assert.match(detail, reason, repository);
                    assert.ok(!fs.existsSync(path.join(daemon.store, repository)), repository);
                }
        });
        assert.equal(inner.connections(), 0);
    } finally {
        await hub.close();
        await inner.close();
    }
}

/** Of five whom a router names one brings the model; the others lie, lead into private places, or are there. */
async function testStrangers(folder) {
    const tls = tlsOf(folder), file = path.join(folder, 'content.gguf');
    writeGguf(file, { arch: 'llama', metadata: { 'general.name': string('stranger') } });
    const make = () => makeDag({ 'model-F32.gguf': Buffer.concat([fs.readFileSync(file), crypto.randomBytes(3_000_000)]) }, 'unixfs-v1-2025');
    const dag = await make(), other = await make();
    const [good, liar, leading] = Array.from({ length: 3 }, () => new Gateway([dag.blocks], { host: ADDRESS, tls }));
    const inner = await privateServer(tls), router = await startRouter();
    await Promise.all([good, liar, leading].map((gateway) => gateway.start()));
    liar.fail({ what: 'wrong' });
    leading.fail({ what: 302, headers: { Location: `https://${NAME}:${inner.port}/x` } });
    router.name(`/dns4/${NAME}/tcp/${inner.port}/https`, `/ip4/127.0.0.1/tcp/${inner.port}/tls/http`,
        ...[good, liar, leading].map(({ port }) => `/ip4/${ADDRESS}/tcp/${port}/tls/http`));
    try {
        await withDaemon({ ready: false, config: { pool: { min_connections: 0 }, 'hub.ipfs': { url: '' }, content: { routing: router.url } } },
            async (daemon) => {
                const sources = async () => (await daemon.get('/v1/content')).json.sources;
                const strangers = async () => (await sources()).map(({ url, state, stranger }) => [url, state, stranger]);
                good.hold = true;
                const pulling = pulled(daemon, `ipfs://${dag.cid}`);
                await until(async () => good.waiting.length > 0 && (await strangers()).length === 4, { what: 'four to be asked' });
                assert.ok((await strangers()).every(([, , stranger]) => stranger));
                /* The leaves wait until the liar is found out: a pull that has all blocks judges no late answer. */
                await until(async () => {
                    good.releaseBranches();
                    return (await strangers()).some(([url, state]) => url === liar.url && state === 'out');
                }, { what: 'the liar to be found out' });
                good.hold = false;
                good.release();
                assert.deepEqual(await pulling, { code: 'done' });
                assert.deepEqual(await strangers(), [[liar.url, 'out', true]], 'who lied is remembered, and nobody else');
                assert.match((await sources())[0].reason, /wrong|another|hash/);
                assert.equal(router.asked.length, 1);
                const { code, detail } = await pulled(daemon, `ipfs://${other.cid}`);
                assert.match(detail, new RegExp(`${NAME}:${inner.port}: its address belongs to a private network`), code);
                assert.match(detail, new RegExp(`${leading.url}: its address belongs to a private network`));
                assert.match(detail, new RegExp(`${good.url}: it lacks the block`));
                assert.doesNotMatch(detail, /the router at/);
            });
        assert.equal(inner.connections(), 0);
        assert.deepEqual([good, liar, leading].flatMap(({ odd }) => odd), []);
    } finally {
        await Promise.all([good, liar, leading, inner, router].map((one) => one.close()));
    }
}

if (process.env[INSIDE]) {
    test('redirects to private addresses', () => testRedirects(process.env[INSIDE]));
    test('whom a router names is asked at public addresses alone', () => testStrangers(process.env[INSIDE]));
} else startAlone();
