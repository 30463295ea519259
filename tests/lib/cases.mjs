/** The model cases: inputs, expected outputs and tolerances, as each case.json says. */
import fs from 'node:fs';
import path from 'node:path';
import { sharedModels } from './paths.mjs';
import { fromNumpy, values } from './kserve.mjs';

export function names() {
    if (!sharedModels) return [];
    return fs.readdirSync(sharedModels)
        .filter((name) => fs.existsSync(path.join(sharedModels, name, 'case.json'))).sort();
}

export function load(name) {
    const folder = path.join(sharedModels, name);
    const spec = JSON.parse(fs.readFileSync(path.join(folder, 'case.json')));
    const tensor = ({ name: tensorName, dtype, shape, file }) => ({
        name: tensorName, datatype: fromNumpy[dtype], shape,
        bytes: fs.readFileSync(path.join(folder, file)),
    });
    return {
        name, folder, rtol: spec.rtol, atol: spec.atol, note: spec.note,
        mustFail: spec.expect === 'load_error',
        inputs: spec.inputs.filter(({ file }) => file).map(tensor),
        outputs: spec.outputs.filter(({ file }) => file).map(tensor),
        semantic: spec.semantic,
    };
}

/**
 * Says what is wrong with `output` (decoded, see kserve.mjs), or null if it is what was expected:
 * |got − expected| ≤ atol + rtol·|expected|, NaN = NaN, shape and datatype equal.
 */
export function difference(output, expected, { rtol, atol }) {
    if (!output) return `no output ${expected.name}`;
    if (output.datatype !== expected.datatype)
        return `${expected.name}: datatype ${output.datatype}, expected ${expected.datatype}`;
    if (JSON.stringify(output.shape) !== JSON.stringify(expected.shape))
        return `${expected.name}: shape [${output.shape}], expected [${expected.shape}]`;
    const wanted = values(expected.datatype, expected.bytes);
    if (output.values.length !== wanted.length)
        return `${expected.name}: ${output.values.length} values, expected ${wanted.length}`;
    let worst = 0, at = -1;
    wanted.forEach((want, index) => {
        const got = Number(output.values[index]);
        want = Number(want);
        if (Object.is(got, want) || got === want || (Number.isNaN(got) && Number.isNaN(want)))
            return;
        const share = Math.abs(got - want) / (atol + rtol * Math.abs(want));
        if (!(share <= worst)) {
            worst = share;
            at = index;
        }
    });
    if (worst <= 1) return null;
    return `${expected.name}: off by ${worst.toFixed(1)} × the tolerance at ${at} ` +
        `(${output.values[at]}, expected ${wanted[at]})`;
}

/** What is wrong with a whole answer, or null. */
export function problem(answer, testCase) {
    for (const expected of testCase.outputs) {
        const found = difference(
            answer.outputs.find(({ name }) => name === expected.name), expected, testCase);
        if (found) return found;
    }
    return null;
}
