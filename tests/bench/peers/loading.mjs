/**
 * How long it takes until the last of some nodes has a model of 64 MB, with the models of other pages against without, and what the
 * service sends for that. Each page is in a browser that was started for it, has its engine, and is connected to all others.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { findNode } from '../../lib/helia.mjs';
import { builtPage, root } from '../../lib/paths.mjs';
import { modules } from '../../lib/swarm.mjs';
import { until } from '../../lib/wait.mjs';
import { BLOCKS_STREAM } from '../../../page/src/peers/block_frames.js';
import { shown, spread, table } from '../figures.mjs';
import { absentGoal, goalOf, ratioOf, speaks } from './figures.mjs';
import { MBIT, SWARM } from './ground.mjs';
import { isRight, request } from './heavy.mjs';
import { WANTED } from './wanted.mjs';

const SOON_MS = 120_000;
const ABSENT = 'this page passes no blocks on';

/** `programs`: nodes at the homes behind those of the pages, each as member.mjs has it. Those that load are waited for. `isHeld`: the
 * service's line has 40 Mbit/s. `most`: with peers, times without; where that is not asked, no load is without. `sends`: times the file.
 * @type {Record<string, {about: string, pages: number, programs: string[], isHeld: boolean, most?: number, sends?: number}>} */
const CASES = {
    load: { about: `4 nodes, ${MBIT} Mbit/s`, pages: 4, programs: [], isHeld: true, most: 0.5, sends: 1.5 },
    lies: { about: `2 nodes, a liar, one that trickles, ${MBIT} Mbit/s`, pages: 2, programs: ['lies', 'trickles'], isHeld: true, most: 0.8 },
    class: { about: `30 nodes, 3 of them pages, ${MBIT} Mbit/s`, pages: 3, programs: Array(27).fill('loads'), isHeld: true, sends: 2 },
    fast: { about: '4 nodes, line not held', pages: 4, programs: [], isHeld: false, most: 1.1 },
    lone: { about: `a lone node, ${MBIT} Mbit/s`, pages: 1, programs: [], isHeld: true, most: 1.05 },
};

/** A page with its engine, and its node. @param {any} ground @param {number} home @param {string} link */
async function openPage(ground, home, link) {
    const { tab, close } = await ground.openBrowser(home);
    await tab.goto(link);
    const node = await ground.nodeOf(tab);
    await ground.warm(node);
    return { tab, node, close };
}

/** A node that is a program. @param {any} ground @param {number} home @param {string} token @param {string} how @param {number} others that it waits for */
async function startProgram(ground, home, token, how, others) {
    const [program, ...words] = ground.homes[home].command(findNode() ?? 'node-22', path.join(root, 'tests/bench/peers/member.mjs'),
        ground.bridge, token, how, String(others), String(ground.fileBytes));
    const env = { ...process.env, WEBINFER_NODE_MODULES: modules, NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'scripts/node/modules.mjs'))}` };
    const child = spawn(program, words, { env, stdio: ['pipe', 'pipe', 'inherit'] }), ended = once(child, 'close');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator](), said = async (word) => {
        const { value } = await lines.next();
        if (!value?.startsWith(word)) throw new Error(`a program that ${how} has ended before it said "${word}"`);
        return value.slice(word.length).trim();
    };
    return { node: await said('member'), hasMet: () => said('met'), close: async () => {
        child.kill('SIGKILL');
        await ended;
    } };
}

/** In a crowd, each is connected to as many others as it wants, or to fewer, as those have all that they want. */
const CROWD = 4;
/** @param {number} others that are there */
const metOf = (others) => (others > WANTED.maxPeers ? CROWD : others);

/** Other pages, and the operator's peer. @param {any} tab @param {number} others */
const meet = (tab, others) => until(() => tab.evaluate(`document.querySelectorAll('#peers-rows tr[data-way=direct]').length >= ${others + 1}`),
    { what: `direct ways to ${others} others`, timeout: SOON_MS });

/** What the model is loaded for. @param {any} ground @param {string} node */
async function load(ground, node) {
    const { outputs: [{ data }], performance: { warm } } = await ground.ask(request, node);
    if (warm) throw new Error('the model was there already');
    if (!isRight(data)) throw new Error('the model that was loaded is another one');
}

/** @param {any} ground @param {string[]} nodes @param {boolean} isHeld @returns {Promise<{seconds: number, line: number, files: number}>} */
async function timeLoads(ground, nodes, isHeld) {
    if (isHeld) ground.hold();
    try {
        const before = await ground.counts(), began = performance.now();
        await Promise.all(nodes.map((node) => load(ground, node)));
        const seconds = (performance.now() - began) / 1000, after = await ground.counts();
        return { seconds, line: (after.line - before.line) / ground.fileBytes, files: (after.files - before.files) / ground.fileBytes };
    } finally {
        ground.release();
    }
}

/** @param {any} ground @param {typeof CASES[string]} one @param {boolean} hasPeers */
async function loadOnce(ground, { pages: count, programs: hows, isHeld }, hasPeers) {
    const ends = [], token = await ground.token(count + hows.length), link = `${ground.bridge}/#token=${token}&start${hasPeers ? SWARM : ''}`;
    const others = metOf(count + hows.length - 1), programs = [], pages = [];
    try {
        for (const [at, how] of hasPeers ? hows.entries() : []) { // one by one, as they share this machine
            programs.push({ how, ...await startProgram(ground, count + at % (ground.homes.length - count), token, how, others) });
            ends.push(programs.at(-1));
        }
        for (let home = 0; home < count; home++) {
            pages.push(await openPage(ground, home, link));
            ends.push(pages.at(-1));
        }
        if (hasPeers) {
            for (const { tab } of pages) await meet(tab, others);
            for (const { how, hasMet } of programs) if (how === 'loads') await hasMet();
        }
        return await timeLoads(ground, [...pages, ...programs.filter(({ how }) => how === 'loads')].map(({ node }) => node), isHeld);
    } finally {
        for (const { close } of ends) await close();
        await ground.empty();
    }
}

/** The service hashes the file, and lists its blocks, when they are asked for first. @param {any} ground */
async function prepare(ground) {
    if (!ground.isPrepared) await loadOnce(ground, { ...CASES.lone, isHeld: false }, true);
    ground.isPrepared = true;
}

/** @param {any} ground @param {typeof CASES[string]} one @param {number} rounds */
async function measureCase(ground, one, rounds) {
    const found = [];
    await prepare(ground);
    for (let round = 0; round < rounds; round++) {
        const times = {}, turns = one.most ? [false, true] : [true];
        for (const hasPeers of round % 2 ? turns.reverse() : turns) {
            times[hasPeers ? 'with' : 'without'] = await loadOnce(ground, one, hasPeers);
            process.stderr.write('.');
        }
        found.push(times);
    }
    const figures = (name) => Object.fromEntries(['seconds', 'line', 'files'].map((figure) => [figure, spread(found.map((times) => times[name][figure]))]));
    const compared = one.most ? { without: figures('without'), ratio: ratioOf(found, (times) => times.with.seconds, (times) => times.without.seconds) } : {};
    return { ...compared, with: figures('with') };
}

/** The parts of this file, each as a bench has them. Where the page lacks what they measure, nothing runs. */
export const parts = Object.fromEntries(Object.entries(CASES).map(([name, one]) => [name, {
    measure: async (ground, { rounds }) => (speaks(builtPage, BLOCKS_STREAM) ? measureCase(ground, one, rounds) : null),
    print: (found) => (found ? table(`Until the last node has a model of 64 MB, ${one.about}: median of the rounds (spread)`,
        ['peers', 's', 'times without', 'sent on the line, times the file', 'of files'],
        ['without', 'with'].filter((peers) => peers in found).map((peers) => [peers, shown(found[peers].seconds), peers === 'with' && found.ratio ? shown(found.ratio) : '',
            shown(found[peers].line), shown(found[peers].files)]))
        : `\n${one.about}: ${ABSENT}\n`),
    goals: (found) => {
        const rows = [[`${one.about}: with peers, times without`, one.most, found?.ratio], [`${one.about}: the service sends, times the file`, one.sends, found?.with.line]];
        return rows.filter(([, most]) => most).map(([figure, most, value]) => (found ? goalOf(figure, most, value) : absentGoal(figure, most, ABSENT)));
    },
}]));
