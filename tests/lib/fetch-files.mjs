/** Runs the library's fetch as a process of its own: tests/lib/fetch_files.c. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { daemonPath } from './paths.mjs';
import { gitSha1, sha256 } from './hub.mjs';

export const program = path.join(path.dirname(daemonPath), 'tests/lib/fetch_files');

/** What is to be fetched of `files` (path → Buffer) that were pushed as `repository`. */
export function orderOf(hub, repository, commit, files, folder, options = {}) {
    return {
        url: hub.url, repository, commit, folder, pause_ms: 10, stall_ms: 5000, ...options,
        files: Object.entries(files).map(([name, bytes]) => ({ path: name, bytes: bytes.length,
            ...(/\.gguf$/.test(name) ? { sha256: sha256(bytes) } : { sha1: gitSha1(bytes) }) })),
    };
}

/**
 * Starts it. `end` gives {code, detail, retry_after_s, ms, cpu_ms, progress: […]}; with a process
 * that was killed, `code` is its signal.
 * @param {{prefix?: string[], onProgress?: (progress: any, child: any) => void}} options
 */
export function fetchFiles(order, { prefix = [], onProgress = () => {} } = {}) {
    const [command, ...args] = [...prefix, program];
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const progress = [];
    let rest = '', errors = '', last = {};
    child.stdout.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const one of lines.map((line) => JSON.parse(line))) {
            if (one.code) last = one;
            else {
                progress.push(one);
                onProgress(one, child);
            }
        }
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    child.stdin.on('error', () => {}); // it ended before it had read everything
    child.stdin.end(JSON.stringify(order));
    const end = new Promise((resolve, reject) => child.on('close', (status, signal) => {
        if (status || errors) reject(new Error(`fetch_files ended with ${status}: ${errors}`));
        else resolve({ code: signal ?? 'nothing', ...last, progress });
    }));
    return { child, end };
}
