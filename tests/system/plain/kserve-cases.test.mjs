// tier: full
/**
 * The model cases through KServe's protocol, in binary and in JSON: outputs are those of /v1/infer
 * bit for bit, since one node runs both, on one thread.
 */
import assert from 'node:assert/strict';
import { after, before, test as plainTest } from 'node:test';
import * as cases from '../../lib/cases.mjs';
import { Daemon, patience, testsOf } from '../../lib/daemon.mjs';
import { pack, values } from '../../lib/kserve.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import { TritonClient } from '../../lib/triton.mjs';

const skip = !sharedModels && 'the shared model cases are not beside this checkout';
const names = skip ? [] : cases.names().filter((name) => !cases.load(name).mustFail);
/** @type {Daemon} */
let daemon;
/** @type {TritonClient} */
let client;
let node = '';
const test = testsOf(() => daemon);

before(async () => {
    if (skip) return;
    daemon = await new Daemon({ models: names, under: ['taskset', '-c', '0'] }).start();
    client = new TritonClient(daemon.url);
    [{ id: node }] = (await daemon.get('/v1/nodes')).json.nodes;
});
after(async () => {
    client?.close();
    await daemon?.stop();
});

if (skip) plainTest('the model cases through KServe', { skip }, () => {});

/** Of JSON, the bytes that its numbers stand for. */
function bytesOf({ datatype, data }) {
    const words = { NaN, Infinity, '-Infinity': -Infinity };
    return pack(datatype, data.map((one) => typeof one === 'string' ? words[one] : one));
}

const inJson = ({ datatype }) => datatype !== 'FP16' && datatype !== 'BF16';
/** Numbers that JSON has not are data in binary alone. */
const isFinite = ({ datatype, bytes }) => values(datatype, bytes).every((one) => Number.isFinite(Number(one)));

for (const name of names)
    test(name, { timeout: 300_000 * patience }, async () => {
        const one = cases.load(name);
        const where = { platform: 'wasm', node, fallback: false };
        const expected = await daemon.answer({ model_name: name, ...where, timeout_ms: 120_000 }, one.inputs);
        assert.equal(expected.executed_on.threads, 1);
        assert.equal(cases.problem(expected, one), null);
        const parameters = { ...where, timeout: 120_000_000 };
        const same = (outputs, read) => {
            assert.deepEqual(outputs.map((output) => [output.name, output.datatype, output.shape]),
                expected.outputs.map((output) => [output.name, output.datatype, output.shape]));
            for (const [index, output] of outputs.entries())
                assert.ok(read(output).equals(expected.outputs[index].bytes), `${name}: ${output.name}`);
        };
        const binary = await client.infer(name, one.inputs, { parameters });
        assert.equal(JSON.parse(binary.json.parameters.executed_on).threads, 1);
        same(binary.json.outputs, ({ bytes }) => bytes);
        if (![...one.inputs, ...expected.outputs].every(inJson) || !one.inputs.every(isFinite)) return;
        const written = one.inputs.map(({ name: input, datatype, shape, bytes }) => ({ name: input, datatype, shape,
            data: values(datatype, bytes).map((value) => datatype === 'BOOL' ? value === 1 : Number(value)) }));
        const plain = await client.infer(name, written, { parameters, outputs:
            expected.outputs.map((output) => ({ name: output.name, binary: false })) });
        assert.equal(plain.rest, null);
        same(plain.json.outputs, bytesOf);
    });
