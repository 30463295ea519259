/**
 * Prints an answer while it is written.
 *
 *     node stream.mjs http://127.0.0.1:8470 finch "Tell me a story."
 *
 * The answer comes as server-sent events: lines "data: JSON", the last one "data: [DONE]".
 */
const [server, model, question] = process.argv.slice(2);
if (!question) {
    console.error('usage: node stream.mjs SERVER MODEL QUESTION');
    process.exit(2);
}

/** The data of each event, as the network brings it: a line may come in several pieces. */
async function* events(stream) {
    let rest = '';
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines)
            if (line.startsWith('data: ')) yield line.slice('data: '.length);
    }
}

const answer = await fetch(`${server}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model, stream: true, temperature: 0,
        messages: [{ role: 'user', content: question }] }),
});
if (!answer.ok) {
    console.error((await answer.json()).error.message);
    process.exit(1);
}
for await (const data of events(answer.body)) {
    if (data === '[DONE]') break;
    const { choices, error } = JSON.parse(data);
    if (error) throw new Error(error.message);
    process.stdout.write(choices[0]?.delta.content ?? '');
}
console.log();
