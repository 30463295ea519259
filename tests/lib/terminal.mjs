/** The client on a terminal of its own: what a person would see there, and type. */
import { spawn } from 'node:child_process';
import { cliPath } from './paths.mjs';
import { until } from './wait.mjs';

const quoted = (word) => `'${word.replaceAll('\'', '\'\\\'\'')}'`;

export class Terminal {
    /** All that was shown since it was last emptied; lines end in CR LF. */
    seen = '';

    /** @param {import('./daemon.mjs').Daemon} daemon @param {string[]} words of the client @param {{columns?: number}} [options] */
    constructor(daemon, words, { columns = 80 } = {}) {
        const command = `stty cols ${columns}; exec ${[cliPath, ...words].map(quoted).join(' ')}`;
        this.child = spawn('script', ['-qfec', command, '/dev/null'], { env: {
            PATH: process.env.PATH, HOME: daemon.folder, TERM: 'xterm', SHELL: '/bin/sh',
            LANG: 'C.UTF-8', ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: daemon.url } });
        this.child.stdout.setEncoding('utf8').on('data', (text) => (this.seen += text));
        /** Its exit status. */
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
    }

    shows(what, pattern) { return until(() => pattern.test(this.seen), { what }); }

    /** What is seen from here on is what comes after it. */
    type(text) {
        this.seen = '';
        this.child.stdin.write(text);
    }
}
