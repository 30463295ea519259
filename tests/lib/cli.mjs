/** The client as a test runs it against a daemon: its exit status, what it prints and complains. */
import { execFile } from 'node:child_process';
import { cliPath } from './paths.mjs';

/**
 * @param {import('./daemon.mjs').Daemon} daemon
 * @param {string[]} words
 * @param {{program?: string, env?: Record<string, string>}} [options]
 * @returns {Promise<{code: number, out: string, problems: string}>}
 */
export function webinfer(daemon, words, { program = cliPath, env = {} } = {}) {
    return new Promise((resolve) => execFile(program, words, { timeout: 60_000,
        env: { PATH: process.env.PATH, HOME: daemon.folder, TMPDIR: daemon.temporary,
            LANG: 'C.UTF-8', ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: daemon.url, ...env } },
    (error, out, problems) =>
        resolve({ code: error ? Number(error.code ?? 99) : 0, out, problems })));
}
