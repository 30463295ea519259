// tier: full
/** Join links as an operator makes them: the client's QR code is read back, and what the link's maker said is shown. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import jsQR from 'jsqr';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
const joins = async () => (await daemon.get('/v1/admin/join')).json.joins;

before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: { pool: { min_connections: 0, numerics: 'off', verify: 'off' },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(() => daemon?.stop());

const BLOCKS = { ' ': [0, 0], '▄': [0, 1], '▀': [1, 0], '█': [1, 1] };
const SCALE = 4;

/** What a reader of QR codes finds in what a terminal shows. */
function scan(seen) {
    const lines = seen.split('\r\n').filter((line) => /^\u001b\[97;40m[ ▄▀█]+\u001b\[0m$/.test(line))
        .map((line) => [...line.replaceAll(/\u001b\[[\d;]+m/g, '')]);
    const width = lines[0].length * SCALE, height = lines.length * 2 * SCALE;
    const pixels = new Uint8ClampedArray(width * height * 4);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const light = BLOCKS[lines[Math.floor(y / SCALE / 2)][Math.floor(x / SCALE)]][Math.floor(y / SCALE) % 2];
            pixels.set([255 * light, 255 * light, 255 * light, 255], (y * width + x) * 4);
        }
    }
    return jsQR(pixels, width, height)?.data;
}

/** A client need not have codes, but that of continuous integration has: ./dev setup installs libqrencode. */
function skipCode(t) {
    assert.ok(!process.env.CI, 'this client draws no QR code');
    t.skip('this client was built without libqrencode');
}

test('on a terminal, a link is a QR code, too', async (t) => {
    const terminal = new Terminal(daemon, ['token', 'join', '--label', 'Ada', '--shareable']);
    assert.equal(await terminal.ended, 0, terminal.seen);
    const [url] = terminal.seen.split('\r\n');
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/#token=wi_/);
    assert.match(terminal.seen, /It is a secret, which people who joined with it may pass on; DELETE/);
    assert.equal((await joins()).at(-1).label, 'Ada');
    if (!/█/.test(terminal.seen)) return skipCode(t);
    assert.equal(scan(terminal.seen), url);
    const { out } = await webinfer(daemon, ['token', 'join']);
    assert.doesNotMatch(out, /█/, 'it is drawn on terminals only');
});

test('a terminal that is too narrow is told so', async (t) => {
    const terminal = new Terminal(daemon, ['token', 'join'], { columns: 30 });
    assert.equal(await terminal.ended, 0, terminal.seen);
    if (!/needs \d+ columns/.test(terminal.seen)) return skipCode(t);
    assert.match(terminal.seen, /The link's QR code needs \d+ columns, and this terminal has 30\./);
    assert.doesNotMatch(terminal.seen, /█/);
});

test('a label and whether the link may be passed on reach the lists and the node', async () => {
    const { code, out } = await webinfer(daemon, ['--json', 'token', 'join', '--label', 'Grace’s phone', '--shareable', '--nodes', '2']);
    assert.equal(code, 0);
    const { id, url, label, shareable, nodes: most } = JSON.parse(out);
    assert.deepEqual([label, shareable, most], ['Grace’s phone', true, 2]);
    const node = await new FakeNode(url).join(), other = await new FakeNode((await daemon.post('/v1/admin/join', {})).json.url).join();
    try {
        assert.deepEqual([node.welcome.shareable, other.welcome.shareable], [true, undefined]);
        await until(async () => (await nodes()).length === 2, { what: 'both nodes' });
        const rows = new Map((await nodes()).map((row) => [row.id, row]));
        assert.deepEqual([rows.get(node.id).label, rows.get(other.id).label], ['Grace’s phone', undefined]);
        assert.equal(rows.get(node.id).idle, 'no request is waiting that it could run');
        const row = (await joins()).find((one) => one.id === id);
        assert.deepEqual([row.label, row.shareable, row.joined], ['Grace’s phone', true, 1]);
        assert.match((await webinfer(daemon, ['nodes'])).out, /LABEL[^]*Grace’s phone/);
    } finally {
        node.send('bye', {});
        other.send('bye', {});
    }
});

test('bad labels are refused', async () => {
    for (const label of ['', 'a\nb', 'x'.repeat(201), 7]) {
        const { status, json } = await daemon.post('/v1/admin/join', { label });
        assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'label'], String(label));
    }
    const { code, problems } = await webinfer(daemon, ['token', 'join', '--label', 'a\u0007b']);
    assert.equal(code, 2);
    assert.match(problems, /--label needs UTF-8 without control characters/);
});

test('an admin drains a joined node, and sends it away', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json, node = await new FakeNode(url).join();
    const row = async () => (await nodes()).find(({ id }) => id === node.id);
    await until(row, { what: 'the node' });
    assert.equal((await daemon.post(`/v1/nodes/${node.id}/drain`, {})).status, 200);
    await until(async () => (await row()).idle === 'an admin has drained it', { what: 'it to be drained' });
    assert.equal((await daemon.post(`/v1/nodes/${node.id}/undrain`, {})).status, 200);
    const { status, json } = await daemon.request(`/v1/nodes/${node.id}`, { method: 'DELETE' });
    assert.deepEqual([status, json.state], [200, 'removed']);
    const { message: bye } = await node.got('bye');
    assert.deepEqual([bye.data.code, bye.data.reason], ['drain', 'an admin removed this page']);
    await until(async () => !(await row()), { what: 'it to be gone' });
    const again = await daemon.request(`/v1/nodes/${node.id}`, { method: 'DELETE' });
    assert.deepEqual([again.status, again.json.code], [404, 'node_not_found']);
    const back = await new FakeNode(url).join(); // its link still holds
    assert.notEqual(back.id, node.id);
    back.send('bye', {});
});
