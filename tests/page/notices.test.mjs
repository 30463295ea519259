// tier: quick
/** The licences that the built page comes with, without a browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { builtPage } from '../lib/paths.mjs';

/** What the symbols and messages of a library show it by, and what the notices call it. */
const SHOWN_BY = {
    'absl::': 'abseil-cpp', 'google/protobuf': 'protobuf', 're2/': 're2', flatbuffers: 'flatbuffers', 'onnx.proto': 'onnx',
    nlohmann: 'nlohmann-json', 'tint::': 'Dawn', Eigen: 'Eigen', libc: 'musl', llama_: 'llama.cpp', SafeInt: 'SafeInt',
};

test('the notices name what is compiled into the binaries, who made it, and each licence once', () => {
    const notices = fs.readFileSync(path.join(builtPage, 'THIRD-PARTY-NOTICES'), 'utf8');
    const found = new Set();
    for (const name of fs.readdirSync(builtPage).filter((file) => file.endsWith('.wasm'))) {
        const binary = fs.readFileSync(path.join(builtPage, name));
        for (const [mark, library] of Object.entries(SHOWN_BY)) if (binary.includes(mark)) found.add(library);
    }
    assert.ok(found.size >= 8, [...found].join());
    for (const library of found) assert.match(notices, new RegExp(`^${library}( \\S+)?\\nCopyright`, 'm'));
    for (const licence of ['MIT', 'Apache-2.0', 'BSD-3-Clause', 'BSL-1.0', 'MPL-2.0'])
        assert.equal(notices.split(`\nLicence: ${licence}\n\n`).length, 2, licence);
});
