/** curl: the peer of a pull, and a client that costs the same whatever it asks for. */
import { spawn } from 'node:child_process';

/** Runs one with this configuration; gives what it prints with -w. */
function curl(configuration) {
    return new Promise((resolve, reject) => {
        const child = spawn('curl', ['-sSf', '-K', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
        let out = '', problems = '';
        child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
        child.stderr.setEncoding('utf8').on('data', (text) => (problems += text));
        child.on('close', (status) => status ? reject(new Error(`curl: ${status}: ${problems}`)) : resolve(out));
        child.stdin.end(configuration);
    });
}

/** Fetches a URL into a file: the seconds that it took by curl's own clock, without the start of the process. */
export async function fetchTo(file, url) {
    return Number(await curl(`url = "${url}"\noutput = "${file}"\nwrite-out = "%{time_total}"\n`));
}

/** What is asked for, and with which headers. @typedef {{url: string, headers?: string[]}} Ask */

/** @param {Ask[]} asks */
const configurationOf = (asks) => asks.map(({ url, headers = [] }) => [`url = "${url}"`, 'output = "/dev/null"',
    ...headers.map((line) => `header = "${line}"`), 'write-out = "%{size_download} %{num_connects}\\n"'].join('\n')).join('\nnext\n');

/** Fetches all of them, over so many connections with a curl each: seconds and bytes. @param {Ask[]} asks */
export async function fetchAll(asks, connections) {
    const shares = Array.from({ length: connections }, (_, index) => configurationOf(asks.filter((_, at) => at % connections === index)));
    const began = performance.now();
    const told = (await Promise.all(shares.map(curl))).join('').trim().split('\n').map((line) => line.split(' ').map(Number));
    const seconds = (performance.now() - began) / 1000;
    const made = told.reduce((sum, [, connects]) => sum + connects, 0);
    if (told.length !== asks.length || made !== connections) throw new Error(`${told.length} answers over ${made} connections`);
    return { seconds, bytes: told.reduce((sum, [size]) => sum + size, 0) };
}
