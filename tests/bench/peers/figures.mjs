/** What the bench of peers reckons: ratios, bytes of a line, and whether goals are met. It needs no browser. */
import fs from 'node:fs';
import path from 'node:path';
import { spread } from '../figures.mjs';

/** @typedef {ReturnType<typeof spread>} Figure */
/** A row of the table of goals. `absent`: the build does not have what is measured, and this says what.
 * @typedef {{figure: string, most: number, value: number | null, state: 'met' | 'missed' | 'absent', absent?: string}} Goal */

/** By rounds: the one over the other. @param {any[]} rounds @param {(round: any) => number} one @param {(round: any) => number} other @returns {Figure} */
export const ratioOf = (rounds, one, other) => spread(rounds.map((round) => one(round) / other(round)));

/** @param {string} figure what it is of @param {number} most @param {Figure} found @returns {Goal} */
export const goalOf = (figure, most, { median }) => ({ figure, most, value: median, state: median <= most ? 'met' : 'missed' });

/** @param {string} figure @param {number} most @param {string} absent @returns {Goal} */
export const absentGoal = (figure, most, absent) => ({ figure, most, value: null, state: 'absent', absent });

/** @param {Goal[]} goals */
export const areMet = (goals) => goals.every(({ state }) => state === 'met');

/** Bytes that an interface has sent. @param {string} text /proc/net/dev @param {string} name the interface's @returns {number} */
export function sentIn(text, name) {
    const words = text.split('\n').find((line) => line.trim().startsWith(`${name}:`))?.split(':')[1].trim().split(/\s+/);
    if (!words) throw new Error(`there is no interface ${name}`);
    return Number(words[8]); // behind the eight of what it has received
}

/** Whether a script of the built page names what peers speak. @param {string} page its folder @param {string} protocol */
export const speaks = (page, protocol) => fs.readdirSync(page).some((name) =>
    name.endsWith('.js') && fs.readFileSync(path.join(page, name), 'utf8').includes(protocol));
