// tier: full
/** Helper threads of onnxruntime-web, after a run: they leave the cores to others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sleepingSoon } from '../../page/changes.mjs';
import { packageFile } from '../lib/browsers.mjs';

const rest = fileURLToPath(new URL('support/rest.mjs', import.meta.url));
const wasmFile = (build) => packageFile('onnxruntime-web', `dist/ort-wasm-simd-threaded${build}.wasm`);

test('a helper thread sleeps soon after a run', (context) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-'));
    context.after(() => fs.rmSync(folder, { recursive: true }));
    const changed = path.join(folder, 'changed.wasm');
    fs.writeFileSync(changed, sleepingSoon(fs.readFileSync(wasmFile(''))));
    const [before, after] = [wasmFile(''), changed].map((file) => Number(execFileSync(
        process.execPath, [rest, packageFile('onnxruntime-web', 'dist/ort.node.min.mjs'), file], { encoding: 'utf8' })));
    assert.ok(after < before / 2, `${after} ms of ${before}`);
});

for (const build of ['', '.asyncify', '.jspi'])
    test(`the build "${build}" is changed in one place, and once`, () => {
        const wasm = fs.readFileSync(wasmFile(build)), changed = sleepingSoon(wasm);
        assert.equal(wasm.filter((byte, i) => byte !== changed[i]).length, 1);
        assert.throws(() => sleepingSoon(changed), /0 times/);
    });
