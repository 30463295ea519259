// tier: full, sanitized
/**
 * Published models of a cluster: what one member has published is pulled by its CID at another, without any configured
 * source, as long as the first one lives and publishes it. What rows say has no other effect.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { Daemon, patience } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { request } from '../lib/http.mjs';
import { NatsServer } from '../lib/nats.mjs';
import { BUCKET, withNats } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const TOKEN = newToken(), auth = { headers: { Authorization: `Bearer ${TOKEN}` } };
const LATER = 60_000 * patience; // what waits until a member is seen, or gone
const NOWHERE = /the configuration has no \[hub\.NAME\] of layout ipfs, and no other member of the cluster serves it$/;

/** A daemon that fetches from nowhere else, and lets only those with a token ask. @param {NatsServer} server @param {string} name @param {string[]} [models] @param {object} [content] */
function memberOf(server, name, models, content = { serve: 'published' }) {
    const daemon = new Daemon({ models, config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, 'hub.ipfs': { url: '' },
        content, cluster: { servers: server.url, name, ack_wait: '2s' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'admin' }, { ada: TOKEN }) } });
    return daemon;
}

/** Waits until the member sees these. @param {Daemon} daemon @param {string[]} names */
const sees = (daemon, names) => until(async () => {
    const { members } = (await daemon.get('/v1/cluster', auth)).json;
    return JSON.stringify(members.map((/** @type {any} */ one) => one.name)) === JSON.stringify(names);
}, { what: `the members ${names}`, timeout: LATER }).catch((error) => { throw daemon.explain(error); });

/** @param {Daemon} daemon @param {string} model */
async function publish(daemon, model) {
    const { status, json, text } = await daemon.request(`/v1/models/${model}/publish`, { method: 'POST', ...auth });
    assert.equal(status, 200, text);
    return json;
}

/** Of the files that were published, and of those of a model. @param {{path: string, sha256?: string, hash?: string}[]} files */
const hashesOf = (files) => files.map((one) => `${one.path} ${one.sha256 ?? one.hash}`).sort();

/** The end of a pull, or why it has failed. @param {Daemon} daemon @param {string} cid */
async function pull(daemon, cid) {
    const client = await openEvents(`${daemon.url}/v1/models/pull`, { ...auth, body: { stream: true, model: `ipfs://${cid}` } });
    await client.ended(LATER);
    return client.outcome;
}

/** Pulls again and again, until the end is like this. @param {Daemon} daemon @param {string} cid @param {(end: any) => boolean} isRight */
const pullUntil = (daemon, cid, isRight) => until(async () => {
    const end = await pull(daemon, cid);
    return isRight(end) && end;
}, { what: `an end of the pull of ${cid}`, timeout: LATER, every: 200 }).catch((error) => { throw daemon.explain(error); });

const pulled = (/** @type {Daemon} */ daemon, /** @type {string} */ cid) => pullUntil(daemon, cid, (end) => end.state === 'done');

/** Waits until the server has a row of the CID. @param {NatsServer} server @param {string} cid */
const told = (server, cid) => until(async () => (await server.ask(`$JS.API.STREAM.MSG.GET.KV_${BUCKET}`,
    JSON.stringify({ last_by_subj: `$KV.${BUCKET}.watched.row.content.${cid}` }))).message?.data, { what: `the row of ${cid}` });

/** Waits for a refusal that names what was asked for, and says that nobody has it. @param {Daemon} daemon @param {string} cid */
async function refused(daemon, cid) {
    const end = await pullUntil(daemon, cid, (one) => NOWHERE.test(one.detail ?? ''));
    assert.equal(end.code, 'hub_failed');
    assert.ok(end.detail.includes(`ipfs://${cid}`), end.detail);
}

describe('models that members publish', { concurrency: 2, ...withNats }, () => {
    test('a model that one member publishes is pulled at another, until it is gone', async () => {
        const server = await NatsServer.start(), a = memberOf(server, 'a', ['digits', 'twice', 'sums']);
        const b = memberOf(server, 'b', ['rows'], { serve: 'all', anyone: 'yes' });
        try {
            for (const one of [a, b]) await one.start({ ready: false });
            await sees(b, ['a', 'b']);
            const { cid, bytes, files } = await publish(a, 'digits'), sums = await publish(a, 'sums');
            assert.equal((await request(`${a.bridgeUrl}/ipfs/${cid}?format=raw`)).status, 401);
            const end = await pulled(b, cid);
            assert.deepEqual([end.total_bytes, end.sources.map((/** @type {any} */ one) => one.name)], [bytes, ['member a']]);
            assert.ok(end.sources[0].bytes >= bytes, JSON.stringify(end));
            const here = (await b.get(`/v1/models/ipfs/${cid}`, auth)).json.files;
            assert.deepEqual(hashesOf(here), hashesOf(files));
            // It gives to anyone what it has published itself, and not what may have come from a member that minds.
            const blockAtB = async (/** @type {string} */ root) => (await request(`${b.bridgeUrl}/ipfs/${root}?format=raw`)).status;
            assert.equal(await blockAtB((await publish(b, 'rows')).cid), 200);
            assert.equal(await blockAtB(cid), 404);
            // Another one that is taken back.
            await told(server, sums.cid);
            const taken = await a.request('/v1/models/sums/unpublish', { method: 'POST', ...auth });
            assert.equal(taken.status, 200, taken.text);
            await refused(b, sums.cid);
            // And one of a member that is killed, and comes back as another process.
            const twice = await publish(a, 'twice');
            a.signal('SIGKILL');
            await a.waitEnd();
            await sees(b, ['b']);
            await refused(b, twice.cid);
            await a.start({ ready: false });
            assert.equal((await pulled(b, twice.cid)).sources[0].name, 'member a');
            for (const one of [a, b]) await one.stop();
        } finally {
            for (const one of [a, b]) await one.abandon();
            await server.stop();
        }
    });

    test('a row of garbage, of a foreign address or of no member has no effect', async () => {
        const server = await NatsServer.start(), a = memberOf(server, 'a');
        const listener = net.createServer().listen(0, '127.0.0.1'), key = '0'.repeat(64);
        let connections = 0;
        listener.on('connection', (socket) => { connections++; socket.destroy(); });
        await once(listener, 'listening');
        try {
            await a.start({ ready: false });
            await sees(a, ['a']);
            const ignored = async () => (await a.get('/v1/cluster', auth)).json.ignored, before = await ignored();
            const foreign = `http://127.0.0.1:${/** @type {net.AddressInfo} */ (listener.address()).port}`;
            const cids = ['bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', 'bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq',
                'bafybeibqawkaltgjfdebq4no6nmfcvkcw7k52xqzclkwfmrkn6oxw7srmy', 'bafybeicoelrpuhs2awj3mbsifgufdwuctbph3wrpamantwbbhg7wvljvqu'];
            const rows = ['garbage', JSON.stringify({ row: 1, held: { [foreign]: key } }), '{"row":2}', JSON.stringify({ row: 1, url: foreign, held: { 'member-x': key } })];
            for (const [i, text] of rows.entries()) assert.ok((await server.ask(`$KV.${BUCKET}.watched.row.content.${cids[i]}`, text)).seq);
            await until(async () => { const now = await ignored(); return now.garbage - before.garbage === 2 && now.other_version - before.other_version === 1; }, { what: 'the ignored rows' })
                .catch((error) => { throw a.explain(error); });
            for (const cid of cids) await refused(a, cid);
            assert.equal(connections, 0);
            await a.stop();
        } finally {
            listener.close();
            await a.abandon();
            await server.stop();
        }
    });
});
