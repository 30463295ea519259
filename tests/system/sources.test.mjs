// tier: quick
/** What the daemon tells of those who bring models by content, and of what is published. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { makeDag } from '../lib/ipfs.mjs';
import { ownModels } from '../lib/paths.mjs';
import { startRouter } from '../lib/router.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {import('../lib/gateway.mjs').Gateway[]} */
let gateways;
let dag;
const test = testsOf(() => daemon);

const content = async () => {
    const { status, json, text } = await daemon.get('/v1/content');
    assert.equal(status, 200, text);
    return json;
};
const source = async (name) => (await content()).sources.find((one) => one.name === name);
const metric = async (name) => Number((await daemon.get('/metrics')).text.match(new RegExp(`^${name} (\\d+)$`, 'm'))?.[1]);

before(async () => {
    const weights = fs.readFileSync(path.join(ownModels, 'finch', 'finch-Q8_0.gguf'));
    dag = await makeDag({ 'finch-Q8_0.gguf': Buffer.concat([weights, crypto.randomBytes(4_000_000)]) }, 'unixfs-v1-2025');
    gateways = await Promise.all(['good', 'bad'].map(() => startGateway(dag.blocks)));
    daemon = new Daemon({ models: ['digits'], config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 },
        'hub.ipfs': { url: '' }, 'hub.good': { url: gateways[0].url, layout: 'ipfs' }, 'hub.bad': { url: gateways[1].url, layout: 'ipfs' } } });
    await daemon.start({ ready: false });
});
after(async () => {
    await daemon.stop();
    await Promise.all(gateways.map((gateway) => gateway.close()));
});

test('each source has what it brought, and the one that lied is out, with why', async () => {
    const fresh = await content();
    assert.deepEqual(fresh.sources.map(({ name, state, until, reason, bytes, seen_at }) => [name, state, until, reason, bytes, seen_at]),
        [['good', 'ready', null, null, 0, null], ['bad', 'ready', null, null, 0, null]]);
    assert.deepEqual([fresh.served, fresh.models], [false, []]);
    assert.match((await webinfer(daemon, ['sources'])).out, /^good +ready +- +0 B +0 +0 +- +http:/m);
    gateways[1].fail({ what: 'wrong' });
    gateways[0].hold = true; // its leaves, until the other is found out: a pull that has all blocks judges no late answer
    const pulling = webinfer(daemon, ['pull', `ipfs://${dag.cid}`]);
    await until(async () => {
        gateways[0].releaseBranches();
        return (await source('bad')).state === 'out';
    }, { what: 'the liar to be found out' });
    gateways[0].hold = false;
    gateways[0].release();
    const { code, problems } = await pulling;
    assert.equal(code, 0, problems);
    const [good, bad] = await Promise.all(['good', 'bad'].map(source));
    assert.deepEqual([good.state, good.wrong, good.url], ['ready', 0, gateways[0].url]);
    assert.ok(good.bytes > 4_000_000 && good.blocks >= 6 && good.seen_at <= Date.now(), JSON.stringify(good));
    assert.equal(bad.state, 'out');
    assert.ok(bad.wrong >= 1 && bad.until > Date.now() && /wrong|another|hash/.test(bad.reason), JSON.stringify(bad));
    assert.equal(await metric('webinfer_source_bytes_total{source="good"}'), good.bytes);
    assert.equal(await metric('webinfer_source_wrong_blocks_total{source="bad"}'), bad.wrong);
    const { out } = await webinfer(daemon, ['sources']);
    assert.match(out, new RegExp(`^good +ready .* ${good.blocks} +0 +\\d+ s ago +${gateways[0].url}`, 'm'));
    assert.match(out, /^bad +out, \d+ \w+ more /m);
});

test('a router is asked once for each pull, and what is wrong with it fails none', async () => {
    const router = await startRouter(), port = new URL(gateways[0].url).port;
    const weights = fs.readFileSync(path.join(ownModels, 'finch', 'finch-Q8_0.gguf'));
    const says = [['nobody', () => router.say('', { status: 404 }), /it names no gateway \(404\)/],
        ['this machine', () => router.name(`/ip4/127.0.0.1/tcp/${port}/https`, `/dns4/localhost/tcp/${port}/tls/http`,
            `/dns4/gateway.example/tcp/${port}/http`), /none of the 3 gateways that it names has a public address over https/],
        ['garbage', () => router.say('{"Providers":'), /without a list of Providers/],
        ['a page', () => router.say('<p>Welcome</p>', { type: 'text/html' }), /it answers with text\/html/],
        ['too much', () => router.say(`{"Providers":[${'7,'.repeat(200_000)}7]}`), /longer than 262144 bytes/],
        ['trouble', () => router.say('no', { status: 500 }), /it answers 500/]];
    try {
        await daemon.reload({ content: { routing: `${router.url}/routing/v1` } });
        for (const [what, say, why] of says) {
            say();
            router.asked = [];
            const one = await makeDag({ 'finch-Q8_0.gguf': Buffer.concat([weights, crypto.randomBytes(100)]) }, 'unixfs-v1-2025');
            const cid = String(one.cid), url = `/routing/v1/providers/${cid}?filter-protocols=transport-ipfs-gateway-http`;
            const nowhere = await webinfer(daemon, ['pull', `ipfs://${cid}`]);
            assert.equal(nowhere.code, 1, what);
            assert.match(nowhere.problems, why, what);
            gateways[0].add(one.blocks);
            const { code, problems } = await webinfer(daemon, ['pull', `ipfs://${cid}`]);
            assert.equal(code, 0, `${what}: ${problems}`);
            const asked = { url, accept: 'application/json, application/x-ndjson;q=0.9' };
            assert.deepEqual(router.asked, [asked, asked], what);
            assert.deepEqual((await content()).sources.map(({ name }) => name), ['good', 'bad'], what);
        }
        router.asked = [];
        await daemon.reload({ content: { routing: '' } });
        const { code } = await webinfer(daemon, ['pull', `ipfs://${dag.cid}`, '--as', 'own/again']);
        assert.deepEqual([code, router.asked], [0, []]);
    } finally {
        await router.close();
    }
});

test('what is published is there, too', async () => {
    const { json: { cid, bytes } } = await daemon.post('/v1/models/digits/publish');
    assert.deepEqual((await content()).models, [{ cid, name: 'digits', bytes, here: true, copy: false, stale: false, copies: 1, where: [] }]);
    assert.match((await webinfer(daemon, ['sources'])).out, new RegExp(`^digits .* 1 +here +${cid}$`, 'm'));
    const { code, json } = await webinfer(daemon, ['sources', '--json']);
    assert.deepEqual([code, json.models.length, json.sources.length], [0, 1, 2]);
});

test('of what is published each copy is told, and where it is', async () => {
    const quiet = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, 'hub.ipfs': { url: '' } };
    await withDaemon({ ready: false, models: ['digits', 'finch'], config: { ...quiet, content: { serve: 'published' } } }, async (attic) => {
        const digits = (await attic.post('/v1/models/digits/publish')).json, finch = (await attic.post('/v1/models/finch:Q8_0/publish')).json;
        const bridge = attic.bridgeUrl;
        await daemon.reload({ 'hub.attic': { url: bridge, layout: 'webinfer' }, 'hub.again': { url: bridge, layout: 'webinfer' } });
        assert.deepEqual((await content()).models, [
            { cid: digits.cid, name: 'digits', bytes: digits.bytes, here: true, copy: false, stale: false, copies: 2, where: ['attic'] },
            { cid: finch.cid, name: 'finch:Q8_0', bytes: finch.bytes, here: false, copy: false, stale: false, copies: 1, where: ['attic'] }]);
        const { out } = await webinfer(daemon, ['sources']);
        assert.match(out, new RegExp(`^digits .* 2 +here, attic +${digits.cid}$`, 'm'));
        assert.match(out, new RegExp(`^finch:Q8_0 .* 1 +attic +${finch.cid}$`, 'm'));
    });
    await daemon.post('/v1/models/digits/unpublish');
});

test('a source of another URL is another', async () => {
    await daemon.reload({ 'hub.bad': { url: gateways[0].url, layout: 'ipfs' } });
    const bad = await source('bad');
    assert.deepEqual([bad.state, bad.wrong, bad.reason], ['ready', 0, null]);
    assert.notEqual((await source('good')).bytes, 0, 'what stays is remembered');
});
