// The part of `./dev demo` about language models: a conversation with the sample model, streamed
// through the API that OpenAI's clients speak, and a browser that is killed in mid-answer.
import fs from 'node:fs';

/** The events of a stream, as they come. */
async function* events(url, body) {
    const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'finch', temperature: 0, stream: true, ...body }),
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    let rest = '';
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop();
        for (const line of lines) {
            if (!line.startsWith('data: {')) continue;
            const event = JSON.parse(line.slice('data: '.length));
            if (event.error) throw new Error(event.error.message);
            yield event;
        }
    }
}

/** Asks, prints the answer as it comes, and gives it. `onPart` is told how many parts there were. */
async function say(url, messages, more = {}, onPart = () => {}) {
    let text = '', parts = 0;
    for await (const { choices } of events(url, { messages, ...more })) {
        const piece = choices[0]?.delta.content;
        if (!piece) continue;
        process.stdout.write(piece);
        text += piece;
        onPart(++parts);
    }
    process.stdout.write('\n');
    return text;
}

async function converse(url) {
    const messages = [];
    for (const question of ['Hello!', 'My name is Ada.', 'What is 17 + 25?', 'What is my name?']) {
        console.log(`> ${question}`);
        messages.push({ role: 'user', content: question });
        messages.push({ role: 'assistant', content: await say(url, messages) });
    }
}

/** The processes of browsers that the daemon has started, the first of each tree. */
function browsers(runtime) {
    const read = (pid, file) => {
        try {
            return fs.readFileSync(`/proc/${pid}/${file}`, 'latin1');
        } catch {
            return ''; // gone in the meantime
        }
    };
    return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map(Number).filter((pid) => {
        const words = read(pid, 'cmdline');
        return words.includes(runtime) && words.includes('--user-data-dir') && !words.includes('--type=');
    });
}

const story = [{ role: 'user', content: 'Tell me a story.' }];

async function survive(url, runtime) {
    let killed = 0;
    const text = await say(url, story, {}, (parts) => {
        if (parts !== 20) return;
        for (const pid of browsers(runtime)) {
            process.kill(pid, 'SIGKILL');
            killed++;
        }
        process.stdout.write(`\n--- here ${killed} browser${killed === 1 ? ' is' : 's are'} killed ---\n`);
    });
    if (killed === 0) throw new Error('there was no browser to kill');
    let again = '';
    for await (const { choices } of events(url, { messages: story })) again += choices[0]?.delta.content ?? '';
    if (again !== text) throw new Error(`undisturbed, the story is another one:\n${again}`);
    console.log('\nAnother browser went on where the first one ended: undisturbed, the story is the same.');
}

/** @param {string} url of the API @param {string} runtime the daemon's runtime directory
 * @param {(text: string) => void} heading */
export async function chat(url, runtime, heading) {
    heading('a conversation with finch, a sample model, through OpenAI\'s API');
    await converse(url);
    heading('its browser is killed in mid-answer');
    await survive(url, runtime);
}
