/**
 * Says what is in a picture.
 *
 *     npm install --no-save ../sdk/js
 *     node picture.mjs http://127.0.0.1:8470 digits ../models/digits/samples/7.png
 *
 * A token is read from WEBINFER_TOKEN.
 */
import { openAsBlob } from 'node:fs';
import { Client } from 'webinfer';

const [server, model, picture] = process.argv.slice(2);
if (!picture) {
    console.error('usage: node picture.mjs SERVER MODEL PICTURE');
    process.exit(2);
}

try {
    const { result } = await new Client(server).classify(model, { image: await openAsBlob(picture) });
    for (const { label, probability } of result.labels) console.log(label, probability.toFixed(4));
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
