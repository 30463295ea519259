// tier: full
/**
 * The bridge over TLS with a certificate that no authority has signed: browsers of our own are
 * given it, and one that will not have it is reported with its certificate.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import tls from 'node:tls';
import { safari } from '../lib/browsers.mjs';
import { certificate, serialOf } from '../lib/certificate.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
after(() => daemon.abandon()); // the one that a failed test has left

/** A daemon with one kind of browser and TLS on its bridge. */
function withTls(kind, section, host, more = {}) {
    const others = ['chrome', 'firefox', 'safari'].filter((one) => one !== kind)
        .map((one) => [`browser.${one}`, { max_connections: 0 }]);
    const one = new Daemon({ models: ['twice'], config: { ...more,
        [`browser.${kind}`]: section, ...Object.fromEntries(others) } });
    one.writeConfig({ bridge: certificate(one.folder, host) });
    return one;
}

async function computes(kind, section, host, more) {
    daemon = withTls(kind, section, host, more);
    await daemon.start();
    assert.match(daemon.bridgeUrl, /^https:/);
    // The page came over https and its node over wss; now a model's file over https, too.
    const { status, json } = await daemon.infer({ model_name: 'twice', platform: 'wasm',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 4] }] });
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json.outputs[0].data, [2, 8]);
    assert.equal(json.executed_on.browser, kind);
    await daemon.stop();
}

// Chromium by its key, also where it is for another name; WebKit by its file.
for (const [kind, section, host] of [['chrome', {}, 'IP:127.0.0.1'], ['chrome', {}, 'DNS:elsewhere.invalid'],
    ['firefox', { max_connections: 1 }, 'IP:127.0.0.1'], ['safari', safari(), 'IP:127.0.0.1']])
    test(`${kind} accepts a certificate for ${host}`, () => computes(kind, section, host));

test('over TLS, too, a frame without a mask is closed with 1002, and an end in the middle of one is no fault', async () => {
    daemon = withTls('chrome', { max_connections: 0 }, 'IP:127.0.0.1', { pool: { min_connections: 0 } });
    await daemon.start({ ready: false });
    const { hostname: host, port } = new URL(daemon.bridgeUrl);
    const malformed = async () => (await daemon.metric('webinfer_bridge_malformed_total')) ?? 0;
    const open = () => new Promise((resolve, reject) => {
        const socket = tls.connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
            socket.write(['GET /node HTTP/1.1', `Host: ${host}:${port}`, 'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13',
                'Sec-WebSocket-Protocol: webinfer.v1', '', ''].join('\r\n'));
            socket.once('data', (head) => (/^HTTP\/1.1 101/.test(head.toString()) ? resolve(socket) : reject(new Error(head))));
        });
        socket.on('error', reject);
    });
    const socket = await open();
    let heard = Buffer.alloc(0);
    socket.on('data', (bytes) => (heard = Buffer.concat([heard, bytes])));
    socket.write(Buffer.from([0x81, 2, 0x7b, 0x7d]));
    await until(() => heard.length > 4, { what: 'a close frame' });
    assert.deepEqual([heard[0], heard.readUInt16BE(2)], [0x88, 1002]);
    assert.match(heard.subarray(4).toString(), /^a frame has no mask/);
    socket.destroy();
    assert.equal(await malformed(), 1);
    const other = await open();
    other.end(Buffer.from([0x82, 0xff, 0, 0]));
    await new Promise((resolve) => other.on('close', resolve));
    assert.equal(await malformed(), 1);
    await daemon.stop();
});

test('a browser that does not accept it is reported with the certificate', async () => {
    daemon = withTls('chrome',
        { arguments: '--ignore-certificate-errors-spki-list=nothing' }, 'IP:127.0.0.1',
        { pool: { connection_timeout: `${5 * patience}s` } });
    await daemon.start({ ready: false });
    const problem = await until(async () =>
        (await daemon.status()).kinds.chrome.problem, { what: 'a problem', timeout: 30_000 * patience });
    assert.match(problem, /stuck at step "welcome"/);
    assert.match(problem, /accept the certificate of \/CN=a private one/);
    assert.ok(problem.includes(daemon.config.bridge.tls_certificate), problem);
    await daemon.stop();
});

test('so is one that says so by itself: Firefox has authorities of its own', async () => {
    daemon = withTls('firefox', { max_connections: 1 }, 'IP:127.0.0.1');
    // As if it were the system's, so that Firefox is not told to accept whatever it is shown.
    daemon.options.env = { SSL_CERT_FILE: daemon.config.bridge.tls_certificate };
    await daemon.start({ ready: false });
    const problem = await until(async () => (await daemon.status()).kinds.firefox.problem,
        { what: 'a problem', timeout: 30_000 * patience });
    assert.match(problem, /accept the certificate of \/CN=a private one/);
    await daemon.stop();
});

test('doctor tries the certificate, and the client says what to do about the API\'s', async () => {
    daemon = withTls('chrome', { max_connections: 1 }, 'IP:127.0.0.1');
    const api = certificate(fs.mkdtempSync(path.join(daemon.folder, 'api-')), 'IP:127.0.0.1');
    daemon.writeConfig({ api, channels: { ...api, listen: '127.0.0.1:0' } });
    await daemon.start({ ready: false });
    const refused = await webinfer(daemon, ['status']);
    assert.equal(refused.code, 3);
    assert.match(refused.problems, /not trusted[^]*--authority FILE/);
    assert.ok(!refused.problems.includes('is webinferd running there?'), refused.problems);
    const accepted = await webinfer(daemon, ['status', '--authority', api.tls_certificate]);
    assert.equal(accepted.code, 0, accepted.problems);
    const { code, out } = await webinfer(daemon, ['doctor', '--config', daemon.configFile]);
    assert.equal(code, 0, out);
    assert.match(out, /^info +API certificate .*\bclients must be told to trust it/m);
    assert.match(out, /^info +bridge certificate .*\baccept it anyway/m);
    assert.match(out, /^info +channels certificate .*\bsubscribers must be told to trust it/m);
    assert.match(out, /^ok +chrome +\S+ [\d.]+, its page was connected/m);
    await daemon.stop();
});

test('SIGHUP: the bridge shows a renewed certificate, and the API says that it cannot', async () => {
    daemon = new Daemon({ config: { 'browser.chrome': { max_connections: 0 } } });
    const folder = path.join(daemon.folder, 'api');
    fs.mkdirSync(folder);
    const files = certificate(daemon.folder, 'IP:127.0.0.1');
    daemon.writeConfig({ bridge: files, api: certificate(folder, 'IP:127.0.0.1') });
    await daemon.start({ ready: false });
    const hang = async (what) => {
        daemon.log = '';
        daemon.signal('SIGHUP');
        await daemon.logs(what);
    };
    const [bridge, api] = [await serialOf(daemon.bridgeUrl), await serialOf(daemon.url)];
    await hang(/reloaded/);
    assert.doesNotMatch(daemon.log, /certificate/);
    certificate(daemon.folder, 'IP:127.0.0.1');
    await hang(/reloaded/);
    await daemon.logs(/shows the certificate of \/CN=a private one, valid until/);
    const renewed = await serialOf(daemon.bridgeUrl);
    assert.notEqual(renewed, bridge);
    certificate(folder, 'IP:127.0.0.1');
    await hang(/reloaded/);
    await daemon.logs(/the API shows the old certificate until the service is restarted/);
    assert.equal(await serialOf(daemon.url), api);
    // A key that is not the certificate's: nothing changes.
    const key = fs.readFileSync(path.join(folder, 'key.pem'));
    fs.writeFileSync(files.tls_key, key);
    await hang(/not reloaded, nothing changes: .*is not the key of the certificate in/);
    assert.equal(await serialOf(daemon.bridgeUrl), renewed);
    await daemon.stop();
});
