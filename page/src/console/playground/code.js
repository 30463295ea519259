/** A request as commands that a person copies: curl, Python by our SDK, and JavaScript for Node. The token is the shell's, never ours. */
import { UNSEEN } from '../format.js';
import { framed, isBinary, packed } from './binary.js';
import { hex } from '../../shared/hex.js';

/** @typedef {{body: Record<string, any>, files?: Record<string, {name: string}>}} Asked `files` are members of `inputs`, named as on the person's disk */
/** @typedef {{url: string, token: boolean}} Service `token`: whether it wants one */

/** More does not go into one argument of a command. */
const MOST_ARGUMENT = 100_000;

/** @param {Asked} asked @param {Service} service @returns {{name: string, text: string}[]} */
export const commandsOf = (asked, service) => [
    { name: 'curl', text: curl(asked, service) }, { name: 'Python', text: python(asked, service) }, { name: 'JavaScript', text: javascript(asked, service) },
];

/** JSON on one line of which nothing is special to a terminal; what is not seen is written by its number. @param {unknown} value */
const json = (value) => JSON.stringify(value).replace(UNSEEN, escaped);
/** @param {string} character */
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One word for the shell. @param {string} text */
export const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** @param {Asked} asked @param {Service} service */
function curl({ body, files = {} }, { url, token }) {
    const lines = [`curl -sS ${quoted(`${url}/v1/infer`)}`, ...(token ? ['-H "Authorization: Bearer $WEBINFER_TOKEN"'] : [])];
    if (Object.keys(files).length) return [...lines, ...parts(body, files)].join(' \\\n  ');
    if (isBinary(body)) return binaryCurl(lines, body);
    const text = json(body).replaceAll("'", String.raw`\u0027`);
    lines.push("-H 'Content-Type: application/json'");
    if (text.length > MOST_ARGUMENT) return `${[...lines, "-d @- <<'END'"].join(' \\\n  ')}\n${text}\nEND`;
    return [...lines, `-d '${text}'`].join(' \\\n  ');
}

/** The bytes after the JSON are passed on standard input, not as an argument. @param {string[]} lines of the command @param {Record<string, any>} body */
function binaryCurl(lines, body) {
    const { head, text } = framedText(body);
    const isTaken = body.parameters?.binary_data_output === true;
    return `base64 -d <<'END' | ${[...lines, "-H 'Content-Type: application/octet-stream'", `-H 'Inference-Header-Content-Length: ${head}'`, '--data-binary @-',
        ...(isTaken ? ['-D - -o answer.bin'] : [])].join(' \\\n  ')}\n${text.replace(/.{76}/g, '$&\n')}\nEND`;
}

/** @param {Record<string, any>} body */
function framedText(body) {
    const { head, bytes } = framed(body), pieces = [];
    for (let at = 0; at < bytes.length; at += 24_576) pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 24_576))));
    return { head, text: pieces.join('') };
}

/** The parts of a form: files, and every member of the request and its inputs. @param {Record<string, any>} body @param {Record<string, {name: string}>} files */
function parts({ inputs, ...body }, files) {
    const asText = (/** @type {unknown} */ value) => (typeof value === 'string' ? value : json(value));
    const members = Object.entries({ ...body, ...inputs }).filter(([name]) => !files[name])
        .flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]));
    return [...Object.entries(files).map(([name, file]) => `-F ${quoted(`${name}=@"${file.name.replace(/["\\]/g, '\\$&')}"`)}`),
        ...members.map(([name, value]) => `--form-string ${quoted(`${name}=${asText(value)}`)}`)];
}

/** Tasks whose answers have tensors. */
const WITH_TENSORS = new Set(['embed', 'image-segmentation', 'depth-estimation', 'image-feature-extraction', 'text-to-speech']);
/** @param {Record<string, any>} body without a task the graph's own outputs come */
const givesTensors = ({ task }) => task === undefined || WITH_TENSORS.has(task);

/** @param {Asked} asked @param {Service} service */
function python({ body, files = {} }, { url, token }) {
    const { model_name: model, inputs, parameters, ...more } = body;
    const given = isBinary(body) ? `[${inputs.map(tensorLiteral).join(',\n        ')}]` : literal(withNames(inputs, files));
    const named = Object.entries(more).map(([name, value]) => `    ${name}=${literal(value)},\n`).join('');
    return `${token ? 'import os\n' : ''}import json
import webinfer

client = webinfer.Client(${literal(url)}${token ? ', token=os.environ["WEBINFER_TOKEN"]' : ''})
answer = client.infer(
    ${literal(model)},
    ${given},
${named})
print(json.dumps(answer.result, indent=2))
${givesTensors(body) ? `for name, tensor in answer.outputs.items():
    print(name, tensor.shape, tensor.tolist())
` : ''}`;
}

/** @param {import('./binary.js').Tensor} tensor @returns {string} one of our SDK's, which it sends in binary */
function tensorLiteral(tensor) {
    const { name, datatype, shape, data } = tensor;
    const values = datatype === 'BF16' ? `bytes.fromhex("${hex(packed(tensor))}")` : literal(data);
    return `webinfer.Tensor(${json(name)}, ${values}, ${json(datatype)}, ${json(shape)})`;
}

/** @param {any} inputs @param {Record<string, {name: string}>} files */
const withNames = (inputs, files) => (Object.keys(files).length
    ? { ...inputs, ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.name])) } : inputs);

/** @param {any} value of JSON @returns {string} the same in Python */
function literal(value) {
    if (value === null || value === undefined) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
    if (typeof value === 'object') return `{${Object.entries(value).map(([name, one]) => `${json(name)}: ${literal(one)}`).join(', ')}}`;
    return json(value);
}

/** @param {Asked} asked @param {Service} service */
function javascript({ body, files = {} }, { url, token }) {
    const named = Object.entries(files);
    if (isBinary(body)) return binaryJavascript(body, { url, token });
    const headers = [...(named.length ? [] : ["'Content-Type': 'application/json'"]), ...(token ? ['Authorization: `Bearer ${process.env.WEBINFER_TOKEN}`'] : [])];
    return `${named.length ? `import fs from 'node:fs';\n\n${form(body, named)}` : ''}const response = await fetch(${json(`${url}/v1/infer`)}, {
    method: 'POST',
${headers.length ? `    headers: { ${headers.join(', ')} },\n` : ''}    body: ${named.length ? 'form' : `JSON.stringify(${json(body)})`},
});
const answer = await response.json();
if (!response.ok) throw new Error(\`\${answer.code}: \${answer.detail} (request \${answer.request_id})\`);
console.log(JSON.stringify({ result: answer.result${givesTensors(body) ? ', outputs: answer.outputs' : ''} }, null, 2));
`;
}

/** @param {Record<string, any>} body @param {Service} service */
function binaryJavascript(body, { url, token }) {
    const { head, text } = framedText(body);
    return `const response = await fetch(${json(`${url}/v1/infer`)}, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': '${head}'${token ? ', Authorization: `Bearer ${process.env.WEBINFER_TOKEN}`' : ''} },
    body: Buffer.from('${text}', 'base64'),
});
const bytes = Buffer.from(await response.arrayBuffer());
const answer = JSON.parse(bytes.subarray(0, Number(response.headers.get('Inference-Header-Content-Length') ?? bytes.length)));
if (!response.ok) throw new Error(\`\${answer.code}: \${answer.detail} (request \${answer.request_id})\`);
console.log(JSON.stringify({ result: answer.result, outputs: answer.outputs }, null, 2));
`;
}

/** @param {Record<string, any>} body @param {[string, {name: string}][]} named */
function form({ inputs, ...body }, named) {
    const isFile = new Set(named.map(([name]) => name));
    const lines = Object.entries({ ...body, ...inputs }).filter(([name]) => !isFile.has(name))
        .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `form.append(${json(name)}, ${json(typeof one === 'string' ? one : json(one))});`));
    const files = named.map(([name, file]) => `form.append(${json(name)}, new Blob([fs.readFileSync(${json(file.name)})]), ${json(file.name)});`);
    return `const form = new FormData();\n${[...files, ...lines].join('\n')}\n`;
}
