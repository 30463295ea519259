/**
 * ./dev bench peers: what peers cost and gain. Real Chromium pages, each on a machine with a network of its own, a service with a
 * webinfer-peer on another, whose line is held to 40 Mbit/s where a row says so. Ratios of things that are measured by turns in one run.
 * Prints tables and writes build/bench/peers.json. Exits 1 where a goal is missed, and where what it is about is absent.
 */
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, flag, parts as partsOf, roundsOf } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { table } from './figures.mjs';
import * as echo from './peers/echo.mjs';
import { areMet } from './peers/figures.mjs';
import { Ground } from './peers/ground.mjs';
import * as loading from './peers/loading.mjs';
import * as start from './peers/start.mjs';
import * as programs from './programs.mjs';

/** @type {Record<string, {measure: (ground: Ground, options: any) => Promise<any>, print: (found: any) => string, goals: (found: any) => import('./peers/figures.mjs').Goal[]}>} */
const parts = { echo, start, ...loading.parts };
const { quick, only, rounds = quick ? 1 : 3 } = commandLine('./dev bench peers',
    'What peers cost echoes and gain models: tables, and build/bench/peers.json. Needs root, or user namespaces.', {
        quick: flag('less of each'),
        only: partsOf(Object.keys(parts)),
        rounds: roundsOf(3, 1),
    });

/** @returns {Promise<Record<string, any>>} what was found, by parts */
async function measureAll() {
    const { client } = programs.compile(), ground = new Ground(), found = {};
    try {
        await ground.open();
        for (const name of only) {
            found[name] = await parts[name].measure(ground, { client, rounds });
            process.stdout.write(parts[name].print(found[name]));
        }
        return found;
    } finally {
        await ground.close();
    }
}

async function main() {
    const found = await measureAll(), goals = only.flatMap((name) => parts[name].goals(found[name]));
    const file = path.join(build, 'bench/peers.json');
    fs.writeFileSync(file, JSON.stringify({ when: new Date().toISOString(), rounds, ...found, goals }, null, 2));
    process.stdout.write(table('Goals', ['figure', 'value', 'goal', ''],
        goals.map(({ figure, value, most, state, absent }) => [figure, value ?? '–', `≤ ${most}`, absent ? `absent: ${absent}` : state])));
    console.log(`\nAll figures: ${file}`);
    return areMet(goals) ? 0 : 1;
}

process.exit(await main());
