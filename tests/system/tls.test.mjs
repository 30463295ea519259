/**
 * The bridge over TLS with a certificate that no authority has signed: browsers of our own are
 * given it, and one that will not have it is reported with its certificate.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { safari } from '../lib/browsers.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** A daemon with one kind of browser and a fresh certificate for that host. */
function withTls(kind, section, host, more = {}) {
    const others = ['chrome', 'firefox', 'safari'].filter((one) => one !== kind)
        .map((one) => [`browser.${one}`, { max_connections: 0 }]);
    const one = new Daemon({ models: ['twice'], config: { ...more,
        [`browser.${kind}`]: section, ...Object.fromEntries(others) } });
    const [key, certificate] = ['key.pem', 'cert.pem'].map((file) => path.join(one.folder, file));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=a private one',
        '-addext', `subjectAltName=${host}`, '-keyout', key, '-out', certificate],
    { stdio: 'ignore' });
    one.writeConfig({ bridge: { tls_certificate: certificate, tls_key: key } });
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

test('Chromium accepts the certificate by its key', () =>
    computes('chrome', {}, 'IP:127.0.0.1'));
test('Chromium accepts it also where it is for another name', () =>
    computes('chrome', {}, 'DNS:elsewhere.invalid'));
test('Firefox accepts it', () => computes('firefox', { max_connections: 1 }, 'IP:127.0.0.1'));
test('WebKit accepts it by its file', () => computes('safari', safari(), 'IP:127.0.0.1'));

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
