/** The client as a test runs it against a daemon: its exit status, what it prints and complains. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { patience } from './daemon.mjs';
import { cliPath } from './paths.mjs';

/**
 * Runs it to its end, with `input` typed into it.
 * @param {import('./daemon.mjs').Daemon} daemon
 * @param {string[]} words
 * @param {{program?: string, env?: Record<string, string>, input?: string | Buffer, timeout?: number, cwd?: string}} [options]
 * @returns {Promise<{code: number, out: string, problems: string, json: any}>}
 */
export function webinfer(daemon, words, { program = cliPath, env = {}, input = '', timeout = 90_000, cwd = undefined } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, words, { cwd, env: { PATH: process.env.PATH,
            HOME: path.join(daemon.folder, 'home'), TMPDIR: daemon.temporary, LANG: 'C.UTF-8',
            ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: daemon.url, ...env } });
        let out = '', problems = '';
        child.stdout.on('data', (text) => (out += text));
        child.stderr.on('data', (text) => (problems += text));
        child.stdin.on('error', () => {});
        child.stdin.end(input);
        const timer = setTimeout(() => child.kill('SIGKILL'), timeout * patience);
        child.on('error', reject);
        child.on('close', (code) => {
            clearTimeout(timer);
            if (/Sanitizer|runtime error:/.test(problems)) reject(new Error(problems));
            else resolve({ code, out, problems, get json() { return JSON.parse(out); } });
        });
    });
}
