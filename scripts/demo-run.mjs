// The part of `./dev run` about the daemon in the foreground: its log passes through, and tells where its API is.

/** How long its log is waited for once it has ended: what it started may hold the other end for a while. */
const LOG_MS = 2000;

/** The address of the API, from a log as text or JSON. @param {string} log @returns {string | undefined} */
export const apiIn = (log) => /listening on (https?:\/\/[^\s",]+?)\/?, \d+ tokens/.exec(log)?.[1];

/** Passes on what the daemon logs, and tells `listening` once where its API is, whatever its options and settings say.
 * @param {import('node:child_process').ChildProcess} daemon @param {(url: string) => void} listening @param {(bytes: Buffer) => void} [pass] */
export function follow(daemon, listening, pass = (bytes) => process.stderr.write(bytes)) {
    /** @type {string | null} */
    let log = '';
    daemon.stderr.on('data', (bytes) => {
        pass(bytes);
        const url = log !== null && apiIn(log = (log + bytes).slice(-10_000));
        if (!url) return;
        log = null;
        listening(url);
    });
}

/** What to do with a service at that address. @param {string} url @param {string} webinfer @param {string} sample */
export function invitation(url, webinfer, sample) {
    const at = url === 'http://127.0.0.1:8470' ? '' : ` --url ${url}`;
    return `
Open ${url}/ in a browser for the console, or try, from another terminal:

    ${webinfer} chat finch${at}
    ${webinfer} infer digits --image ${sample}${at}
    ${webinfer} status${at}
    curl -s ${url}/v1/infer -H 'Content-Type: application/json' \\
      -d '{"model_name":"digits","inputs":{"image":"'$(base64 -w0 ${sample})'"}}'
`;
}

/** Its exit status, once all of its log was passed on. @param {import('node:child_process').ChildProcess} daemon @returns {Promise<number>} */
export function ended(daemon) {
    daemon.once('exit', () => setTimeout(() => daemon.stderr.destroy(), LOG_MS).unref());
    return new Promise((resolve) => daemon.once('close', (code) => resolve(code ?? 1)));
}
