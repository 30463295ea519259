/**
 * Prints an answer while it is written.
 *
 *     npm install --no-save ../sdk/js
 *     node stream.mjs http://127.0.0.1:8470 finch "Tell me a story."
 *
 * A connection that breaks is made again, and the stream continues after the last part that came.
 */
import { Client } from 'webinfer';

const [server, model, question] = process.argv.slice(2);
if (!question) {
    console.error('usage: node stream.mjs SERVER MODEL QUESTION');
    process.exit(2);
}

try {
    const talk = new Client(server).talk(model, question, { temperature: 0 });
    for await (const text of talk.texts()) process.stdout.write(text);
    console.log();
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
