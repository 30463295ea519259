/** Model cases: a folder each, with case.json, model.onnx and the tensors' bytes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { sharedModels } from '../../lib/paths.mjs';
import { DATATYPES, datatypeOfOrt, viewElements } from '../../../page/src/shared/datatypes.js';

/** Where the cases are; tests that need them are skipped where there are none. */
const folder = sharedModels ?? '';
/** What the runner is told for tests that need the cases. */
export const needsCases = { skip: folder ? false : 'there are no model cases: WEBINFER_CASES names their folder' };

export function readCase(name) {
    const dir = path.join(folder, name);
    const described = JSON.parse(fs.readFileSync(path.join(dir, 'case.json'), 'utf8'));
    const tensor = ({ name: id, dtype, shape, file }) => ({
        name: id, datatype: datatypeOfOrt(dtype), shape, bytes: new Uint8Array(fs.readFileSync(path.join(dir, file))),
    });
    return {
        ...described, onnx: fs.readFileSync(path.join(dir, 'model.onnx')),
        inputs: described.inputs.map(tensor), outputs: described.outputs.map(tensor),
    };
}

/** Compares an answer with the case's outputs at the case's tolerance. */
export function check(described, answer) {
    assert.equal(answer.data.ok, true, JSON.stringify(answer.data.error));
    for (const want of described.outputs) {
        const index = answer.data.tensors.findIndex(({ name }) => name === want.name);
        assert.ok(index >= 0, `output ${want.name} is missing`);
        const got = answer.data.tensors[index];
        assert.equal(got.datatype, want.datatype);
        assert.deepEqual(got.shape, want.shape);
        compare(numbers(want.datatype, answer.bytes[index]), numbers(want.datatype, want.bytes), described);
    }
}

function numbers(datatype, bytes) {
    return Array.from(viewElements(DATATYPES.get(datatype).ort, bytes), Number);
}

function compare(got, want, { rtol, atol }) {
    assert.equal(got.length, want.length);
    got.forEach((value, i) => {
        if (Number.isNaN(value) && Number.isNaN(want[i]) || value === want[i]) return;
        const limit = atol + rtol * Math.abs(want[i]);
        assert.ok(Math.abs(value - want[i]) <= limit, `element ${i}: ${value}, expected ${want[i]} ± ${limit}`);
    });
}
