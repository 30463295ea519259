/**
 * How long it takes until the last of some nodes has a model of 64 MB, with the models of other pages against without, and what the
 * service sends for that. Each page is in a browser that was started for it, has its engine, and is connected to all others.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
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

const SOON_MS = 120_000;
const ABSENT = 'this page passes no blocks on';

/** `bad`: programs at further homes, which claim to have the file; they load nothing, and are not waited for. `isHeld`: the service's line
 * has 40 Mbit/s. `most`: with peers, times without; `sends`: times the file.
 * @type {Record<string, {about: string, pages: number, bad: string[], isHeld: boolean, most: number, sends?: number}>} */
const CASES = {
    load: { about: `4 nodes, ${MBIT} Mbit/s`, pages: 4, bad: [], isHeld: true, most: 0.5, sends: 1.5 },
    lies: { about: `2 nodes, a liar, one that trickles, ${MBIT} Mbit/s`, pages: 2, bad: ['lies', 'trickles'], isHeld: true, most: 0.8 },
    fast: { about: '4 nodes, line not held', pages: 4, bad: [], isHeld: false, most: 1.1 },
    lone: { about: `a lone node, ${MBIT} Mbit/s`, pages: 1, bad: [], isHeld: true, most: 1.05 },
};

/** A page with its engine, and its node. @param {any} ground @param {number} home @param {string} link */
async function openPage(ground, home, link) {
    const { tab, close } = await ground.openBrowser(home);
    await tab.goto(link);
    const node = await ground.nodeOf(tab);
    await ground.warm(node);
    return { tab, node, close };
}

/** A member that gives dishonestly. @param {any} ground @param {number} home @param {string} token @param {string} how */
async function startBad(ground, home, token, how) {
    const [program, ...words] = ground.homes[home].command(findNode() ?? 'node-22', path.join(root, 'tests/bench/peers/dishonest.mjs'),
        ground.bridge, token, how, String(ground.fileBytes));
    const env = { ...process.env, WEBINFER_NODE_MODULES: modules, NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'scripts/node/modules.mjs'))}` };
    const child = spawn(program, words, { env, stdio: ['pipe', 'pipe', 'inherit'] }), ended = once(child, 'close');
    const ready = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
    if (!ready) throw new Error(`the program that ${how} has ended`);
    return { close: async () => {
        child.kill('SIGKILL');
        await ended;
    } };
}

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
async function loadOnce(ground, { pages: count, bad, isHeld }, hasPeers) {
    const ends = [], token = await ground.token(count + bad.length), link = `${ground.bridge}/#token=${token}&start${hasPeers ? SWARM : ''}`;
    try {
        const opened = hasPeers ? await Promise.all(bad.map((how, at) => startBad(ground, count + at, token, how))) : [];
        ends.push(...opened);
        const pages = [];
        for (let home = 0; home < count; home++) { // one by one, as they share this machine
            pages.push(await openPage(ground, home, link));
            ends.push(pages.at(-1));
        }
        if (hasPeers) for (const { tab } of pages) await meet(tab, count - 1 + bad.length);
        return await timeLoads(ground, pages.map(({ node }) => node), isHeld);
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
        const times = {};
        for (const hasPeers of round % 2 ? [true, false] : [false, true]) {
            times[hasPeers ? 'with' : 'without'] = await loadOnce(ground, one, hasPeers);
            process.stderr.write('.');
        }
        found.push(times);
    }
    const figures = (name) => Object.fromEntries(['seconds', 'line', 'files'].map((figure) => [figure, spread(found.map((times) => times[name][figure]))]));
    return { without: figures('without'), with: figures('with'), ratio: ratioOf(found, (times) => times.with.seconds, (times) => times.without.seconds) };
}

/** The parts of this file, each as a bench has them. Where the page lacks what they measure, nothing runs. */
export const parts = Object.fromEntries(Object.entries(CASES).map(([name, one]) => [name, {
    measure: async (ground, { rounds }) => (speaks(builtPage, BLOCKS_STREAM) ? measureCase(ground, one, rounds) : null),
    print: (found) => (found ? table(`Until the last node has a model of 64 MB, ${one.about}: median of the rounds (spread)`,
        ['peers', 's', 'times without', 'sent on the line, times the file', 'of files'],
        ['without', 'with'].map((peers) => [peers, shown(found[peers].seconds), peers === 'with' ? shown(found.ratio) : '', shown(found[peers].line), shown(found[peers].files)]))
        : `\n${one.about}: ${ABSENT}\n`),
    goals: (found) => {
        const times = [`${one.about}: with peers, times without`, one.most], sent = [`${one.about}: the service sends, times the file`, one.sends];
        if (!found) return [times, ...one.sends ? [sent] : []].map(([figure, most]) => absentGoal(figure, most, ABSENT));
        return [goalOf(...times, found.ratio), ...one.sends ? [goalOf(...sent, found.with.line)] : []];
    },
}]));
