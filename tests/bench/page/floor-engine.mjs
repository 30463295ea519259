// Echoes each request or, where the page is to run models, answers with what the named one gives
// for its own inputs. A request is its number (4 bytes), KServe's JSON and the tensors.
const decoder = new TextDecoder();

async function run({ session, feeds }, request) {
    const outputs = Object.values(await session.run(feeds)).map(({ data }) =>
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const answer = new Uint8Array(outputs.reduce((sum, { length }) => sum + length, 4));
    answer.set(new Uint8Array(request, 0, 4));
    let end = 4;
    for (const bytes of outputs) {
        answer.set(bytes, end);
        end += bytes.length;
    }
    return answer.buffer;
}

async function take(models, link, request) {
    const head = new Uint8Array(request, 4, Math.min(200, request.byteLength - 4));
    const name = decoder.decode(head).match(/"model_name":"([^"]*)"/)?.[1];
    const answer = models.has(name) ? await run(models.get(name), request) : request;
    link.postMessage(answer, [answer]);
}

onmessage = async ({ data: wanted, ports: [link] }) => {
    if (wanted.length === 0) {
        link.onmessage = ({ data }) => link.postMessage(data, [data]);
        return;
    }
    const { load } = await import('./ort-model.mjs');
    const models = new Map();
    for (const what of wanted) models.set(what.name, await load(what));
    link.onmessage = ({ data }) => take(models, link, data);
};
