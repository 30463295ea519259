/**
 * Sends a tensor in binary and gets one back: no number is written as text on the way.
 *
 *     npm install --no-save ../sdk/js
 *     node tensors.mjs http://127.0.0.1:8470 builtin/echo
 */
import { Client } from 'webinfer';

const [server, model] = process.argv.slice(2);
if (!model) {
    console.error('usage: node tensors.mjs SERVER MODEL');
    process.exit(2);
}

const numbers = Float32Array.of(0.5, 1, 2, -1, 1e-9, 16777216);
try {
    const { outputs } = await new Client(server).infer(model, { x: { data: numbers, shape: [2, 3] } });
    for (const { name, data } of Object.values(outputs))
        data.forEach((value, i) => console.log(`${name}[${i}] = ${value}`));
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
