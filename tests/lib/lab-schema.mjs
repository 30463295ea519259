/** Holds the laboratory's exports against lab/lab.schema.json. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { webinfer } from './cli.mjs';
import { root } from './paths.mjs';

const validate = new Ajv().compile(JSON.parse(fs.readFileSync(path.join(root, 'lab/lab.schema.json'), 'utf8')));

/** The run as the client exports it, which is as the schema says. @param {import('./daemon.mjs').Daemon} daemon @param {string} id */
export async function exported(daemon, id) {
    const { code, json, problems } = await webinfer(daemon, ['results', 'export', id, '--format', 'json']);
    assert.equal(code, 0, problems);
    assert.ok(validate(json), JSON.stringify(validate.errors));
    return json;
}
