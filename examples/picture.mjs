/**
 * Says what is in a picture.
 *
 *     node picture.mjs http://127.0.0.1:8470 digits models/digits/samples/7.png
 *
 * The file goes as it is, in a form; the answer is JSON. A token is read from WEBINFER_TOKEN.
 */
import { openAsBlob } from 'node:fs';

const [server, model, picture] = process.argv.slice(2);
if (!picture) {
    console.error('usage: node picture.mjs SERVER MODEL PICTURE');
    process.exit(2);
}

const form = new FormData();
form.set('model_name', model);
form.set('image', await openAsBlob(picture), picture);

const token = process.env.WEBINFER_TOKEN;
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const answer = await fetch(`${server}/v1/infer`, { method: 'POST', headers, body: form });
const json = await answer.json();
if (!answer.ok) { // a problem document: RFC 9457
    console.error(json.detail);
    process.exit(1);
}
for (const { label, probability } of json.result.labels)
    console.log(label, probability.toFixed(4));
