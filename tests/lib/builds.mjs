/**
 * Runs the verbs of ./dev that test packages and images. Such a verb prints steps, `==> RELEASE: TEXT`, and after each step
 * that has succeeded its seconds (scripts/steps.sh).
 */
import { spawn } from 'node:child_process';
import { findProgram, root } from './paths.mjs';

/**
 * Why such a test cannot be run here; false where it can. Where continuous integration lacks a program, the test fails.
 * @param {...string} programs
 */
export function lacking(...programs) {
    if (process.geteuid() !== 0) return 'this takes root';
    const missing = programs.filter((name) => !findProgram(name));
    return missing.length > 0 && process.env.CI !== 'true' && `these programs are not installed: ${missing.join(', ')}`;
}

/**
 * Runs ./dev with an environment that has nothing of the tests but where roots and the tarball are kept.
 * @param {...string} words
 * @returns {Promise<{status: number | null, said: string, steps: Map<string, number>}>} `steps`: the seconds of each that succeeded
 */
export async function dev(...words) {
    const env = Object.fromEntries(Object.entries(process.env)
        .filter(([name]) => /^WEBINFER_(ROOTS|TARBALLS)$/.test(name) || !/^(NODE_|WEBINFER_)/.test(name)));
    const child = spawn('./dev', words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill());
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text; });
    const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    return { status, said, steps: new Map(stepsOf(said).map(({ text, seconds }) => [text, seconds])) };
}

/**
 * The steps that have succeeded, in their order; what else is said meanwhile does not count.
 * @param {string} said @returns {{release: string, text: string, seconds: number}[]}
 */
export const stepsOf = (said) => [...said.matchAll(/^==> (bookworm|trixie): (.+)\n(?:(?!==> (?:bookworm|trixie): ).*\n)*? {4}(\d+) s$/gm)]
    .map(([, release, text, seconds]) => ({ release, text, seconds: Number(seconds) }));
