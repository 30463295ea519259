// tier: quick
/** The compressed copies that the page's build makes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { compress } from '../../page/compress.mjs';

test('what is worth it has copies, which say the same and are made once', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-copies-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const at = (name) => path.join(folder, name);
    const text = Buffer.from('the same again and again, '.repeat(1000));
    const noise = Buffer.alloc(20_000);
    for (let i = 0, state = 1; i < noise.length; i++) noise[i] = (state = Math.imul(state, 1664525) + 1013904223 >>> 0) >>> 24;
    for (const [name, bytes] of Object.entries({ 'text.js': text, 'noise.wasm': noise, 'small.css': text.subarray(0, 1000) }))
        fs.writeFileSync(at(name), bytes);
    const copies = await compress(folder, ['text.js', 'noise.wasm', 'small.css']);
    assert.deepEqual(copies, ['text.js.br', 'text.js.gz']);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['noise.wasm', 'small.css', 'text.js', 'text.js.br', 'text.js.gz']);
    assert.deepEqual(zlib.brotliDecompressSync(fs.readFileSync(at('text.js.br'))), text);
    assert.deepEqual(zlib.gunzipSync(fs.readFileSync(at('text.js.gz'))), text);
    fs.writeFileSync(at('text.js.br'), 'kept');
    assert.deepEqual(await compress(folder, new Set(['text.js'])), copies);
    assert.equal(fs.readFileSync(at('text.js.br'), 'utf8'), 'kept');
});
