/** What must not outlive this process, also when somebody stops it in the middle. */
import fs from 'node:fs';
import * as processes from './processes.mjs';

const folders = new Set();

/** A folder that at the end goes away, with every process that was started in it. */
export function guard(folder) {
    if (!folders.size) install();
    folders.add(folder);
    return folder;
}

/** Ends every process of the folder at once and removes it. Never fails. */
export function clear(folder) {
    folders.delete(folder);
    for (const { pid } of processes.mentioning(folder))
        try {
            process.kill(pid, 'SIGKILL');
        } catch {
            // It went by itself.
        }
    try {
        fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    } catch (error) {
        console.error(`cannot remove ${folder}: ${error.message}`);
    }
}

let installed = false;

function install() {
    if (installed) return;
    installed = true;
    process.on('exit', () => [...folders].forEach(clear));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
        process.once(signal, () => process.exit(1));
}
