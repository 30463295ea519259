/**
 * Sends a tensor in binary and gets one back: no number is written as text on the way.
 *
 *     node tensors.mjs http://127.0.0.1:8470 builtin/echo
 *
 * A body is JSON, of which Inference-Header-Content-Length says how long it is, and behind it the
 * tensors, little-endian, each as many bytes as its binary_data_size says.
 */
const LENGTH = 'Inference-Header-Content-Length';
const [server, model] = process.argv.slice(2);
if (!model) {
    console.error('usage: node tensors.mjs SERVER MODEL');
    process.exit(2);
}

const sent = Float32Array.of(0.5, 1, 2, -1, 1e-9, 16777216);
const head = new TextEncoder().encode(JSON.stringify({
    model_name: model,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 3],
        parameters: { binary_data_size: sent.byteLength } }],
    parameters: { binary_data_output: true },
}));

const answer = await fetch(`${server}/v1/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', [LENGTH]: String(head.length) },
    body: new Blob([head, sent]),
});
if (!answer.ok) { // a problem document: RFC 9457
    console.error((await answer.json()).detail);
    process.exit(1);
}
const bytes = await answer.arrayBuffer();
let at = Number(answer.headers.get(LENGTH));
const json = JSON.parse(new TextDecoder().decode(bytes.slice(0, at)));
for (const { name, datatype, parameters: { binary_data_size: size } } of json.outputs) {
    if (datatype === 'FP32')
        new Float32Array(bytes.slice(at, at + size)).forEach((value, i) =>
            console.log(`${name}[${i}] = ${value}`));
    at += size;
}
