// tier: full
/**
 * The guide's class, as it is printed: its lines, on machines with its addresses, with a certificate that no public authority has signed.
 * Browsers are told of the name and of the certificate, as a school's computers are.
 */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { addRoute, isConnected, openChromium, run } from '../lib/homes.mjs';
import { Machine } from '../lib/machines.mjs';
import { cliPath, root } from '../lib/paths.mjs';
import { Peer } from '../lib/peer.mjs';
import { openRoom } from '../lib/room.mjs';
import { until } from '../lib/wait.mjs';

const SOON_MS = 90_000;
const [DAEMON, PROGRAM, PUPILS] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const guide = fs.readFileSync(path.join(root, 'docs/guide.md'), 'utf8').match(/For a class of thirty[^]*?webinfer-peer\(8\)/)?.[0] ?? '';
const [command, ...lines] = guide.replaceAll('\\\n', ' ').split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim());
/** The daemon's, of `[bridge]`. */
const bridge = Object.fromEntries(lines.map((line) => line.split(' = ')));
const [, join] = /Then `webinfer ([^`]+)`/.exec(guide) ?? [], [, origin] = /`(https:[^`]+)`/.exec(guide) ?? [], [, more] = /With `(&[^`]+)`/.exec(guide) ?? [];
const { hostname: host } = new URL(origin);
let room, machines, daemon, peer, known;
const test = testsOf(() => daemon);

before(async () => {
    room = await openRoom([DAEMON, PROGRAM, PUPILS]);
    machines = await Promise.all([DAEMON, PROGRAM, PUPILS].map((address) => new Machine(room, address).open()));
    const [service, school, pupils] = machines;
    addRoute(pupils);
    const { tls_certificate: pem, tls_key: key } = certificate(school.folder, `DNS:${host}`);
    fs.renameSync(pem, path.join(school.folder, 'school.pem'));
    fs.renameSync(key, path.join(school.folder, 'school.key'));
    known = createHash('sha256').update(new X509Certificate(fs.readFileSync(path.join(school.folder, 'school.pem'))).publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
    const [name, ...words] = command.split(/\s+/);
    assert.equal(name, 'webinfer-peer');
    peer = await Peer.startAs(words, school.command('env', '-C', school.folder));
    assert.equal(peer.address.replace(/12D3KooW\w+$/, '12D3KooW...'), bridge.peers);
    daemon = new Daemon({ models: ['twice'], folder: path.join(service.folder, 'daemon'), under: service.command(), logToFile: true,
        config: { api: { listen: '127.0.0.1:8470' }, bridge: { ...bridge, peers: peer.address }, pool: { min_connections: 0, numerics: 'off', verify: 'off', strangers: 'text' } } });
    await daemon.start({ ready: false });
    daemon.url = (await service.door(8470)).url;
});
after(async () => {
    await peer?.stop();
    await daemon?.stop();
    for (const machine of machines ?? []) await machine.abandon();
    await room?.close();
});

/** A pupil's browser. @param {string} link */
async function openPupil(link) {
    const { tab, close } = await openChromium(machines[2], origin, `--host-resolver-rules=MAP ${host} ${PROGRAM}`, `--ignore-certificate-errors-spki-list=${known}`);
    await tab.goto(link);
    await tab.click('#start');
    await isConnected(tab);
    return { tab, close };
}

test('two of the class compute, and are connected with each other', async () => {
    const { hash } = new URL(run(machines[0], cliPath, ...join.split(' ')).trim()), pupils = [];
    try {
        for (let pupil = 0; pupil < 2; pupil++) pupils.push(await openPupil(`${origin}${hash}${more}`));
        for (const { tab } of pupils) {
            const node = await tab.evaluate('document.documentElement.dataset.node');
            const { status, json, text } = await daemon.post('/v1/infer', { model_name: 'twice', node, timeout_ms: SOON_MS, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] });
            assert.deepEqual([status, json.outputs?.[0].data], [200, [2, 6]], text);
            assert.equal(await tab.evaluate('isSecureContext'), true);
            await until(async () => {
                const ways = await tab.evaluate("[...document.querySelectorAll('#peers-rows tr')].map(({ dataset }) => `${dataset.peer} ${dataset.way}`).join()");
                if (!new RegExp(`(?:^|,)(?!${peer.id})\\w+ direct`).test(ways)) throw new Error(`it has ${ways}`);
                return true;
            }, { what: 'a direct way to the other one', timeout: SOON_MS });
        }
    } finally {
        for (const { close } of pupils) await close();
    }
});
