/** Requests over connections that are kept, whose answers are taken as they come. */
import http from 'node:http';
import { EventReader } from '../lib/events.mjs';

/** One request, of a file's bytes or of JSON; calls `take` with what comes and the answer's headers,
 * and gives the answer's status at its end. */
export function ask(url, agent, body, headers, take) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
        const call = http.request(url, { method: 'POST', agent, headers: {
            'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers } });
        call.on('response', (answer) => {
            answer.setEncoding('utf8');
            answer.on('data', (part) => take(part, answer.headers));
            answer.on('end', () => resolve(answer.statusCode));
            answer.on('error', reject);
        });
        call.on('error', reject);
        call.end(bytes);
    });
}
