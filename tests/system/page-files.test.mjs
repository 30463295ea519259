// tier: quick
/** The page's files as the daemon serves them: compressed on the way to who takes it, and the same when they are there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { Daemon } from '../lib/daemon.mjs';
import { request } from '../lib/http.mjs';
import { builtPage } from '../lib/paths.mjs';

const DECODE = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync };
let daemon;
before(async () => {
    daemon = await new Daemon({ config: { 'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(() => daemon.stop());

const get = (name, codings, more = {}) =>
    request(`${daemon.bridgeUrl}/${name}`, { headers: { 'Accept-Encoding': codings, ...more } });

test('every file comes the same in every coding, and the large ones in a third of their bytes', async () => {
    const files = fs.readdirSync(builtPage).filter((name) => !/\.(br|gz)$/.test(name));
    assert.ok(files.length > 10, `${files}`);
    for (const name of files) {
        const bytes = fs.readFileSync(path.join(builtPage, name));
        const plain = await get(name, 'identity');
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.ok(plain.body.equals(bytes), name);
        for (const [coding, decode] of Object.entries(DECODE)) {
            const { status, headers, body } = await get(name, coding);
            assert.equal(status, 200);
            if (bytes.length > 100_000 && /-[0-9a-f]{12}\./.test(name)) {
                assert.equal(headers['content-encoding'], coding, name);
                assert.ok(body.length < bytes.length / 2.5, `${name}: ${body.length} of ${bytes.length}`);
            }
            assert.ok((headers['content-encoding'] ? decode(body) : body).equals(bytes), `${name} in ${coding}`);
            assert.equal(headers.etag === plain.headers.etag, !headers['content-encoding'], name);
            for (const same of ['content-type', 'cache-control', 'vary', 'cross-origin-opener-policy', 'cross-origin-embedder-policy',
                'cross-origin-resource-policy', 'content-security-policy', 'x-content-type-options'])
                assert.equal(headers[same], plain.headers[same], `${name}: ${same}`);
        }
    }
});

test('a piece of a file is one of its own bytes', async () => {
    const name = fs.readdirSync(builtPage).find((one) => one.endsWith('.wasm'));
    const bytes = fs.readFileSync(path.join(builtPage, name));
    const { status, headers, body } = await get(name, 'gzip, br', { Range: 'bytes=1000-1999' });
    assert.deepEqual([status, headers['content-encoding'], headers.vary], [206, undefined, 'Accept-Encoding']);
    assert.ok(body.equals(bytes.subarray(1000, 2000)));
});
