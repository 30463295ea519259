// tier: quick
/** The tiny models are the same ones each time, and all that the tests' oracle needs is in them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { makeFamilies } from '../lib/families.mjs';
import { root } from '../lib/paths.mjs';

/** Hashes by path of all files below a folder. */
const hashes = (folder) => new Map(fs.readdirSync(folder, { recursive: true }).sort()
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .map((name) => [name, createHash('sha256').update(fs.readFileSync(path.join(folder, name)))
        .digest('hex')]));

test('the same files are made again', () => {
    const made = makeFamilies();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-families-'));
    try {
        execFileSync('/usr/bin/python3', ['-B', path.join(root, 'tests/models/families.py'),
            path.join(folder, 'again')]);
        assert.deepEqual(hashes(path.join(folder, 'again')), hashes(made));
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});

test('each has its configuration and its graph', () => {
    const made = makeFamilies();
    for (const name of fs.readdirSync(made).filter((one) => !one.startsWith('.'))) {
        const config = JSON.parse(fs.readFileSync(path.join(made, name, 'config.json'), 'utf8'));
        assert.ok(config.model_type && config.architectures.length === 1, name);
        assert.ok(fs.readdirSync(path.join(made, name, 'onnx')).length, name);
    }
});
