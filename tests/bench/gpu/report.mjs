/** What is told of the rows: result.json, and lines for people. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { daemonPath } from '../../lib/paths.mjs';
import { machineOf } from './machine.mjs';
import { CASES } from './store.mjs';

/** @typedef {import('./rows.mjs').Told} Told */

/** In JSON alone. */
const LONG = ['limits', 'features', 'evidence'];

/** What was run, where. @param {{minutes: number, browser: string, words: string[]}} how `words`: of the command line */
export const aboutRun = ({ minutes, browser, words }) => ({ command: ['./dev bench gpu', ...words].join(' '), when: new Date().toISOString(), minutes,
    version: execFileSync(daemonPath, ['--version'], { encoding: 'utf8' }).trim(), browser, machine: machineOf(), cases: CASES.length > 0 });

/** Writes a folder's result.json anew, whole. @param {string} folder @param {object} about
 * @returns {(rows: Told[]) => void} */
export function resultIn(folder, about) {
    const began = performance.now(), file = path.join(folder, 'result.json');
    fs.mkdirSync(folder, { recursive: true });
    return (rows) => {
        fs.writeFileSync(`${file}.new`, JSON.stringify({ ...about, seconds: (performance.now() - began) / 1000, rows }, null, 1));
        fs.renameSync(`${file}.new`, file);
    };
}

const rounded = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);

/** A row's figures in a line, those within others behind their name. */
const lineOf = (figures) => Object.entries(figures).filter(([name]) => !LONG.includes(name))
    .map(([name, value]) => (value && typeof value === 'object' ? `${name} (${lineOf(value)})` : `${name} ${rounded(value)}`)).join(', ');

/** @param {Told} row */
export function linesOf({ name, state, why, seconds, figures = {} }) {
    const lines = [`${name}${seconds === undefined ? '' : `, ${seconds.toFixed(1)} s`}${state === 'measured' ? '' : `: ${state}, ${why}`}`];
    if (Object.keys(figures).length > 0) lines.push(`    ${lineOf(figures)}`);
    return lines;
}
